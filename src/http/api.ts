// The customers' side of the HTTP server: finds the dialect's route for a request, runs its action, and turns whatever
// comes of it into a response in the dialect's own shape.
import { CallError, toCallError } from '../core/errors.ts';
import type { Dialect, Route } from '../dialects/dialect.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { Reply } from '../pipeline/reply.ts';
import { jsonReply } from '../pipeline/reply.ts';
import { serveRoute } from '../pipeline/serve-route.ts';
import { CORS_HEADERS, preflight } from './cors.ts';
import { readBody, refuseKeyInQuery } from './request.ts';

type Found = { readonly dialect: Dialect; readonly route: Route; readonly rest: string };

/** What the server gives besides the request itself. */
export type Connection = {
  /** Where the client is. */
  address(): string;
  /** Lets the connection be quiet for as long as it wants. */
  hold(): void;
  /** Cuts it. */
  drop(): void;
};

export class Api {
  readonly #gateway: Gateway;
  readonly #exact = new Map<string, { dialect: Dialect; route: Route }>();
  readonly #prefixes: { prefix: string; dialect: Dialect; route: Route }[] = [];
  readonly #paths = new Map<string, Dialect>();

  constructor(gateway: Gateway, dialects: readonly Dialect[]) {
    this.#gateway = gateway;
    for (const dialect of dialects) {
      for (const route of dialect.routes) {
        this.#paths.set(route.path, dialect);
        if (route.path.endsWith('/')) this.#prefixes.push({ prefix: `${route.method} ${route.path}`, dialect, route });
        else this.#exact.set(`${route.method} ${route.path}`, { dialect, route });
      }
    }
  }

  /** The response, or `undefined` where the path is no route of any dialect. */
  async answer(request: Request, path: string, connection: Connection): Promise<Response | undefined> {
    const found = this.#find(request.method, path);
    const dialect = found?.dialect ?? this.#dialectOf(path);
    if (dialect === undefined) return undefined;
    if (request.method === 'OPTIONS') return preflight(request);
    const callId = this.#gateway.newCallId();
    try {
      if (found === undefined) throw new CallError('method_not_allowed');
      refuseKeyInQuery(request.url);
      return toResponse(await this.#run(found, request, callId, connection), callId);
    } catch (thrown) {
      return this.#fail(dialect, found?.route, toCallError(thrown), callId);
    }
  }

  #find(method: string, path: string): Found | undefined {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact !== undefined) return { ...exact, rest: '' };
    const wanted = `${method} ${path}`;
    const found = this.#prefixes.find(({ prefix }) => wanted.startsWith(prefix) && wanted.length > prefix.length);
    return found === undefined
      ? undefined
      : { dialect: found.dialect, route: found.route, rest: wanted.slice(found.prefix.length) };
  }

  #dialectOf(path: string): Dialect | undefined {
    return (
      this.#paths.get(path) ?? [...this.#paths].find(([known]) => known.endsWith('/') && path.startsWith(known))?.[1]
    );
  }

  async #run(
    { dialect, route, rest }: Found,
    request: Request,
    callId: string,
    connection: Connection,
  ): Promise<Reply> {
    return serveRoute(this.#gateway, dialect, route, {
      callId,
      headers: request.headers,
      signal: request.signal,
      rest: decodeURIComponent(rest),
      readBody: () => readBody(request, this.#gateway.config.bounds.bodyBytes),
      address: connection.address,
      beQuiet: connection.hold,
      drop: connection.drop,
    });
  }

  #fail(dialect: Dialect, route: Route | undefined, error: CallError, callId: string): Response {
    const endpoint = route?.endpoint ?? 'none';
    if (error.code === 'internal_error')
      this.#gateway.report.alarm('internal_error', { callId, endpoint, detail: error.details.detail });
    this.#gateway.report.refusal(error.code, dialect.name, endpoint);
    const { retryAfterS } = error.details;
    const headers: Record<string, string> = {};
    if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
    if (!error.retryable && error.status >= 408) headers['x-should-retry'] = 'false';
    const render = route?.error ?? dialect.error;
    const rendered = render(error, { requestId: callId, publicUrl: this.#gateway.config.publicUrl });
    return toResponse(jsonReply({ ...rendered, headers: { ...rendered.headers, ...headers } }), callId);
  }
}

/** Answers are the caller's own, so no cache may keep them. */
function toResponse(reply: Reply, callId: string): Response {
  const { headers } = reply;
  for (const name in CORS_HEADERS) headers[name] = CORS_HEADERS[name] as string;
  headers['x-request-id'] = callId;
  headers['cache-control'] = 'no-store';
  // The runtime takes an async generator as a body and asks it for more only when the socket has room.
  return new Response(reply.body as unknown as string, { status: reply.status, headers });
}
