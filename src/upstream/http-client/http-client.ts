// An HTTP/1.1 client on plain sockets, made for a gateway: bytes come as the socket brought them, and nothing happens
// that was not asked for. No redirects, no compression, no cookies, no retries, no HTTP/2, and a proxy only where one is
// named, never from the environment. Why not `fetch`:
// docs/decisions/0005-own-http-client.md.
import type { CancelSignal } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { Destination, DialOptions } from './dial.ts';
import { dial } from './dial.ts';
import type { HttpAnswer } from './exchange.ts';
import { Exchange } from './exchange.ts';
import { ConnectionPool } from './pool.ts';

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
};

/** Where requests to one address go, and the part of their head that is always the same. */
type Place = Destination & { readonly head: string };

/** Places are remembered by address: taking one apart costs as much as writing the request. */
const PLACES_MAX = 1_000;
const NOT_IN_A_HEADER = /[^\t\x20-\x7e]/;

export class HttpClient {
  readonly #options: DialOptions;
  readonly #monotonicMs: () => number;
  readonly #pool: ConnectionPool;
  readonly #places = new Map<string, Place>();

  constructor(options: DialOptions, monotonicMs: () => number) {
    this.#options = options;
    this.#monotonicMs = monotonicMs;
    this.#pool = new ConnectionPool(monotonicMs);
  }

  /** Connections that wait for a request. */
  get idleCount(): number {
    return this.#pool.idleCount;
  }

  /**
   * Resolves when the headers are there. Throws `upstream_unreachable` or `upstream_tls_error` while surely nothing was
   * started; an abort throws the signal's reason. A request that may have been read is never sent twice.
   */
  async send(request: HttpRequest, signal: CancelSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const place = this.#placeOf(request.url);
    const bodyBytes = Buffer.byteLength(request.body);
    const head = writeHead(request, place, bodyBytes);
    const { body } = request;
    const message = typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head), body]);
    for (;;) {
      const kept = this.#pool.take(place.origin);
      const connection = kept ?? (await dial(place, this.#options, signal, this.#monotonicMs));
      const exchange = new Exchange(this.#pool, connection, signal, request.method === 'HEAD');
      if (exchange.start(message, head.length + bodyBytes)) return exchange.answered;
      if (kept === undefined) throw new CallError('upstream_unreachable', { detail: 'closed as soon as it was open' });
    }
  }

  /** Gives up the connections that wait. Those with a request on them go on. */
  close(): void {
    this.#pool.close();
  }

  #placeOf(address: string): Place {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    const url = new URL(address);
    const isTls = url.protocol === 'https:';
    if (!isTls && url.protocol !== 'http:')
      throw new CallError('upstream_unreachable', { detail: 'not http or https' });
    const place = {
      origin: url.origin,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (isTls ? 443 : 80),
      isTls,
      head: `${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nuser-agent: tolmach\r\naccept-encoding: identity\r\n`,
    };
    if (this.#places.size >= PLACES_MAX) this.#places.clear();
    this.#places.set(address, place);
    return place;
  }
}

/** Only ASCII, so that its length is its count of bytes. */
function writeHead({ method, headers }: HttpRequest, place: Place, bodyBytes: number): string {
  let head = `${method} ${place.head}`;
  for (const name in headers) {
    const value = headers[name] as string;
    // A line end in a credential would begin a header of its own.
    if (NOT_IN_A_HEADER.test(value))
      throw new CallError('provider_unavailable', { detail: `the header ${name} holds characters that none may` });
    head += `${name}: ${value}\r\n`;
  }
  if (method === 'POST') head += `content-length: ${bodyBytes}\r\n`;
  return `${head}\r\n`;
}
