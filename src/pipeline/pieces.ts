// Where a streamed answer comes from, piece by piece. What a provider's socket brings goes to the client in the same
// turn of the event loop; while the client has no room, nothing is taken, so that the client's pace is the provider's.
import type { AnswerStream } from '../core/answer-stream.ts';
import type { CallEvent } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { Meter } from '../core/meter.ts';
import { withoutSecret } from '../core/without-secret.ts';
import type { UpstreamAnswer } from '../upstream/upstream.ts';
import type { Watch } from '../upstream/watch.ts';
import type { StreamRenderer } from '../wire/rendering.ts';
import type { Client, Piece } from './reply.ts';

export interface PieceSource {
  /** Resolves when there is a piece that is not empty, or when the answer is complete without one. */
  begin(): Promise<void>;
  /** Writes all of them. Resolves when the provider has said that the answer is complete; throws when it breaks off. */
  pipeTo(client: Client): Promise<void>;
  /** What makes the answer complete for the client. Asked for after the charge is durable. */
  end(): string;
  error(error: CallError): string;
  /** Ends the provider's side at once. It may be called at any time and more than once. */
  cancel(): void;
}

export type StreamBounds = {
  readonly streamBytes: number;
  readonly idleMs: number;
  /** What the provider was asked with, and must not be heard saying. */
  readonly secret: string | undefined;
};

export class RemotePieces implements PieceSource {
  readonly #body: UpstreamAnswer['body'];
  readonly #stream: AnswerStream;
  readonly #watch: Watch;
  readonly #bounds: StreamBounds;
  #first: Piece = '';
  #bytes = 0;

  constructor(upstream: UpstreamAnswer, stream: AnswerStream, watch: Watch, bounds: StreamBounds) {
    this.#body = upstream.body;
    this.#stream = stream;
    this.#watch = watch;
    this.#bounds = bounds;
  }

  async begin(): Promise<void> {
    this.#watch.expect(this.#bounds.idleMs, 'upstream_stalled');
    await this.#drain((piece) => {
      this.#first = piece;
      return 'enough';
    });
  }

  async pipeTo(client: Client): Promise<void> {
    if (this.#first.length > 0) await client.write(this.#takeFirst());
    await this.#drain((piece) => client.write(piece));
  }

  /** It would else lie in memory for as long as the stream. */
  #takeFirst(): Piece {
    const first = this.#first;
    this.#first = '';
    return first;
  }

  /**
   * Hands over pieces as they come, until the answer is complete or `take` has enough. A promise from `take` holds
   * everything back until it resolves; the provider is then not waited for.
   */
  #drain(take: (piece: Piece) => Promise<void> | 'enough' | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let isHeldBack = false;
    const advance = (): void => {
      // An abort ends the wait for the client too.
      if (isHeldBack && !this.#body.isDropped) return;
      try {
        for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
          const taken = take(piece);
          if (taken === undefined) continue;
          if (taken === 'enough') {
            finish(resolve);
            return;
          }
          isHeldBack = true;
          this.#body.hold();
          this.#watch.expect(Number.POSITIVE_INFINITY, 'upstream_stalled');
          taken.then(goOn, goOn);
          return;
        }
        if (this.#stream.isComplete) finish(resolve);
      } catch (error) {
        finish(() => reject(error));
      }
    };
    const goOn = (): void => {
      isHeldBack = false;
      this.#body.release();
      this.#watch.expect(this.#bounds.idleMs, 'upstream_stalled');
      advance();
    };
    const finish = (settle: () => void): void => {
      this.#body.onChange = undefined;
      settle();
    };
    this.#body.onChange = advance;
    advance();
    return promise;
  }

  /** The next piece that is not empty, if there is one now. Throws when there will be none. */
  #next(): Piece | undefined {
    for (;;) {
      if (this.#stream.isComplete) return undefined;
      if (this.#stream.fault !== undefined) throw withoutSecret(this.#stream.fault, this.#bounds.secret);
      const bytes = this.#body.take();
      if (bytes === undefined) {
        if (this.#body.isEnded) throw new CallError('upstream_truncated');
        return undefined;
      }
      this.#bytes += bytes.byteLength;
      if (this.#bytes > this.#bounds.streamBytes) throw new CallError('upstream_too_large');
      this.#watch.touch();
      const piece = this.#stream.push(bytes);
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
}

/** The events of a provider in this process, rendered as they come. */
export class LocalPieces implements PieceSource {
  readonly #events: AsyncIterator<CallEvent>;
  readonly #renderer: StreamRenderer;
  readonly #meter: Meter;
  #first: Piece = '';

  constructor(events: AsyncIterable<CallEvent>, renderer: StreamRenderer, meter: Meter) {
    this.#events = events[Symbol.asyncIterator]();
    this.#renderer = renderer;
    this.#meter = meter;
  }

  async begin(): Promise<void> {
    this.#first = this.#renderer.start();
    if (this.#first.length === 0) this.#first = (await this.#next()) ?? '';
  }

  async pipeTo(client: Client): Promise<void> {
    if (this.#first.length > 0) await client.write(this.#first);
    for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) await client.write(piece);
  }

  async #next(): Promise<Piece | undefined> {
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
}
