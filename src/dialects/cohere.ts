// The rerank of Cohere, in both of its versions, and of Jina, whose clients use the first one's path. Sources: both
// vendors' public API references.
import type { CallError } from '../core/errors.ts';
import type { Rendered } from '../wire/rendering.ts';
import { readRerank, renderRanking } from '../wire/rerank/read-rerank.ts';
import type { Dialect, ErrorContext, WorkRoute } from './dialect.ts';

const rerank = (path: string): WorkRoute<'rerank'> => ({
  action: 'work',
  kind: 'rerank',
  method: 'POST',
  path,
  endpoint: 'rerank',
  read: readRerank,
  render: renderRanking,
});

export const cohere: Dialect = {
  name: 'cohere',
  language: 'en',
  routes: [rerank('/v1/rerank'), rerank('/v2/rerank')],
  error: renderError,
};

/** Cohere's clients look for `message`, Jina's for `detail`. */
function renderError(error: CallError, { requestId }: ErrorContext): Rendered {
  const message = error.text('en');
  return {
    status: error.status,
    body: { id: requestId, message, detail: message, code: error.code, param: error.details.param ?? null },
  };
}
