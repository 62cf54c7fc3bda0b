// Time limits of outbound requests, all kept by one ticker: a timer for each of thousands of streams would cost more
// than the streams. A limit is noticed within one tick after it has passed.
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';

const TICK_MS = 100;

/** What is to be looked at in a moment. */
export type Soon = { comeSoon(): void };

export class Watchdog {
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  #soon: Soon[] = [];
  readonly #timer: Timer;
  #nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.monotonicMs();
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  /** The time of the last tick: cheap enough to be read for every frame. */
  get coarseNowMs(): number {
    return this.#nowMs;
  }

  /** Watches one outbound request. `abort` is called once, with what has happened, if any limit passes. */
  watch(abort: (error: CallError) => void): Watch {
    const watch = new Watch(this, abort);
    this.#watches.add(watch);
    return watch;
  }

  end(watch: Watch): void {
    this.#watches.delete(watch);
  }

  /** Comes back to what may be over by then, once, within one tick. It costs next to nothing. */
  soon(what: Soon): void {
    this.#soon.push(what);
  }

  tick(): void {
    this.#nowMs = this.#clock.monotonicMs();
    for (const watch of this.#watches) watch.check(this.#nowMs);
    for (const what of this.#soon.splice(0)) what.comeSoon();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The limits of one request: what is waited for now, and the deadline of the whole. */
export class Watch {
  readonly #dog: Watchdog;
  readonly #abort: (error: CallError) => void;
  #sinceMs: number;
  #limitMs = Number.POSITIVE_INFINITY;
  #code: ErrorCode = 'upstream_timeout';
  #retryAfterS: number | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #letGo: (() => void)[] = [];
  #hasEnded = false;

  constructor(dog: Watchdog, abort: (error: CallError) => void) {
    this.#dog = dog;
    this.#abort = abort;
    this.#sinceMs = dog.coarseNowMs;
  }

  /**
   * From now on at most `limitMs` may pass until the next word; else the request ends with `code`, and the client is told
   * to come again after `retryAfterS`.
   */
  expect(limitMs: number, code: ErrorCode, retryAfterS?: number): void {
    this.#sinceMs = this.#dog.coarseNowMs;
    this.#limitMs = limitMs;
    this.#code = code;
    this.#retryAfterS = retryAfterS;
  }

  /** Something arrived: the wait starts anew. */
  touch(): void {
    this.#sinceMs = this.#dog.coarseNowMs;
  }

  /** The whole request, retries included, ends with `deadline_exceeded` after `limitMs`. */
  deadline(limitMs: number): void {
    this.#deadlineMs = this.#dog.coarseNowMs + limitMs;
  }

  check(nowMs: number): void {
    const code =
      nowMs > this.#deadlineMs ? 'deadline_exceeded' : nowMs - this.#sinceMs > this.#limitMs ? this.#code : undefined;
    if (code === undefined) return;
    this.end();
    this.#abort(new CallError(code, this.#retryAfterS === undefined ? {} : { retryAfterS: this.#retryAfterS }));
  }

  /**
   * What is let go when the request is over, whatever ends it: its place at a vendor that takes few at once, what the
   * vendor keeps for it. Where it is over already that is done at once.
   */
  atEnd(letGo: () => void): void {
    if (this.#hasEnded) letGo();
    else this.#letGo.push(letGo);
  }

  end(): void {
    this.#dog.end(this);
    this.#hasEnded = true;
    for (const letGo of this.#letGo.splice(0)) letGo();
  }
}
