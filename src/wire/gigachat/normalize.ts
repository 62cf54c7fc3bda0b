// GigaChat's answers and chunks in the shape of OpenAI's, so that one reader reads both. What differs: one function call
// with its arguments as an object instead of a list with texts, and cached tokens that are counted apart.
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import { objectsOf } from '../vendor-json.ts';

/** A whole answer or one chunk of a stream. */
export function asOpenai(body: JsonObject): JsonObject {
  return { ...body, choices: objectsOf(body['choices']).map(asChoice), usage: asUsage(body['usage']) };
}

function asChoice(choice: JsonObject): JsonObject {
  const named = isObject(choice['delta']) ? 'delta' : 'message';
  const said = choice[named];
  return isObject(said) ? { ...choice, [named]: asMessage(said) } : choice;
}

/** The vendor's id of the function's state stands for the call's own id: with it the vendor knows its call again. */
function asMessage({ function_call: made, functions_state_id: id, ...said }: JsonObject): JsonObject {
  if (!isObject(made)) return said;
  return { ...said, tool_calls: [{ index: 0, ...(typeof id === 'string' ? { id } : {}), function: made }] };
}

/**
 * The tokens that are paid for are `total_tokens`. Where these are the sum of both counts, the cached ones stand beside
 * `prompt_tokens`; else they are among them.
 */
function asUsage(usage: unknown): unknown {
  if (!isObject(usage)) return usage;
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage;
  const cached = usage['precached_prompt_tokens'];
  if (typeof input !== 'number' || typeof cached !== 'number') return usage;
  const isBeside = cached > input || total === input + (typeof output === 'number' ? output : 0);
  return {
    ...usage,
    prompt_tokens: isBeside ? input + cached : input,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
