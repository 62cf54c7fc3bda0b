// Reads a rerank request and writes its answer, in a shape in which the clients of Cohere (both versions) and of Jina each
// find what they look for. Sources: both vendors' public API references.
import type { Usage } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalBoolean, optionalInteger, optionalString, present } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { Ranking, RerankCall } from '../../core/work.ts';
import { readModelName } from '../openai/read-sampling.ts';
import type { AnswerContext, Rendered, WireBody } from '../rendering.ts';

const DOCUMENTS_MAX = 1_000;
/** Documents to one of the searches that Cohere bills by. */
const SEARCH_DOCUMENTS = 100;

export function readRerank(body: WireBody): RerankCall {
  const { value } = parseObject(body.text);
  const query = optionalString(value, 'query');
  if (query === undefined || query === '') throw missing('query');
  return {
    endpoint: 'rerank',
    model: readModelName(value),
    query,
    documents: readDocuments(value),
    ...present({ topN: optionalInteger(value, 'top_n', 1, Number.MAX_SAFE_INTEGER) }),
    returnDocuments: optionalBoolean(value, 'return_documents') ?? false,
  };
}

function readDocuments(body: JsonObject): string[] {
  const { documents } = body;
  if (documents === undefined || documents === null) throw missing('documents');
  if (!Array.isArray(documents) || documents.length === 0 || documents.length > DOCUMENTS_MAX)
    throw invalid('documents', `"documents" must be an array of 1 to ${DOCUMENTS_MAX} texts.`);
  return documents.map((document: unknown, i) => {
    const text = isObject(document) ? document['text'] : document;
    if (typeof text !== 'string')
      throw invalid(`documents[${i}]`, `"documents[${i}]" must be a text or an object with a text.`);
    return text;
  });
}

function missing(param: string): CallError {
  return new CallError('missing_field', { param, message: `Missing required parameter: '${param}'.` });
}

export function renderRanking(
  ranking: Ranking,
  { callId, model, usage }: AnswerContext & { readonly usage: Usage },
  call: RerankCall,
): Rendered {
  const { documents, returnDocuments } = call;
  const results = ranking.map(({ index, score }) => ({
    index,
    relevance_score: score,
    ...(returnDocuments ? { document: { text: documents[index] } } : {}),
  }));
  const searches = Math.ceil(documents.length / SEARCH_DOCUMENTS);
  const { inputTokens } = usage;
  return {
    status: 200,
    body: {
      id: callId,
      object: 'list',
      model,
      results,
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
      meta: { api_version: { version: '2' }, billed_units: { search_units: searches } },
    },
  };
}
