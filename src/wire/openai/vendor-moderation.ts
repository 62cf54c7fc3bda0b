// Writes OpenAI's moderation requests for a vendor and reads its answers. A vendor may know fewer categories than
// thirteen; those that it has not score 0.
import { isObject } from '../../core/fields.ts';
import type { Judgement } from '../../core/moderation/index.ts';
import { CATEGORIES, FLAG_THRESHOLD, judgementOf } from '../../core/moderation/index.ts';
import { unreadable } from '../vendor-json.ts';
import { parseOpenaiObject } from './parse-vendor.ts';

const MODEL_CHARS_MAX = 128;

export function writeModeration(texts: readonly string[], model: string): string {
  return JSON.stringify({ model, input: texts.map((text) => text.toWellFormed()) });
}

/** The vendor's judgements, one for each of the texts. An answer that knows no category is not taken for a harmless one. */
export function readVendorModeration(
  text: string,
  texts: number,
): { readonly model: string | undefined; readonly judgements: readonly Judgement[] } {
  const body = parseOpenaiObject(text);
  const { model, results } = body;
  if (!Array.isArray(results) || results.length !== texts) throw unreadable('there is not one result for each text');
  const isName = typeof model === 'string' && model !== '' && model.length <= MODEL_CHARS_MAX;
  return { model: isName ? model : undefined, judgements: results.map(readResult) };
}

/** The vendor's own flags are kept: its models have thresholds of their own. */
function readResult(result: unknown): Judgement {
  const fields = isObject(result) ? result : {};
  const scores = isObject(fields['category_scores']) ? fields['category_scores'] : {};
  const flags = isObject(fields['categories']) ? fields['categories'] : {};
  if (!CATEGORIES.some((name) => typeof scores[name] === 'number'))
    throw unreadable('a result has a score for no known category');
  return judgementOf(CATEGORIES, (name) => {
    const given = scores[name];
    const score = typeof given === 'number' ? Math.min(1, Math.max(0, given)) : 0;
    const flag = flags[name];
    return { flagged: typeof flag === 'boolean' ? flag : score >= FLAG_THRESHOLD, score };
  });
}
