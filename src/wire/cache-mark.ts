// The marks by which Anthropic's clients tell where a vendor's cache of prompts should end, and which some clients of
// OpenAI's family set as well. They are kept where a call is written anew, for instance after its text was cut.
import type { CacheMark } from '../core/call.ts';
import type { JsonObject } from '../core/fields.ts';
import { isObject } from '../core/fields.ts';

/** The mark of a block or part. What is no mark that the vendor takes is left out, since no answer differs by it. */
export function readCacheMark(block: JsonObject): { readonly cacheMark?: CacheMark } {
  const control = block['cache_control'];
  if (!isObject(control) || control['type'] !== 'ephemeral') return {};
  const { ttl } = control;
  return { cacheMark: ttl === '5m' || ttl === '1h' ? { ttl } : {} };
}

export function writeCacheMark(mark: CacheMark | undefined): JsonObject {
  return mark === undefined ? {} : { cache_control: { type: 'ephemeral', ...mark } };
}
