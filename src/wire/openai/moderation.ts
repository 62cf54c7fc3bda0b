// Reads OpenAI's moderation requests and renders their answers, in today's shape and in that of the first generation.
import { CallError } from '../../core/errors.ts';
import { invalid, isObject, optionalString, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { Category, Judgement, Moderation, ModerationRequest } from '../../core/moderation/index.ts';
import { CATEGORIES, MODERATED_CHARS_MAX, SEVEN_CATEGORIES, verdictOf } from '../../core/moderation/index.ts';
import type { Rendered, WireBody } from '../rendering.ts';

const INPUTS_MAX = 128;
const APPLIED_TO = Object.fromEntries(CATEGORIES.map((name) => [name, ['text']]));

/** The asked model is not looked at: who judges is the operator's choice, and the answer names it. */
export function readModeration(body: WireBody): ModerationRequest {
  const { value } = parseObject(body.text);
  optionalString(value, 'model');
  return { texts: readInput(value['input']) };
}

/** The answer of the first generation: seven categories and no more. */
export function renderSevenCategories(moderation: Moderation, requestId: string): Rendered {
  return renderModeration(moderation, requestId, (judgement) => renderVerdict(judgement, SEVEN_CATEGORIES));
}

/** Today's answer: thirteen categories, and to which kinds of input each was applied. */
export function renderAllCategories(moderation: Moderation, requestId: string): Rendered {
  return renderModeration(moderation, requestId, (judgement) => ({
    ...renderVerdict(judgement, CATEGORIES),
    category_applied_input_types: APPLIED_TO,
  }));
}

function renderModeration(
  { model, judgements }: Moderation,
  requestId: string,
  render: (judgement: Judgement) => unknown,
): Rendered {
  return { status: 200, body: { id: `modr-${requestId}`, model, results: judgements.map(render) } };
}

/** `flagged` follows from the categories that are shown: nobody could tell otherwise what was flagged. */
function renderVerdict(judgement: Judgement, names: readonly Category[]) {
  const verdicts = names.map((name) => [name, verdictOf(judgement, name)] as const);
  return {
    categories: Object.fromEntries(verdicts.map(([name, { flagged }]) => [name, flagged])),
    category_scores: Object.fromEntries(verdicts.map(([name, { score }]) => [name, score])),
    flagged: verdicts.some(([, { flagged }]) => flagged),
  };
}

/** One text for each result. Content parts are one input together, as they are for OpenAI. */
function readInput(input: unknown): string[] {
  if (input === undefined || input === null)
    throw new CallError('missing_field', { param: 'input', message: "Missing required parameter: 'input'." });
  const texts = typeof input === 'string' ? [input] : readList(input);
  if (texts.reduce((sum, text) => sum + text.length, 0) > MODERATED_CHARS_MAX)
    throw new CallError('body_too_large', {
      param: 'input',
      message: `"input" has more than ${MODERATED_CHARS_MAX} characters.`,
    });
  return texts;
}

function readList(input: unknown): string[] {
  if (!Array.isArray(input) || input.length === 0 || input.length > INPUTS_MAX)
    throw invalid('input', `"input" must be a string or an array of 1 to ${INPUTS_MAX} strings.`);
  if (input.every((item) => typeof item === 'string')) return input;
  if (!input.every(isObject)) throw invalid('input', '"input" must be a string or an array of strings.');
  return [input.map(readPart).join('\n')];
}

function readPart(part: Record<string, unknown>): string {
  if (part['type'] === 'image_url') throw unsupported('input', 'Pictures cannot be moderated here, only text.');
  const { text } = part;
  if (part['type'] !== 'text' || typeof text !== 'string')
    throw invalid('input', 'A part of "input" must have the type "text" and a text.');
  return text;
}
