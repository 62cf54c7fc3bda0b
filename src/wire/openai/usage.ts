// Reads the `usage` object of OpenAI-like answers. A count that is missing or is no number makes the whole object
// unusable: the meter then counts by itself.
import type { Usage } from '../../core/call.ts';
import { isObject } from '../../core/fields.ts';

export function readUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const inputTokens = value['prompt_tokens'];
  const outputTokens = value['completion_tokens'] ?? 0;
  if (typeof inputTokens !== 'number' || typeof outputTokens !== 'number') return undefined;
  return {
    source: 'exact',
    inputTokens,
    cachedInputTokens: detail(value['prompt_tokens_details'], 'cached_tokens'),
    ...cacheWrites(value['prompt_tokens_details']),
    outputTokens,
    reasoningTokens: detail(value['completion_tokens_details'], 'reasoning_tokens'),
    images: 0,
  };
}

/** Few vendors of this family tell of writes to their caches. */
function cacheWrites(details: unknown): Pick<Usage, 'cacheWriteTokens'> {
  const cacheWriteTokens = detail(details, 'cache_write_tokens');
  return cacheWriteTokens === 0 ? {} : { cacheWriteTokens };
}

function detail(details: unknown, name: string): number {
  const count = isObject(details) ? details[name] : undefined;
  return typeof count === 'number' ? count : 0;
}
