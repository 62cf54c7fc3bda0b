// The talk with a proxy on a socket, until the socket belongs to the connection that it was opened for.
import type { Socket } from 'bun';
import type { SocketOwner } from './connection.ts';
import { HEAD_BYTES_MAX, ProxyRefusal, type Turn } from './proxy.ts';

export type TunnelEnd = {
  /** Bytes reach the server from now on. */
  opened(socket: Socket<SocketOwner>): void;
  failed(error: Error): void;
};

export class Tunnel implements SocketOwner {
  readonly #talk: Generator<Turn, void, Buffer>;
  readonly #end: TunnelEnd;
  #socket: Socket<SocketOwner> | undefined;
  #read: Turn['read'] = 0;
  #gathered: Buffer = Buffer.alloc(0);
  #unsent: Uint8Array = new Uint8Array();
  #isOver = false;

  constructor(talk: Generator<Turn, void, Buffer>, end: TunnelEnd) {
    this.#talk = talk;
    this.#end = end;
  }

  /** Gives up, where the proxy has not opened the way yet. */
  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
  }

  // Called by the socket.

  opened(socket: Socket<SocketOwner>): void {
    this.#socket = socket;
    if (this.#isOver) socket.terminate();
    else this.#advance(() => this.#talk.next());
  }

  /** Once TLS runs on the socket its raw bytes are told here as well; they are not ours. */
  received(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#gathered = Buffer.concat([this.#gathered, bytes]);
    while (!this.#isOver) {
      const length = this.#read === 'head' ? headLength(this.#gathered) : this.#read;
      if (length > HEAD_BYTES_MAX) this.#fail(new ProxyRefusal('PROXY_NO_HTTP'));
      if (this.#isOver || length < 0 || this.#gathered.length < length) return;
      const answer = this.#gathered.subarray(0, length);
      this.#gathered = this.#gathered.subarray(length);
      this.#advance(() => this.#talk.next(answer));
    }
  }

  drained(): void {
    this.#send(this.#unsent);
  }

  secured(): void {}

  ended(): void {
    this.#fail(new ProxyRefusal('PROXY_CLOSED'));
  }

  closed(): void {
    this.#fail(new ProxyRefusal('PROXY_CLOSED'));
  }

  failedToOpen(error: Error): void {
    this.#fail(error);
  }

  #advance(next: () => IteratorResult<Turn, void>): void {
    try {
      const { value, done } = next();
      if (done === true || value === undefined) this.#open();
      else {
        this.#read = value.read;
        this.#send(value.send);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #open(): void {
    // A server says nothing before it is asked, so what came is not from it.
    if (this.#gathered.length > 0) throw new ProxyRefusal('PROXY_SURPLUS');
    this.#isOver = true;
    this.#end.opened(this.#socket as Socket<SocketOwner>);
  }

  #send(bytes: Uint8Array): void {
    if (this.#isOver || bytes.length === 0) return;
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0);
    this.#unsent = bytes.subarray(written);
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.destroy();
    this.#end.failed(error);
  }
}

/** The length of the head, its empty line included; -1 while that has not come. */
function headLength(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end >= 0) return end + 4;
  return bytes.length > HEAD_BYTES_MAX ? bytes.length : -1;
}
