// Writes GigaChat's requests for vectors and reads its answers, which count the tokens of each text apart. Source: the
// vendor's own Python client.
import type { JsonObject } from '../../core/fields.ts';
import { unsupported } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { EmbeddingCall, Vectors } from '../../core/work.ts';
import { readVectors, textsOfInputs } from '../openai/vendor-embeddings.ts';
import { objectOf, objectsOf } from '../vendor-json.ts';

export function writeEmbed(call: EmbeddingCall, model: string): string {
  if (call.dimensions !== undefined) throw unsupported('dimensions', '"dimensions" is not supported by this model.');
  return JSON.stringify({ model, input: textsOfInputs(call) });
}

export function readEmbed(answer: { readonly bytes: Uint8Array }, call: EmbeddingCall, meter: Meter): Vectors {
  return readVectors(answer, call, meter, withUsage);
}

/** A count that is missing makes the sum unusable: the meter then counts by itself. */
function withUsage(body: JsonObject): JsonObject {
  const counts = objectsOf(body['data']).map(({ usage }) => objectOf(usage)['prompt_tokens']);
  if (!counts.every((count) => typeof count === 'number')) return body;
  return { ...body, usage: { prompt_tokens: counts.reduce((sum, count) => sum + count, 0) } };
}
