// The customers' side of the HTTP server: finds the dialect's route for a request, runs its action, and turns whatever
// comes of it into a response in the dialect's own shape.
import { CallError, toCallError } from '../core/errors.ts';
import type { Dialect, Route } from '../dialects/dialect.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { limitHeaders } from '../pipeline/headers.ts';
import type { Client, ClientConnection, Piece, Reply, StreamedBody } from '../pipeline/reply.ts';
import { jsonReply } from '../pipeline/reply.ts';
import { serveRoute } from '../pipeline/serve-route.ts';
import { BodyPlace, BodyRoom, defaultRoomBytes } from './body-room.ts';
import { CORS_HEADERS, preflight } from './cors.ts';
import { queryOf, readBody, refuseKeyInQuery } from './request.ts';

/** Where a path has a name of its own, such as a model's. */
const NAME = '{name}';
const METHODS: readonly Route['method'][] = ['POST', 'GET', 'DELETE'];

/** A route whose path has a part of the caller's own, which may itself contain slashes. */
type Pattern = { readonly prefix: string; readonly suffix: string; readonly dialect: Dialect; readonly route: Route };

const keyOf = (method: string, path: string) => `${method} ${path}`;

function fits({ prefix, suffix }: Pattern, path: string): boolean {
  return path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix);
}

/** So much comes within the time that a client may be quiet on any line. */
const SMALL_BODY_BYTES = 1024 * 1024;

type Found = { readonly dialect: Dialect; readonly route: Route; readonly rest: string };

/** The actions that make work of which there may be too much. All others are answered under overload too. */
const TAKES_WORK: ReadonlySet<Route['action']> = new Set(['call', 'image', 'work', 'createTask', 'submitTask']);

export class Api {
  readonly #gateway: Gateway;
  readonly #room: BodyRoom;
  readonly #exact = new Map<string, { dialect: Dialect; route: Route }>();
  readonly #patterns: Pattern[] = [];

  constructor(gateway: Gateway, dialects: readonly Dialect[]) {
    this.#gateway = gateway;
    const { bodyBytes, openBodyBytes } = gateway.config.bounds;
    this.#room = new BodyRoom(openBodyBytes ?? defaultRoomBytes(bodyBytes));
    for (const dialect of dialects) {
      for (const route of dialect.routes) {
        const [prefix = '', suffix] = route.path.split(NAME);
        if (suffix === undefined && !prefix.endsWith('/'))
          this.#exact.set(keyOf(route.method, prefix), { dialect, route });
        else this.#patterns.push({ prefix, suffix: suffix ?? '', dialect, route });
      }
    }
  }

  /** The response, or `undefined` where the path is no route of any dialect. */
  async answer(request: Request, path: string, connection: ClientConnection): Promise<Response | undefined> {
    const found = this.#find(request.method, path);
    const dialect = found?.dialect ?? this.#dialectOf(path);
    if (dialect === undefined) return undefined;
    const callId = this.#gateway.newCallId();
    if (request.method === 'OPTIONS') return preflight(request, callId);
    try {
      if (found === undefined) throw new CallError('method_not_allowed');
      // Before anything is read or looked up: under overload a refusal must cost next to nothing.
      if (TAKES_WORK.has(found.route.action)) this.#gateway.gate.refuseIfFull();
      refuseKeyInQuery(request.url);
      return toResponse(await this.#run(found, request, callId, connection), callId, idHeader(dialect, found.route));
    } catch (thrown) {
      return this.#fail(dialect, found?.route, toCallError(thrown), callId, request.headers);
    }
  }

  #find(method: string, path: string): Found | undefined {
    const exact = this.#exact.get(keyOf(method, path));
    if (exact !== undefined) return { ...exact, rest: '' };
    const found = this.#patterns.find((pattern) => pattern.route.method === method && fits(pattern, path));
    if (found === undefined) return undefined;
    const { dialect, route, prefix, suffix } = found;
    return { dialect, route, rest: path.slice(prefix.length, path.length - suffix.length) };
  }

  /** The dialect that takes the path with some other method. */
  #dialectOf(path: string): Dialect | undefined {
    for (const method of METHODS) {
      const exact = this.#exact.get(keyOf(method, path));
      if (exact !== undefined) return exact.dialect;
    }
    return this.#patterns.find((pattern) => fits(pattern, path))?.dialect;
  }

  async #run(
    { dialect, route, rest }: Found,
    request: Request,
    callId: string,
    connection: ClientConnection,
  ): Promise<Reply> {
    const { bodyBytes } = this.#gateway.config.bounds;
    using place = new BodyPlace(this.#room);
    const reply = await serveRoute(this.#gateway, dialect, route, {
      callId,
      headers: request.headers,
      // The runtime makes the signal when it is asked for, which most calls never do.
      get signal() {
        return request.signal;
      },
      rest: unescapePath(rest),
      get query() {
        return queryOf(request.url);
      },
      readBody: (accountId) => {
        const length = Number(request.headers.get('content-length') ?? 0);
        if (length > SMALL_BODY_BYTES && length <= bodyBytes) connection.expectBody(length);
        if (accountId !== undefined) place.belongTo(accountId);
        return readBody(request, { maxBytes: bodyBytes, place }, route.takesFiles === true);
      },
      connection,
    });
    if (place.isEmpty || isWhole(reply.body)) return reply;
    place.keep();
    return { ...reply, body: leavingAfter(reply.body, place) };
  }

  #fail(
    dialect: Dialect,
    route: Route | undefined,
    error: CallError,
    callId: string,
    requestHeaders: Headers,
  ): Response {
    const endpoint = route?.endpoint ?? 'none';
    if (error.code === 'internal_error')
      this.#gateway.report.alarm('internal_error', { callId, endpoint, detail: error.details.detail });
    this.#gateway.report.refusal(error.code, dialect.name, endpoint);
    const { retryAfterS, limit } = error.details;
    const headers = limitHeaders(limit);
    if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
    if (!error.retryable && error.status >= 408) headers['x-should-retry'] = 'false';
    const render = route?.error ?? dialect.error;
    const { publicUrl } = this.#gateway.config;
    const rendered = render(error, { requestId: callId, publicUrl, headers: requestHeaders });
    const reply = jsonReply({ ...rendered, headers: { ...rendered.headers, ...headers } });
    return toResponse(reply, callId, idHeader(dialect, route));
  }
}

/** A part of an address, where slashes may be escaped; text that is wrongly escaped is left as it is. */
function unescapePath(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** Answers are the caller's own, so no cache may keep them. */
const SHARED_HEADERS = new Headers({ ...CORS_HEADERS, 'cache-control': 'no-store' });

/** Where a client looks for the id of its request, beside `x-request-id`. */
function idHeader(dialect: Dialect, route: Route | undefined): string | undefined {
  return route?.requestIdHeader ?? dialect.requestIdHeader;
}

function toResponse(reply: Reply, callId: string, requestIdHeader: string | undefined): Response {
  const body = isWhole(reply.body) ? (reply.body as string | Uint8Array<ArrayBuffer>) : streamOf(reply.body);
  // Copying ready headers and adding to them costs half of what making all of them does.
  const response = new Response(body, { status: reply.status, headers: SHARED_HEADERS });
  const { headers } = response;
  for (const name in reply.headers) headers.set(name, reply.headers[name] as string);
  headers.set('x-request-id', callId);
  if (requestIdHeader !== undefined) headers.set(requestIdHeader, callId);
  return response;
}

function isWhole(body: Reply['body']): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** What was asked lies in memory for as long as it is answered. */
function leavingAfter(body: StreamedBody, place: BodyPlace): StreamedBody {
  return {
    send: (client) => body.send(client).finally(() => place.leave()),
    cancel: () => {
      body.cancel();
      place.leave();
    },
  };
}

/** What the runtime hands to a stream of type `direct`. Its types know only the ordinary ones. */
type Sink = { write(piece: Piece): number | Promise<number>; close(): void };

/** A client that is written to as its pieces come. The runtime sends what one turn of its loop wrote at the end of that turn. */
class SocketClient implements Client {
  readonly #sink: Sink;
  hasLeft = false;
  #onRoom: (() => void) | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(piece: Piece): Promise<void> | undefined {
    if (this.hasLeft) return undefined;
    const written = this.#sink.write(piece);
    // A promise means that the socket has no room; it is kept when the client has taken what is there.
    return written instanceof Promise ? this.#room(written) : undefined;
  }

  leave(): void {
    this.hasLeft = true;
    this.#onRoom?.();
  }

  /** The runtime's promise may never settle once the client has left. */
  #room(written: Promise<number>): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve;
      written.then(
        () => resolve(),
        () => resolve(),
      );
    });
  }
}

/** A body whose pieces go to the socket from the callback that brought them, which costs the least of all ways. */
function streamOf(body: StreamedBody): ReadableStream {
  let client: SocketClient | undefined;
  const source = {
    type: 'direct',
    async pull(sink: Sink): Promise<void> {
      client = new SocketClient(sink);
      await body.send(client);
      if (!client.hasLeft) sink.close();
    },
    cancel(): void {
      client?.leave();
      body.cancel();
    },
  };
  return new ReadableStream(source as unknown as UnderlyingDefaultSource);
}
