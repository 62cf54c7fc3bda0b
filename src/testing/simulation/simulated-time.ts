// Time of a simulated process: it passes only when the simulation says so, and wakes who sleeps in the order of their
// alarms. What a process that has died was waiting for never happens.
import { FakeClock } from '../fake-clock.ts';

type Sleeper = { readonly atMs: number; readonly wake: () => void };

export class SimulatedTime {
  readonly clock: FakeClock;
  #sleepers: Sleeper[] = [];

  constructor(startMs: number) {
    this.clock = new FakeClock(startMs);
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => this.#sleepers.push({ atMs: this.clock.monotonicMs() + ms, wake }));

  /** Milliseconds until the next sleeper wakes; `undefined` where none sleeps. */
  get nextInMs(): number | undefined {
    if (this.#sleepers.length === 0) return undefined;
    const firstMs = this.#sleepers.reduce((first, { atMs }) => Math.min(first, atMs), Number.POSITIVE_INFINITY);
    return Math.max(0, firstMs - this.clock.monotonicMs());
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    const nowMs = this.clock.monotonicMs();
    const due = this.#sleepers.filter((sleeper) => sleeper.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.atMs > nowMs);
    for (const sleeper of due) sleeper.wake();
  }

  /** The process is dead: nobody sleeps any more. */
  forget(): void {
    this.#sleepers = [];
  }
}
