// Browsers may call the API from any page: it takes no cookies, so there is nothing to ride on. Names are listed
// because `*` does not cover Authorization (Fetch standard), and headers that are not exposed are invisible to SDKs.

const EXPOSED = [
  'x-request-id',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-tolmach-provider',
  'x-tolmach-model',
  'x-tolmach-charge',
  'x-tolmach-balance',
  'x-tolmach-unit',
  'x-tolmach-truncated',
  'idempotency-replayed',
].join(', ');

export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED,
};

const ALLOWED =
  'authorization, content-type, x-api-key, api-key, x-goog-api-key, anthropic-version, anthropic-beta, idempotency-key';

/** Answers a preflight. It asks for no key, since a browser sends none with it. */
export function preflight(request: Request, requestId: string): Response {
  const asked = request.headers.get('access-control-request-headers');
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
      'access-control-allow-headers': asked !== null && /^[\w\-, ]{1,2000}$/.test(asked) ? asked : ALLOWED,
      'access-control-max-age': '86400',
      vary: 'Access-Control-Request-Headers',
      'x-request-id': requestId,
    },
  });
}
