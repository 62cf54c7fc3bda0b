// A model provider that misbehaves on request. It speaks HTTP over plain TCP sockets, so that it can stop, cut or reset
// an answer at any byte, and it logs every call that it received: that log is the judge of double calls.
//
// Each call is answered by a script: the next one of the queue, else what `answer` chooses.
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import type { Script } from './fault-scripts.ts';
import { healthy } from './fault-scripts.ts';

/** The first byte of whoever speaks TLS. */
const TLS_GREETING = 0x16;

/** What is asked of models, and of the jobs of FusionBrain and ComfyUI; whatever else is asked is no call. */
const IS_CALL =
  /\/(chat\/completions|embeddings|rerank|messages|images\/(generations|edits)|moderations|audio\/\w+|pipelines|pipeline\/(run|status\/\S+)|prompt|queue|interrupt|history\/\S+|view\?\S*)$/;

/** One model call as the provider saw it. */
export type ReceivedCall = {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Buffer;
  /** The parsed body; an empty object where it is none. */
  readonly body: { readonly model?: string; readonly stream?: boolean; readonly [field: string]: unknown };
  readonly receivedAtMs: number;
  bytesSent: number;
  /** When the connection of this call ended; absent while it is open or was kept for another call. */
  closedAtMs: number | undefined;
};

/** The provider's side of a call. */
export class Wire {
  /** Resolves when the other side has closed or the connection broke. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #call: ReceivedCall;

  constructor(socket: Socket, call: ReceivedCall) {
    this.#socket = socket;
    this.#call = call;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Resolves when the bytes went to the system, which is later than at once if the other side does not read. */
  send(bytes: Uint8Array | string): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    const buffer = Buffer.from(bytes);
    return new Promise((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.write(buffer, () => {
        this.#call.bytesSent += buffer.length;
        this.#socket.off('close', resolve);
        resolve();
      });
    });
  }

  /** Ends the connection in order (FIN), whether or not the answer was whole. */
  end(): void {
    this.#socket.end();
  }

  /** Breaks the connection (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

export class FaultUpstream {
  readonly calls: ReceivedCall[] = [];
  /** Chooses the script of a call that the queue has none for. */
  answer: (call: ReceivedCall) => Script = () => healthy();
  readonly #queue: Script[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  #port = 0;

  private constructor(tls: TlsOptions | undefined) {
    const accept = (socket: Socket) => this.#accept(socket);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  /** @param tls makes it speak TLS with this certificate. */
  static async start(tls?: TlsOptions): Promise<FaultUpstream> {
    const upstream = new FaultUpstream(tls);
    await upstream.listen();
    return upstream;
  }

  /** What a provider's `baseUrl` is set to. */
  get baseUrl(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}/v1`;
  }

  /** Takes connections again after `refuse`, at the same address. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on, and breaks those that are there. */
  async refuse(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Scripts for the next calls, in order of arrival. */
  queue(...scripts: Script[]): void {
    this.#queue.push(...scripts);
  }

  /** Forgets what was received and queued. */
  clear(): void {
    this.calls.length = 0;
    this.#queue.length = 0;
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    // Every call on a kept connection listens for its end.
    socket.setMaxListeners(0);
    let gathered: Buffer = Buffer.alloc(0);
    let running: ReceivedCall | undefined;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (running !== undefined) running.closedAtMs = performance.now();
    });
    socket.on('data', (bytes: Buffer) => {
      gathered = gathered.length === 0 ? bytes : Buffer.concat([gathered, bytes]);
      if (gathered[0] === TLS_GREETING) {
        // As a server that knows no TLS answers one who greets it so.
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        return;
      }
      const request = takeRequest(gathered);
      if (request === undefined) return;
      gathered = gathered.subarray(request.length);
      if (!IS_CALL.test(request.path)) {
        socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      running = this.#receive(request);
      const call = running;
      const script = this.#queue.shift() ?? this.answer(call);
      Promise.resolve(script(new Wire(socket, call), call)).then(
        () => {
          // A kept connection that closes later is not the end of this call.
          if (running === call && !socket.destroyed && !socket.writableEnded) running = undefined;
        },
        () => socket.destroy(),
      );
    });
  }

  #receive(request: Request): ReceivedCall {
    const text = request.body.toString('utf8');
    const call: ReceivedCall = {
      id: this.calls.length,
      method: request.method,
      path: request.path,
      headers: request.headers,
      text,
      bytes: request.body,
      body: parseBody(text),
      receivedAtMs: performance.now(),
      bytesSent: 0,
      closedAtMs: undefined,
    };
    this.calls.push(call);
    return call;
  }
}

type Request = {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly length: number;
};

/** The request at the start of the bytes, once it is whole. The gateway always sends a Content-Length. */
function takeRequest(bytes: Buffer): Request | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
  const length = headEnd + 4 + Number(headers.get('content-length') ?? 0);
  if (bytes.length < length) return undefined;
  const body = bytes.subarray(headEnd + 4, length);
  const [method = '', path = '/'] = first.split(' ');
  return { method, path, headers, body, length };
}

function parseBody(text: string): ReceivedCall['body'] {
  try {
    return JSON.parse(text) as ReceivedCall['body'];
  } catch {
    return {};
  }
}
