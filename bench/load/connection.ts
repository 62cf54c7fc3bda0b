// A keep-alive connection of the load generator, on a raw socket: a general HTTP client would cost more than most
// targets and so would measure itself.
import type { Socket } from 'bun';
import type { Answer } from './response-reader.ts';
import { ResponseReader } from './response-reader.ts';

export type ConnectionListener = {
  /** One answer is complete; the connection may be used again. */
  onAnswer(connection: Connection, answer: Answer): void;
  onFailure(error: Error): void;
};

export class Connection {
  /** Reads that carried part of an answer: with one frame per write they tell whether a target joins frames. */
  reads = 0;
  sentAtMs = 0;
  /** When the request should have been sent. Latency counts from here. */
  dueAtMs = 0;
  #socket: Socket | undefined;
  #busy = false;
  #closing = false;
  readonly #reader = new ResponseReader();
  readonly #listener: ConnectionListener;

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
  }

  async open(port: number): Promise<this> {
    this.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_, bytes) => this.#read(bytes as Buffer),
        close: () => this.#closed(),
        error: (_, error) => this.#listener.onFailure(error),
      },
    });
    return this;
  }

  send(request: Buffer, dueAtMs?: number): void {
    if (this.#busy) throw new Error('two requests at once on one connection');
    this.#busy = true;
    this.sentAtMs = performance.now();
    this.dueAtMs = dueAtMs ?? this.sentAtMs;
    if (this.#socket?.write(request) !== request.length) this.#listener.onFailure(new Error('a request was cut short'));
  }

  close(): void {
    this.#closing = true;
    this.#socket?.end();
  }

  #read(bytes: Buffer): void {
    this.reads += 1;
    let answer: Answer | undefined;
    try {
      answer = this.#reader.push(bytes.toString('latin1'));
    } catch (error) {
      this.#listener.onFailure(error as Error);
      return;
    }
    if (answer === undefined) return;
    this.#busy = false;
    this.#listener.onAnswer(this, answer);
  }

  #closed(): void {
    if (!this.#closing) this.#listener.onFailure(new Error('the target closed a connection'));
  }
}
