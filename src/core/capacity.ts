// How many requests one key of a provider may carry, at once and within a minute. Time comes as an argument.

export type CapacityBounds = {
  /** Requests at once. */
  readonly concurrency?: number | undefined;
  /** Requests that begin within any 60 seconds. */
  readonly perMinute?: number | undefined;
};

const MINUTE_MS = 60_000;

export class Capacity {
  /** Requests at once; infinite where there is no bound. */
  readonly concurrency: number;
  /** When the latest requests began, as many as may within a minute, the oldest at `#oldest`. */
  readonly #begunAtMs: Float64Array;
  #oldest = 0;
  #open = 0;

  constructor({ concurrency, perMinute }: CapacityBounds) {
    this.concurrency = concurrency ?? Number.POSITIVE_INFINITY;
    this.#begunAtMs = new Float64Array(perMinute ?? 0).fill(Number.NEGATIVE_INFINITY);
  }

  /** Whether there is a bound on what begins within a minute. */
  get isPaced(): boolean {
    return this.#begunAtMs.length > 0;
  }

  get open(): number {
    return this.#open;
  }

  hasRoom(nowMs: number): boolean {
    return this.#open < this.concurrency && this.opensAtMs(nowMs) <= nowMs;
  }

  /** When the minute has room for another request, not before now. */
  opensAtMs(nowMs: number): number {
    const oldestMs = this.#begunAtMs[this.#oldest];
    return oldestMs === undefined ? nowMs : Math.max(nowMs, oldestMs + MINUTE_MS);
  }

  /** Only after `hasRoom`. */
  begin(nowMs: number): void {
    this.#open += 1;
    if (this.#begunAtMs.length === 0) return;
    this.#begunAtMs[this.#oldest] = nowMs;
    this.#oldest = (this.#oldest + 1) % this.#begunAtMs.length;
  }

  end(): void {
    this.#open -= 1;
  }
}
