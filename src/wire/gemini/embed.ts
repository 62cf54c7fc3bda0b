// Gemini's embeddings, of one content or of several, as neutral ones.

import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, optionalInteger, optionalString, present, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { EmbeddingCall, EmbeddingHint, Vectors } from '../../core/work.ts';
import type { Rendered, RequestHead, WireBody } from '../rendering.ts';
import { camelFields, enumField, objectField, objectList } from './proto-fields.ts';

const REQUESTS_MAX = 2_048;
const DIMENSIONS_MAX = 16_384;
/** In the order of Google's definitions. */
const TASK_TYPES = [
  'TASK_TYPE_UNSPECIFIED',
  'RETRIEVAL_QUERY',
  'RETRIEVAL_DOCUMENT',
  'SEMANTIC_SIMILARITY',
  'CLASSIFICATION',
  'CLUSTERING',
  'QUESTION_ANSWERING',
  'FACT_VERIFICATION',
  'CODE_RETRIEVAL_QUERY',
];

export function readEmbed(body: WireBody, { rest }: RequestHead): EmbeddingCall {
  return embeddingCall(rest, [camelFields(parseObject(body.text).value)]);
}

export function readBatchEmbed(body: WireBody, { rest }: RequestHead): EmbeddingCall {
  const requests = objectList(camelFields(parseObject(body.text).value), 'requests');
  if (requests.length === 0 || requests.length > REQUESTS_MAX)
    throw invalid('requests', `"requests" must have 1 to ${REQUESTS_MAX} items.`);
  return embeddingCall(rest, requests);
}

function embeddingCall(model: string, requests: readonly JsonObject[]): EmbeddingCall {
  const wanted = new Set(
    requests.map((request) => optionalInteger(request, 'outputDimensionality', 1, DIMENSIONS_MAX)),
  );
  if (wanted.size > 1) throw unsupported('requests', 'All requests of a batch must have one "outputDimensionality".');
  const [dimensions] = wanted;
  const given = requests.map(hintOf);
  const hints = given.some((hint) => Object.keys(hint).length > 0) ? given : undefined;
  const inputs = requests.map(textOf);
  return { endpoint: 'embedding', model, inputs, encoding: 'float', ...present({ dimensions, hints }) };
}

function hintOf(request: JsonObject): EmbeddingHint {
  const [taskType, title] = [enumField(request, 'taskType', TASK_TYPES), optionalString(request, 'title')];
  if (taskType !== undefined && !/^[A-Z_]{1,64}$/.test(taskType))
    throw invalid('taskType', '"taskType" must be a name in capital letters, such as "RETRIEVAL_QUERY".');
  return present({ taskType, title });
}

function textOf(request: JsonObject): string {
  const content = objectField(request, 'content');
  if (content === undefined)
    throw new CallError('missing_field', { param: 'content', message: 'content is not specified' });
  const texts = objectList(content, 'parts', 'content.parts').map(({ text }) => {
    if (typeof text !== 'string') throw unsupported('content.parts', 'Only texts can be embedded here.');
    return text;
  });
  const text = texts.join('\n');
  if (text === '') throw invalid('content', '"content" must have a text.');
  return text;
}

export function renderEmbed(vectors: Vectors): Rendered {
  return { status: 200, body: { embedding: { values: [...(vectors[0] ?? [])] } } };
}

export function renderBatchEmbed(vectors: Vectors): Rendered {
  return { status: 200, body: { embeddings: vectors.map((vector) => ({ values: [...vector] })) } };
}
