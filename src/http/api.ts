// The customers' side of the HTTP server: finds the dialect's route for a request, runs its action, and turns whatever
// comes of it into a response in the dialect's own shape.
import { CallError, toCallError } from '../core/errors.ts';
import type { Dialect, Route } from '../dialects/dialect.ts';
import { modelNotFound } from '../pipeline/admit.ts';
import { keyFromHeaders } from '../pipeline/authenticate.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { limitHeaders } from '../pipeline/headers.ts';
import type { ClientConnection } from '../pipeline/held-call.ts';
import { findModel, listModels } from '../pipeline/list-models.ts';
import type { IncomingCall, Reply } from '../pipeline/serve-call.ts';
import { serveCall } from '../pipeline/serve-call.ts';
import type { Rendered } from '../wire/rendering.ts';
import { CORS_HEADERS, preflight } from './cors.ts';
import { readBody, refuseKeyInQuery } from './request.ts';

type Found = { readonly dialect: Dialect; readonly route: Route; readonly rest: string };

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
  async answer(request: Request, path: string, connection: ClientConnection): Promise<Response | undefined> {
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
      return this.#fail(dialect, found?.route.endpoint ?? 'none', toCallError(thrown), callId);
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
    connection: ClientConnection,
  ): Promise<Reply> {
    if (route.action === 'call') {
      const incoming: IncomingCall = {
        callId,
        headers: request.headers,
        signal: request.signal,
        readBody: () => readBody(request, this.#gateway.config.bounds.bodyBytes),
        connection,
      };
      return serveCall(this.#gateway, dialect, route, incoming);
    }
    const key = keyFromHeaders(request.headers);
    if (key === undefined) throw new CallError('missing_api_key');
    const owner = await this.#gateway.keys.authenticate(key);
    if (route.action === 'models') return json(route.render(listModels(this.#gateway, owner)));
    return json(route.render(findModel(this.#gateway, owner, modelNameOf(rest))));
  }

  #fail(dialect: Dialect, endpoint: string, error: CallError, callId: string): Response {
    if (error.code === 'internal_error')
      this.#gateway.report.alarm('internal_error', { callId, endpoint, detail: error.details.detail });
    this.#gateway.report.refusal(error.code, dialect.name, endpoint);
    const { retryAfterS, limit } = error.details;
    const headers = limitHeaders(limit);
    if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
    if (!error.retryable && error.status >= 408) headers['x-should-retry'] = 'false';
    const rendered = dialect.error(error, callId);
    return toResponse(json({ ...rendered, headers: { ...rendered.headers, ...headers } }), callId);
  }
}

/** A model's name as the last part of an address, where slashes may be escaped. */
function modelNameOf(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw modelNotFound(escaped);
  }
}

function json(rendered: Rendered): Reply {
  return {
    status: rendered.status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...rendered.headers },
    body: JSON.stringify(rendered.body),
  };
}

/** Answers are the caller's own, so no cache may keep them. */
function toResponse(reply: Reply, callId: string): Response {
  const headers = { ...reply.headers, ...CORS_HEADERS, 'x-request-id': callId, 'cache-control': 'no-store' };
  // The runtime takes an async generator as a body and asks it for more only when the socket has room.
  return new Response(reply.body as unknown as string, { status: reply.status, headers });
}
