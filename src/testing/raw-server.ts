// A server of plain bytes: it reads whole requests and lets a test say what is written back, and when.
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';

export type RawRequest = { readonly head: string; readonly body: string };
type Answer = (socket: Socket, request: RawRequest, connection: number) => void;

export class RawServer {
  readonly requests: RawRequest[] = [];
  /** How many connections were made so far. */
  connections = 0;
  /** What is done with each request. */
  answer: Answer = () => undefined;
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  readonly #isTls: boolean;

  private constructor(tls: TlsOptions | undefined) {
    this.#isTls = tls !== undefined;
    const accept = (socket: Socket) => this.#accept(socket);
    this.#server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(tls?: TlsOptions, host = '127.0.0.1'): Promise<RawServer> {
    const server = new RawServer(tls);
    await new Promise<void>((resolve) => server.#server.listen(0, host, resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/', host = '127.0.0.1'): string {
    return `${this.#isTls ? 'https' : 'http'}://${host}:${this.port}${path}`;
  }

  get openSockets(): readonly Socket[] {
    return [...this.#open];
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const connection = this.connections++;
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => undefined);
    let gathered = '';
    socket.on('data', (bytes: Buffer) => {
      gathered += bytes.toString('latin1');
      for (let end = gathered.indexOf('\r\n\r\n'); end >= 0; end = gathered.indexOf('\r\n\r\n')) {
        const head = gathered.slice(0, end);
        const whole = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (gathered.length < whole) return;
        const request = { head, body: Buffer.from(gathered.slice(end + 4, whole), 'latin1').toString('utf8') };
        gathered = gathered.slice(whole);
        this.requests.push(request);
        this.answer(socket, request, connection);
      }
    });
  }
}
