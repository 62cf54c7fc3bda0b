// One request and its answer on a connection: from the first byte written to the last byte read, or to whatever broke
// it off. When the answer ends cleanly the connection goes back to the pool, in every other case it is destroyed.
import type { CancelSignal } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { crashPoint } from '../../crash-point.ts';
import type { AnswerHeaders } from '../../providers/provider.ts';
import type { BodySource } from './body.ts';
import { Body } from './body.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './pool.ts';
import { countRead } from './read-garbage.ts';
import type { ResponseHead, ResponseSink } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';

/** What is read of an answer that nobody wants any more, only to keep its connection. */
const LINGER_BYTES_MAX = 64 * 1024;

export type HttpAnswer = { readonly status: number; readonly headers: AnswerHeaders; readonly body: Body };

export class Exchange implements ResponseSink, BodySource {
  readonly #pool: ConnectionPool;
  readonly #connection: Connection;
  readonly #signal: CancelSignal;
  readonly #parser: ResponseParser;
  readonly #body = new Body(this);
  readonly #answered = Promise.withResolvers<HttpAnswer>();
  #head: ResponseHead | undefined;
  #isOver = false;
  #isPaused = false;
  #lingerBytesLeft = Number.POSITIVE_INFINITY;

  constructor(pool: ConnectionPool, connection: Connection, signal: CancelSignal, isHeadRequest: boolean) {
    this.#pool = pool;
    this.#connection = connection;
    this.#signal = signal;
    this.#parser = new ResponseParser(this, isHeadRequest);
  }

  /** The answer as soon as its headers are there. */
  get answered(): Promise<HttpAnswer> {
    return this.#answered.promise;
  }

  /** Sends the request. `false` means that nothing was written and this exchange is of no use. */
  start(request: string | Buffer, requestBytes: number): boolean {
    if (!this.#connection.start(this, request, requestBytes)) return false;
    crashPoint('attempt.sent');
    // Never removed: the signal lives no longer than its attempt, and after the end an abort finds nothing to do.
    this.#signal.addEventListener('abort', this);
    return true;
  }

  /** The signal's listener is this object itself, which saves a function for each request. */
  handleEvent(): void {
    this.#breakOff(this.#signal.reason, true);
  }

  // Called by the connection.

  receive(bytes: Buffer): void {
    countRead(bytes.length);
    let hasSurplus: boolean;
    try {
      hasSurplus = this.#parser.push(bytes);
    } catch (error) {
      this.#breakOff(error);
      return;
    }
    this.#lingerBytesLeft -= bytes.length;
    if (this.#parser.isComplete) this.#complete(hasSurplus);
    else if (this.#lingerBytesLeft < 0) this.cancel();
    this.#body.handOver();
  }

  connectionEnded(): void {
    try {
      this.#parser.end();
      this.#complete(false);
      this.#body.handOver();
    } catch (error) {
      this.#breakOff(error);
    }
  }

  connectionBroke(code: string): void {
    this.#breakOff(new CallError('upstream_reset', { detail: code }));
  }

  // Called by the parser.

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.#answered.resolve({ status: head.status, headers: head.headers, body: this.#body });
  }

  onBody(bytes: Buffer): void {
    this.#body.add(bytes);
  }

  // Called by the body.

  pause(): void {
    if (this.#isOver) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.destroy();
  }

  linger(): void {
    if (this.#isOver) return;
    this.#lingerBytesLeft = LINGER_BYTES_MAX;
    this.resume();
    this.#pool.linger(this.#connection);
  }

  #complete(hasSurplus: boolean): void {
    this.resume();
    this.#isOver = true;
    this.#body.end();
    this.#connection.release();
    // Bytes after the end, or an answer before the request was sent: the two sides no longer agree where they are.
    const mayKeep = this.#head?.staysOpen === true && !hasSurplus && this.#connection.isFree;
    if (mayKeep) this.#pool.keep(this.#connection, this.#head?.headers.get('keep-alive') ?? '');
    else this.#connection.destroy();
  }

  #breakOff(error: unknown, isAbort = false): void {
    if (this.#isOver && !isAbort) return;
    // Even where the connection is done with, what is still unread of an aborted answer must not be read.
    this.#answered.reject(error);
    this.#body.fail(error, isAbort);
    this.cancel();
  }
}
