// Reads and answers OpenAI's moderation requests by the embedded lexicon. `model` in the answer says that it is lexical.
import { CallError } from '../../core/errors.ts';
import { invalid, isObject, optionalString, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { Category } from '../../core/moderation/index.ts';
import {
  CATEGORIES,
  MODERATION_MODEL,
  moderateText,
  projectVerdict,
  SEVEN_CATEGORIES,
} from '../../core/moderation/index.ts';
import type { Rendered, WireBody } from '../rendering.ts';

const INPUTS_MAX = 128;
/** The lexicon reads about a million characters a second, and nothing else runs meanwhile. */
const CHARS_MAX = 200_000;

/** The answer of the first generation: seven categories and no more. */
export function answerSevenCategories(body: WireBody, requestId: string): Rendered {
  return answerModeration(body, requestId, (text) => renderVerdict(text, SEVEN_CATEGORIES));
}

/** Today's answer: thirteen categories, and to which kinds of input each was applied. */
export function answerAllCategories(body: WireBody, requestId: string): Rendered {
  const appliedTo = Object.fromEntries(CATEGORIES.map((name) => [name, ['text']]));
  return answerModeration(body, requestId, (text) => ({
    ...renderVerdict(text, CATEGORIES),
    category_applied_input_types: appliedTo,
  }));
}

function answerModeration(body: WireBody, requestId: string, judge: (text: string) => unknown): Rendered {
  const { value } = parseObject(body.text);
  optionalString(value, 'model');
  const texts = readInput(value['input']);
  return { status: 200, body: { id: `modr-${requestId}`, model: MODERATION_MODEL, results: texts.map(judge) } };
}

function renderVerdict(text: string, names: readonly Category[]) {
  const { categories, scores, flagged } = projectVerdict(moderateText(text), names);
  return { categories, category_scores: scores, flagged };
}

/** One text for each result. Content parts are one input together, as they are for OpenAI. */
function readInput(input: unknown): string[] {
  if (input === undefined || input === null)
    throw new CallError('missing_field', { param: 'input', message: "Missing required parameter: 'input'." });
  const texts = typeof input === 'string' ? [input] : readList(input);
  if (texts.reduce((sum, text) => sum + text.length, 0) > CHARS_MAX)
    throw new CallError('body_too_large', {
      param: 'input',
      message: `"input" has more than ${CHARS_MAX} characters.`,
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
