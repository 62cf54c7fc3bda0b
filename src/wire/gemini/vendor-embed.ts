// Writes Gemini's requests for vectors and reads its answers. Source: the vendor's API reference of `batchEmbedContents`
// and the types of its JavaScript client. Older models do not say how many tokens they read: the meter then counts.
import { present } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { EmbeddingCall, Vector, Vectors } from '../../core/work.ts';
import { checkLengths, readVector, textsOfInputs } from '../openai/vendor-embeddings.ts';
import { objectOf, objectsOf, parseVendorObject, textOfBody, unreadable } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';

/** Texts that the vendor takes at once. */
const BATCH_MAX = 100;

/** The vectors of one answer, and the tokens that it tells. */
export type Batch = { readonly vectors: readonly Vector[]; readonly inputTokens: number | undefined };

/** The bodies of the requests, each with how many texts it has. */
export function writeBatches(call: EmbeddingCall, model: string): { readonly body: string; readonly texts: number }[] {
  const requests = textsOfInputs(call).map((text, i) => ({
    model: `models/${model}`,
    content: { parts: [{ text }] },
    ...call.hints?.[i],
    ...present({ outputDimensionality: call.dimensions }),
  }));
  const batches: { body: string; texts: number }[] = [];
  for (let at = 0; at < requests.length; at += BATCH_MAX) {
    const batch = requests.slice(at, at + BATCH_MAX);
    batches.push({ body: JSON.stringify({ requests: batch }), texts: batch.length });
  }
  return batches;
}

export function readBatch({ bytes }: { readonly bytes: Uint8Array }, texts: number): Batch {
  const body = parseVendorObject(textOfBody(bytes));
  if (body['error'] !== undefined && body['error'] !== null) throw faultOfErrorObject(body['error']);
  const vectors = objectsOf(body['embeddings']).map(({ values }) => readVector(values));
  if (vectors.length !== texts) throw unreadable('there is not one vector for each input');
  const { promptTokenCount: counted } = objectOf(body['usageMetadata']);
  return { vectors, inputTokens: typeof counted === 'number' ? counted : undefined };
}

/** The vectors of all answers in one list. Tokens are told where every answer has told its own. */
export function joinBatches(batches: readonly Batch[], call: EmbeddingCall, meter: Meter): Vectors {
  const vectors = batches.flatMap((batch) => batch.vectors);
  checkLengths(vectors, call);
  const counts = batches.map(({ inputTokens }) => inputTokens);
  if (counts.every((count) => count !== undefined)) meter.setInputTokens(counts.reduce((sum, count) => sum + count, 0));
  return vectors;
}
