// How many calls may run at once, found by watching how late the process is. Where it stays late it has taken more than
// it can do: the limit falls below what runs now, new calls are refused, and those that were taken end soon. Where it is
// in time the limit grows again, up to the configured one.

/** How late the process was at one moment. */
export type Lateness = {
  /** How long an event that was due has waited for its turn. */
  readonly loopMs: number;
  /** How long the oldest write under way has waited for its commit. */
  readonly writeMs: number;
};

/** Beyond these the process is too late. Calls take several turns, so their own delay is a few times the first one. */
const LOOP_MAX_MS = 50;
const WRITE_MAX_MS = 200;
/**
 * Only the least late moment of so many counts. A pause, such as a collection of garbage, makes one moment late and
 * passes by itself; a queue that stands makes all of them late.
 */
const MOMENTS = 8;
/** Fewer calls than these are never the reason of being late. */
const LIMIT_MIN = 256;
/** What one decision leaves of the calls that run, at most and at least. */
const SHRINK_MAX = 0.9;
const SHRINK_MIN = 0.5;
const GROW = 1.2;

export class LoadLimit {
  readonly #max: number;
  #limit: number;
  #least = Number.POSITIVE_INFINITY;
  #moments = 0;

  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  get current(): number {
    return this.#limit;
  }

  /** Takes one moment, of some that are evenly spaced. @param running how many calls run at it. */
  observe({ loopMs, writeMs }: Lateness, running: number): void {
    this.#least = Math.min(this.#least, Math.max(loopMs / LOOP_MAX_MS, writeMs / WRITE_MAX_MS));
    this.#moments += 1;
    if (this.#moments < MOMENTS) return;
    const share = Math.max(SHRINK_MIN, Math.min(SHRINK_MAX, 1 / this.#least));
    const wanted = this.#least > 1 ? Math.min(this.#limit, running) * share : this.#limit * GROW;
    this.#least = Number.POSITIVE_INFINITY;
    this.#moments = 0;
    this.#limit = Math.min(this.#max, Math.max(LIMIT_MIN, Math.round(wanted)));
  }
}
