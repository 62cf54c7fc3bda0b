// A clock that stands still until it is told to move. Wall time may also be set back, as real wall clocks are.
import type { Clock } from '../core/clock.ts';

export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;

  constructor(startMs: number) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Time passes. */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError('time does not run backwards; use setWall');
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the wall clock; no time passes. */
  setWall(timeMs: number): void {
    this.#wallMs = timeMs;
  }
}
