// Vectors from a vendor of OpenAI's family that takes one text at once: a call for several becomes a call for each.
import { unsupported } from '../../core/fields.ts';
import { Meter } from '../../core/meter.ts';
import type { EmbeddingCall, Vector, Vectors } from '../../core/work.ts';
import { checkLengths, readVectors, textsOfInputs } from './vendor-embeddings.ts';

/** The vector of one text, and the tokens that the vendor tells for it. */
export type CountedVector = { readonly vector: Vector; readonly inputTokens: number | undefined };

/** A call for each of the texts, as numbers. */
export function oneByOne(call: EmbeddingCall, textsMax: number): EmbeddingCall[] {
  const texts = textsOfInputs(call);
  if (texts.length > textsMax) throw unsupported('input', `This model takes ${textsMax} texts in a call at the most.`);
  return texts.map((text) => ({ ...call, inputs: [text], encoding: 'float' }));
}

export function readOneVector(answer: { readonly bytes: Uint8Array }, call: EmbeddingCall): CountedVector {
  const meter = new Meter(Number.MAX_SAFE_INTEGER, () => 0);
  const [vector = []] = readVectors(answer, call, meter);
  const { source, inputTokens } = meter.usage();
  return { vector, inputTokens: source === 'exact' ? inputTokens : undefined };
}

/** All vectors. Tokens are told where every answer has told its own. */
export function joinVectors(counted: readonly CountedVector[], call: EmbeddingCall, meter: Meter): Vectors {
  const vectors = counted.map(({ vector }) => vector);
  checkLengths(vectors, call);
  const counts = counted.map(({ inputTokens }) => inputTokens);
  if (counts.every((count) => count !== undefined)) meter.setInputTokens(counts.reduce((sum, count) => sum + count, 0));
  return vectors;
}
