// Modes: named prompt templates that turn a customer's plain text into a call, such as «Сократить текст».
//
// Modes are data. The built-in ones are in modes/modes.yaml, the operator's own have the same shape. A template is a
// system message; the customer's text follows as a user message of its own, so that nothing is ever put into the
// template and a text that looks like an instruction stays a text.
import type { Message } from './call.ts';
import builtInData from './modes/modes.yaml';

export type Mode = {
  /** The name in the API, for instance `books_list`. */
  readonly id: string;
  /** Shown to customers as it is. */
  readonly title: string;
  /** A sentence or two for the card in the gallery. */
  readonly description: string;
  /** The system message, or `null` where the text goes to the model without one. */
  readonly prompt: string | null;
};

/** The mode of a task that names none. Every list of modes has it. */
export const DEFAULT_MODE_ID = 'chat';

export const MODES_MAX = 500;
export const TITLE_CHARS_MAX = 100;
export const DESCRIPTION_CHARS_MAX = 300;
/** Long enough for any real instruction; the prompt is paid for in input tokens with every call. */
export const PROMPT_CHARS_MAX = 10_000;

const ID_PATTERN = /^[a-z][a-z0-9_-]{0,39}$/;
const FIELDS: readonly string[] = ['id', 'title', 'description', 'prompt'];

/** Everything that is wrong with a list of modes, so that the operator mends it in one go. */
export class ModesError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The list of modes has problems:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'ModesError';
    this.problems = problems;
  }
}

/** The 22 modes of the ChatInfo and TextBot documents, in the documents' order. */
export function builtInModes(): Mode[] {
  return parseModes(builtInData);
}

/**
 * Reads a whole list of modes: an array of `{id, title, description, prompt?}`. The order stays.
 * Throws a `ModesError` with every problem found.
 */
export function parseModes(data: unknown): Mode[] {
  return parseList(data, true);
}

/**
 * The list with the operator's own modes laid over it: an entry with a known id takes that mode's place, others are
 * added at the end. The operator's file holds only what differs, and so survives an upgrade of the built-in list.
 */
export function overlayModes(modes: readonly Mode[], data: unknown): Mode[] {
  const byId = new Map(modes.map((mode) => [mode.id, mode]));
  for (const mode of parseList(data, false)) byId.set(mode.id, mode);
  return [...byId.values()];
}

/** `undefined` asks for the default mode; an unknown id finds nothing. */
export function findMode(modes: readonly Mode[], id: string | undefined): Mode | undefined {
  const wanted = id ?? DEFAULT_MODE_ID;
  return modes.find((mode) => mode.id === wanted);
}

/** The mode's system message, if it has one, and the customer's text exactly as it came. */
export function messagesForMode(mode: Mode, text: string): Message[] {
  const user: Message = { role: 'user', parts: [{ kind: 'text', text }] };
  if (mode.prompt === null) return [user];
  return [{ role: 'system', parts: [{ kind: 'text', text: mode.prompt }] }, user];
}

function parseList(data: unknown, whole: boolean): Mode[] {
  if (!Array.isArray(data)) throw new ModesError(['the list of modes must be an array']);
  if (data.length > MODES_MAX) throw new ModesError([`there are more than ${MODES_MAX} modes`]);
  const problems: string[] = [];
  const firstAt = new Map<string, number>();
  const modes = data.map((entry: unknown, i) => {
    const mode = parseMode(entry, i + 1, problems);
    const earlier = firstAt.get(mode.id);
    if (earlier !== undefined) problems.push(`mode ${i + 1} has the id "${mode.id}" of mode ${earlier}`);
    else if (mode.id !== '') firstAt.set(mode.id, i + 1);
    return Object.freeze(mode);
  });
  if (whole && !firstAt.has(DEFAULT_MODE_ID)) problems.push(`the default mode "${DEFAULT_MODE_ID}" is missing`);
  if (problems.length > 0) throw new ModesError(problems);
  return modes;
}

/** Reads one entry. A field with a problem is reported and read as empty, so that the rest is still checked. */
function parseMode(entry: unknown, place: number, problems: string[]): Mode {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push(`mode ${place} is not an object`);
    return { id: '', title: '', description: '', prompt: null };
  }
  const fields = entry as Record<string, unknown>;
  const id = typeof fields.id === 'string' ? fields.id : '';
  const label = id === '' ? `mode ${place}` : `mode ${place} ("${id.slice(0, 40)}")`;
  if (!ID_PATTERN.test(id)) {
    problems.push(`${label}: "id" must be 1 to 40 of a-z, 0-9, "_" and "-", beginning with a letter`);
  }
  for (const name of Object.keys(fields)) {
    if (!FIELDS.includes(name)) problems.push(`${label}: unknown field "${name}"`);
  }
  const title = readText(fields, 'title', TITLE_CHARS_MAX, label, problems);
  const description = readText(fields, 'description', DESCRIPTION_CHARS_MAX, label, problems);
  if (!('prompt' in fields)) return { id, title, description, prompt: null };
  const prompt = readText(fields, 'prompt', PROMPT_CHARS_MAX, label, problems);
  // Operators who know other products expect this to be filled in; the model would see it as it stands.
  if (/\{\{.*?\}\}/.test(prompt)) {
    problems.push(`${label}: "prompt" has a {{…}} placeholder; the text follows the prompt as a message of its own`);
  }
  return { id, title, description, prompt };
}

function readText(
  fields: Record<string, unknown>,
  name: string,
  charsMax: number,
  label: string,
  problems: string[],
): string {
  const value = fields[name];
  const text = typeof value === 'string' ? value.trim() : '';
  if (typeof value !== 'string') problems.push(`${label}: "${name}" must be text`);
  else if (text === '') problems.push(`${label}: "${name}" is empty`);
  else if (text.length > charsMax) problems.push(`${label}: "${name}" is longer than ${charsMax} characters`);
  return text;
}
