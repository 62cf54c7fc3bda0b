// Looks at JSON text before it is parsed: depth and size first, because parsing 10 MB of nested brackets, or of a million
// names, stops the process for seconds. One linear pass; it also remembers where each top-level value stands, so that a provider of
// the same family can replace `model` in the text instead of writing the whole body anew.
import { CallError } from './errors.ts';

/** Where each top-level field starts and ends, and where the object's closing brace is. */
export type BodySpans = { readonly fields: ReadonlyMap<string, FieldSpan>; readonly closeAt: number };
export type Span = { readonly start: number; readonly end: number };
/** A field's value, and its name with the quotes. */
export type FieldSpan = Span & { readonly name: Span };

export type GuardLimits = {
  readonly maxDepth: number;
  /** Commas and colons, so that each item of a list counts once and each field of an object twice. */
  readonly maxMarks: number;
  /** Fields of the object itself. */
  readonly maxFields: number;
};
export const GUARD_LIMITS: GuardLimits = { maxDepth: 64, maxMarks: 250_000, maxFields: 1_000 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** Parses a JSON object from text. Throws `invalid_json`, `invalid_body` or `body_too_deep`. */
export function parseObject(text: string): { value: Record<string, unknown>; spans: BodySpans } {
  const spans = scan(text, GUARD_LIMITS);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CallError('invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CallError('invalid_body');
  return { value: value as Record<string, unknown>, spans };
}

/**
 * Checks depth and element count without parsing. The spans mean something only if the text then parses as an
 * object. A top-level field that is given twice is refused: two readers could disagree about which one counts.
 */
export function scan(text: string, limits: GuardLimits): BodySpans {
  const fields = new Map<string, FieldSpan>();
  let depth = 0;
  let marks = 0;
  let key: string | undefined;
  let lastString: [number, number] = [0, 0];
  let name: Span = { start: 0, end: 0 };
  let valueStart = -1;
  let closeAt = -1;
  const endField = (end: number) => {
    if (key === undefined || valueStart < 0) return;
    if (fields.has(key)) throw givenTwice(key);
    if (fields.size >= limits.maxFields) throw tooManyParts();
    fields.set(key, { ...trimSpan(text, valueStart, end), name });
    key = undefined;
    valueStart = -1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = endOfString(text, i);
      if (depth === 1) lastString = [i, end];
      i = end;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      depth += 1;
      if (depth > limits.maxDepth) throw new CallError('body_too_deep');
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (depth === 1) {
        endField(i);
        closeAt = i;
      }
      depth -= 1;
    } else if (c === COMMA) {
      marks += 1;
      if (marks > limits.maxMarks) throw tooManyParts();
      if (depth === 1) endField(i);
    } else if (c === COLON) {
      marks += 1;
      if (marks > limits.maxMarks) throw tooManyParts();
      if (depth !== 1) continue;
      name = { start: lastString[0], end: lastString[1] + 1 };
      key = unquote(text.slice(name.start, name.end));
      valueStart = i + 1;
    }
  }
  return { fields, closeAt };
}

/**
 * Replaces or adds top-level fields, and renames those of `renames` that are there. Values are JSON text. Nothing else
 * of the text changes.
 */
export function spliceFields(
  text: string,
  spans: BodySpans,
  changes: Readonly<Record<string, string>>,
  renames: Readonly<Record<string, string>> = {},
): string {
  const edits = Object.entries(changes).map(([name, value]) => {
    const span = spans.fields.get(name);
    if (span !== undefined) return { start: span.start, end: span.end, value };
    const comma = spans.fields.size === 0 ? '' : ',';
    return { start: spans.closeAt, end: spans.closeAt, value: `${comma}${JSON.stringify(name)}:${value}` };
  });
  for (const [from, to] of Object.entries(renames)) {
    const span = spans.fields.get(from)?.name;
    if (span !== undefined) edits.push({ start: span.start, end: span.end, value: JSON.stringify(to) });
  }
  edits.sort((a, b) => a.start - b.start);
  let out = '';
  let at = 0;
  for (const edit of edits) {
    out += text.slice(at, edit.start) + edit.value;
    at = edit.end;
  }
  return out + text.slice(at);
}

/** More fields and items than any call has, whatever kind of body they are in. */
export function tooManyParts(): CallError {
  return new CallError('body_too_large', {
    message: 'The request body has too many fields or items.',
    messageRu: 'В теле запроса слишком много полей или элементов.',
  });
}

/** A field that is there twice, whatever kind of body it is in. */
export function givenTwice(name: string): CallError {
  const shown = name.slice(0, 64);
  return new CallError('invalid_field', {
    param: name,
    message: `The field "${shown}" is given twice.`,
    messageRu: `Поле ${shown} указано дважды.`,
  });
}

/** The index of the closing quote of the string that opens at `start`, or the text's end. */
export function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

function unquote(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new CallError('invalid_json');
  }
}

function trimSpan(text: string, start: number, end: number): Span {
  const isSpace = (i: number) => ' \t\r\n'.includes(text[i] as string);
  let from = start;
  let to = end;
  while (from < to && isSpace(from)) from += 1;
  while (to > from && isSpace(to - 1)) to -= 1;
  return { start: from, end: to };
}
