// One TCP or TLS connection to a server, with at most one request on it.
import type { Socket, SocketHandler } from 'bun';
import { CallError } from '../../core/errors.ts';
import type { Exchange } from './exchange.ts';
import { setReceiveBuffer } from './receive-buffer.ts';

/** Whom a socket tells what happens on it: a connection, or the tunnel through a proxy before it. */
export interface SocketOwner {
  opened(socket: Socket<SocketOwner>): void;
  secured(isAuthorized: boolean, error: Error | null): void;
  received(bytes: Buffer): void;
  drained(): void;
  ended(): void;
  closed(error: Error | undefined): void;
  failedToOpen(error: Error): void;
}

/** Who wants to know that a connection came up, or did not. */
export type Opening = { resolve(): void; reject(error: CallError): void };

export class Connection implements SocketOwner {
  readonly origin: string;
  readonly isTls: boolean;
  readonly #receiveBytes: number | undefined;
  /** Until when it may wait to be used again, or for the end of an answer that nobody reads any more. */
  waitsUntilMs = 0;
  #socket: Socket<SocketOwner> | undefined;
  #opening: Opening | undefined;
  #exchange: Exchange | undefined;
  #onGone: ((connection: Connection) => void) | undefined;
  #unsent: Uint8Array | undefined;
  #hasEnded = false;
  #isDead = false;

  /** @param receiveBytes how much the system takes in ahead of us; as much as it finds right where that is not told. */
  constructor(origin: string, isTls: boolean, opening: Opening, receiveBytes?: number) {
    this.origin = origin;
    this.isTls = isTls;
    this.#opening = opening;
    this.#receiveBytes = receiveBytes;
  }

  /** Whether another request may be sent on it. */
  get isFree(): boolean {
    return !this.#isDead && !this.#hasEnded && this.#exchange === undefined && this.#unsent === undefined;
  }

  /** Called once when the connection is gone, for whoever keeps it. */
  set onGone(listener: (connection: Connection) => void) {
    this.#onGone = listener;
  }

  /** Sends a request. `false` means that nothing was written, so that it may be sent on another connection. */
  start(exchange: Exchange, request: string | Buffer, requestBytes: number): boolean {
    const written = this.#socket?.write(request) ?? -1;
    if (written < 0) {
      this.destroy();
      return false;
    }
    if (written < requestBytes) {
      const bytes = typeof request === 'string' ? Buffer.from(request) : request;
      this.#unsent = bytes.subarray(written);
    }
    this.#exchange = exchange;
    return true;
  }

  /** The answer is whole: the connection belongs to nobody now. */
  release(): void {
    this.#exchange = undefined;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Ends the connection at once (RST), whatever is under way on it. */
  destroy(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#exchange = undefined;
    this.#unsent = undefined;
    this.#socket?.terminate();
    this.#onGone?.(this);
  }

  // Called by the socket.

  opened(socket: Socket<SocketOwner>): void {
    this.#socket = socket;
    if (this.#receiveBytes !== undefined) setReceiveBuffer(socket, this.#receiveBytes);
    // Given up while it was being opened.
    if (this.#isDead) socket.terminate();
    else if (!this.isTls) this.#ready();
  }

  secured(isAuthorized: boolean, error: Error | null): void {
    if (isAuthorized && error === null) {
      this.#ready();
      return;
    }
    const code = codeOf(error);
    // A server that hangs up during the handshake has said nothing about certificates.
    this.#refuse(
      new CallError(code === 'ECONNRESET' ? 'upstream_unreachable' : 'upstream_tls_error', { detail: code }),
    );
  }

  failedToOpen(error: Error): void {
    this.#refuse(new CallError('upstream_unreachable', { detail: codeOf(error) }));
  }

  received(bytes: Buffer): void {
    // Nobody asked for these bytes, so they would be taken for the answer to the next request.
    if (this.#exchange === undefined) this.destroy();
    else this.#exchange.receive(bytes);
  }

  drained(): void {
    if (this.#unsent === undefined || this.#socket === undefined) return;
    const written = this.#socket.write(this.#unsent);
    if (written < 0) return;
    this.#unsent = written < this.#unsent.length ? this.#unsent.subarray(written) : undefined;
  }

  /** The server has sent its last byte (FIN). */
  ended(): void {
    this.#hasEnded = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.connectionEnded();
    this.destroy();
  }

  closed(error: Error | undefined): void {
    this.#refuse(new CallError('upstream_unreachable', { detail: codeOf(error) }));
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.connectionBroke(codeOf(error));
    this.destroy();
  }

  #ready(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.resolve();
  }

  #refuse(error: CallError): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.reject(error);
  }
}

/** Only codes are told: messages may hold addresses. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : 'no code';
}

/** The same for all connections, which are told apart by `socket.data`. */
export const SOCKET_HANDLER: SocketHandler<SocketOwner> = {
  open: (socket) => socket.data.opened(socket),
  handshake: (socket, isAuthorized, error) => socket.data.secured(isAuthorized, error),
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => socket.data.closed(error),
  connectError: (socket, error) => socket.data.failedToOpen(error),
};
