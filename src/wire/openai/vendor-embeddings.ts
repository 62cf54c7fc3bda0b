// Writes OpenAI's embedding requests for a vendor and reads its vectors. They come as numbers or as base64, whatever was
// asked for; one vector that is missing, or that is no vector, makes the answer unusable.
import type { JsonObject } from '../../core/fields.ts';
import { isObject, present, unsupported } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { EmbeddingCall, Vector, Vectors } from '../../core/work.ts';
import { textOfBody, unreadable } from '../vendor-json.ts';
import { parseOpenaiObject } from './parse-vendor.ts';
import { readUsage } from './usage.ts';

export function writeEmbeddings(call: EmbeddingCall, model: string): string {
  const { inputs, encoding, dimensions, user } = call;
  const input = inputs.map((one) => (typeof one === 'string' ? one.toWellFormed() : one));
  return JSON.stringify({ model, input, encoding_format: encoding, ...present({ dimensions, user }) });
}

/** @param normalize gives the answer of a vendor that deviates the shape of this family. */
export function readVectors(
  answer: { readonly bytes: Uint8Array },
  call: EmbeddingCall,
  meter: Meter,
  normalize = (body: JsonObject) => body,
): Vectors {
  const body = normalize(parseOpenaiObject(textOfBody(answer.bytes)));
  const data = Array.isArray(body['data']) ? body['data'] : [];
  if (data.length !== call.inputs.length) throw unreadable('there is not one vector for each input');
  const vectors: Vector[] = [];
  for (const [position, item] of data.entries()) {
    if (!isObject(item)) throw unreadable('a vector is not an object');
    const index = item['index'] ?? position;
    if (typeof index !== 'number' || !(index in data) || index in vectors)
      throw unreadable('the vectors are not numbered');
    vectors[index] = readVector(item['embedding']);
  }
  checkLengths(vectors, call);
  const usage = readUsage(body['usage']);
  if (usage !== undefined) meter.setUsage(usage);
  return vectors;
}

/** The texts of a call for a vendor that takes no token ids. */
export function textsOfInputs({ inputs }: EmbeddingCall): string[] {
  return inputs.map((input) => {
    if (typeof input !== 'string') throw unsupported('input', 'Token ids are not supported by this model: send text.');
    return input.toWellFormed();
  });
}

export function readVector(value: unknown): Vector {
  const vector = typeof value === 'string' ? fromBase64(value) : value;
  const isVector = vector instanceof Float32Array || Array.isArray(vector);
  if (!isVector || vector.length === 0 || !vector.every(Number.isFinite)) throw unreadable('a vector has no numbers');
  return vector as Vector;
}

function fromBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  const width = Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length % width !== 0) throw unreadable('a vector is cut');
  return Float32Array.from({ length: bytes.length / width }, (_, i) => bytes.readFloatLE(i * width));
}

/** A vendor that does not know `dimensions` answers in its own, which would not fit what the customer has stored. */
export function checkLengths(vectors: Vectors, { dimensions }: EmbeddingCall): void {
  const length = vectors[0]?.length;
  if (vectors.some((vector) => vector.length !== length)) throw unreadable('the vectors differ in length');
  if (dimensions !== undefined && dimensions !== length)
    throw unsupported('dimensions', '"dimensions" is not supported by this model.');
}
