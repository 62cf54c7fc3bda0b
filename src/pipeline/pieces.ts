// What a streamed answer is pulled from, piece by piece, so that the client's pace is the provider's pace: the next
// piece is asked for only when the last one was taken.
import type { AnswerStream } from '../core/answer-stream.ts';
import type { CallEvent } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { Meter } from '../core/meter.ts';
import type { UpstreamAnswer } from '../upstream/upstream.ts';
import type { Watch } from '../upstream/watch.ts';
import type { StreamRenderer } from '../wire/rendering.ts';

export type Piece = Uint8Array | string;

export interface PieceSource {
  /** The next piece that is not empty; `undefined` when the provider has said that the answer is complete. */
  next(): Promise<Piece | undefined>;
  /** What makes the answer complete for the client. Asked for after the charge is durable. */
  end(): string;
  error(error: CallError): string;
  /** Ends the provider's side at once. It may be called at any time and more than once. */
  cancel(): void;
  /** Tells that the client has the floor: from now on it is the client whom we wait for. */
  waitForClient(limitMs: number): void;
}

export class RemotePieces implements PieceSource {
  readonly #body: UpstreamAnswer['body'];
  readonly #stream: AnswerStream;
  readonly #watch: Watch;
  readonly #bounds: { readonly streamBytes: number; readonly idleMs: number };
  #bytes = 0;

  constructor(
    upstream: UpstreamAnswer,
    stream: AnswerStream,
    watch: Watch,
    bounds: { readonly streamBytes: number; readonly idleMs: number },
  ) {
    this.#body = upstream.body;
    this.#stream = stream;
    this.#watch = watch;
    this.#bounds = bounds;
  }

  async next(): Promise<Piece | undefined> {
    this.#watch.expect(this.#bounds.idleMs, 'upstream_stalled');
    for (;;) {
      if (this.#stream.isComplete) {
        this.cancel();
        return undefined;
      }
      if (this.#stream.fault !== undefined) throw this.#stream.fault;
      const value = this.#body.take() ?? (await this.#body.read());
      if (value === undefined) throw new CallError('upstream_truncated');
      this.#bytes += value.byteLength;
      if (this.#bytes > this.#bounds.streamBytes) throw new CallError('upstream_too_large');
      this.#watch.touch();
      const piece = this.#stream.push(value);
      if (piece.length > 0) return piece;
    }
  }

  end(): string {
    return this.#stream.end();
  }

  error(error: CallError): string {
    return this.#stream.error(error);
  }

  cancel(): void {
    this.#watch.end();
    // After the provider's last word the HTTP message ends in a moment, and then the connection can be used again.
    if (this.#stream.isComplete) this.#body.linger();
    else this.#body.cancel();
  }

  waitForClient(limitMs: number): void {
    this.#watch.expect(limitMs, 'slow_reader');
  }
}

/** The events of a provider in this process, rendered as they come. */
export class LocalPieces implements PieceSource {
  readonly #events: AsyncIterator<CallEvent>;
  readonly #renderer: StreamRenderer;
  readonly #meter: Meter;
  #hasStarted = false;

  constructor(events: AsyncIterable<CallEvent>, renderer: StreamRenderer, meter: Meter) {
    this.#events = events[Symbol.asyncIterator]();
    this.#renderer = renderer;
    this.#meter = meter;
  }

  async next(): Promise<Piece | undefined> {
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      const start = this.#renderer.start();
      if (start !== '') return start;
    }
    for (;;) {
      const { done, value } = await this.#events.next();
      if (done) return undefined;
      this.#meter.addEvent(value);
      const text = this.#renderer.event(value);
      if (text !== '') return text;
    }
  }

  end(): string {
    return this.#renderer.end(this.#meter.usage());
  }

  error(error: CallError): string {
    return this.#renderer.error(error);
  }

  cancel(): void {
    this.#events.return?.().catch(() => undefined);
  }

  waitForClient(): void {
    // A local provider waits by itself between pieces; it holds nothing that a slow client could use up.
  }
}
