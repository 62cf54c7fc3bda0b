// Reads the body of an OpenAI embedding request, and writes its answer. The official clients ask for base64 by
// themselves and decode it as float32, the lowest byte first.
import type { Usage } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, optionalInteger, optionalString, present } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { EmbeddingCall, EmbeddingInput, Vector, Vectors } from '../../core/work.ts';
import type { AnswerContext, Rendered, WireBody } from '../rendering.ts';
import { readModelName } from './read-sampling.ts';

const INPUTS_MAX = 2_048;
const DIMENSIONS_MAX = 16_384;
const TOKEN_ID_MAX = 2 ** 31 - 1;

export function readEmbeddings(body: WireBody): EmbeddingCall {
  const { value } = parseObject(body.text);
  const encoding = optionalString(value, 'encoding_format') ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64')
    throw invalid('encoding_format', '"encoding_format" must be "float" or "base64".');
  return {
    endpoint: 'embedding',
    model: readModelName(value),
    inputs: readInputs(value),
    encoding,
    ...present({
      dimensions: optionalInteger(value, 'dimensions', 1, DIMENSIONS_MAX),
      user: optionalString(value, 'user'),
    }),
  };
}

/** A text, a list of texts, the ids of one text, or a list of such ids. */
function readInputs(body: JsonObject): EmbeddingInput[] {
  const { input } = body;
  if (input === undefined || input === null)
    throw new CallError('missing_field', { param: 'input', message: "Missing required parameter: 'input'." });
  if (typeof input === 'string') return [readText(input, 'input')];
  if (!Array.isArray(input) || input.length === 0)
    throw invalid('input', '"input" must be a text, an array of texts, or token ids.');
  if (isTokenIds(input)) return [input];
  if (input.length > INPUTS_MAX) throw invalid('input', `"input" has more than ${INPUTS_MAX} items.`);
  return input.map((item: unknown, i) => {
    if (typeof item === 'string') return readText(item, `input[${i}]`);
    if (Array.isArray(item) && item.length > 0 && isTokenIds(item)) return item;
    throw invalid(`input[${i}]`, `"input[${i}]" must be a text or an array of token ids.`);
  });
}

function readText(text: string, at: string): string {
  if (text === '') throw invalid(at, `"${at}" must not be empty.`);
  return text;
}

function isTokenIds(list: readonly unknown[]): list is number[] {
  return list.every((id) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= TOKEN_ID_MAX);
}

export function renderEmbeddings(
  vectors: Vectors,
  { model, usage }: AnswerContext & { readonly usage: Usage },
  call: EmbeddingCall,
): Rendered {
  const write = call.encoding === 'base64' ? toBase64 : (vector: Vector) => [...vector];
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: write(vector) }));
  const { inputTokens } = usage;
  const body = { object: 'list', data, model, usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } };
  return { status: 200, body };
}

/** The order of bytes is fixed by the wire, not by this machine. */
function toBase64(vector: Vector): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((number, i) => {
    bytes.writeFloatLE(number, i * Float32Array.BYTES_PER_ELEMENT);
  });
  return bytes.toString('base64');
}
