// Writes rerank requests for a vendor and reads its ranking. Cohere, Jina, vLLM and llama.cpp take the same request and
// differ only in what they add to the answer.

import { NO_USAGE } from '../../core/call.ts';
import { isObject, present } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { Ranking, RerankCall } from '../../core/work.ts';
import { parseOpenaiObject } from '../openai/parse-vendor.ts';
import { textOfBody, unreadable } from '../vendor-json.ts';

export function writeRerank({ query, documents, topN }: RerankCall, model: string): string {
  return JSON.stringify({ model, query, documents, ...present({ top_n: topN }) });
}

export function readRanking(answer: { readonly bytes: Uint8Array }, call: RerankCall, meter: Meter): Ranking {
  const body = parseOpenaiObject(textOfBody(answer.bytes));
  const results = body['results'];
  const wanted = Math.min(call.topN ?? call.documents.length, call.documents.length);
  if (!Array.isArray(results) || results.length < wanted) throw unreadable('there is not one result for each document');
  const seen = new Set<number>();
  const ranking = results.map((result) => {
    const { index, relevance_score: score } = isObject(result) ? result : {};
    if (typeof index !== 'number' || call.documents[index] === undefined || seen.has(index))
      throw unreadable('a result is about no document');
    if (typeof score !== 'number' || !Number.isFinite(score)) throw unreadable('a result has no score');
    seen.add(index);
    return { index, score };
  });
  meterRanking(body['usage'], meter);
  return ranking.sort((a, b) => b.score - a.score).slice(0, wanted);
}

/** Cohere counts searches instead of tokens; then the tokens are estimated. */
function meterRanking(usage: unknown, meter: Meter): void {
  const inputTokens = isObject(usage) ? (usage['total_tokens'] ?? usage['prompt_tokens']) : undefined;
  if (typeof inputTokens === 'number') meter.setUsage({ ...NO_USAGE, source: 'exact', inputTokens });
}
