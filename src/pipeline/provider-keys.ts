// The keys that a provider is asked with, what each of them may carry, and the calls that wait for room.
import type { CapacityBounds } from '../core/capacity.ts';
import { Capacity } from '../core/capacity.ts';

export type ProviderKey = {
  /** Counted from 1: what logs and alarms call it by, for the key itself is told to nobody. */
  readonly number: number;
  /** `undefined` where the provider needs none. */
  readonly apiKey: string | undefined;
  readonly capacity: Capacity;
  /** When it was taken last, as a running number. */
  takenAt: number;
};

/** Takes what a waiting call waits for, if it is there. */
type Attempt = () => boolean;

export class ProviderKeys {
  readonly all: readonly ProviderKey[];
  /** Whether anything is to be counted: one key without bounds is simply taken. */
  readonly areCounted: boolean;
  readonly #waiting: Attempt[] = [];
  #taken = 0;

  constructor(apiKeys: readonly (string | undefined)[], bounds: CapacityBounds = {}) {
    this.all = apiKeys.map((apiKey, i) => ({ number: i + 1, apiKey, capacity: new Capacity(bounds), takenAt: 0 }));
    this.areCounted = apiKeys.length > 1 || bounds.concurrency !== undefined || bounds.perMinute !== undefined;
  }

  /** Calls that wait for room. Nobody who comes later may take it from them. */
  get waiting(): number {
    return this.#waiting.length;
  }

  begin(key: ProviderKey, nowMs: number): void {
    key.capacity.begin(nowMs);
    this.#taken += 1;
    key.takenAt = this.#taken;
  }

  end(key: ProviderKey): void {
    key.capacity.end();
    this.wake();
  }

  wait(attempt: Attempt): void {
    this.#waiting.push(attempt);
  }

  stopWaiting(attempt: Attempt): void {
    const at = this.#waiting.indexOf(attempt);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  isFirst(attempt: Attempt): boolean {
    return this.#waiting[0] === attempt;
  }

  /** There may be room for one more: it is for the first in line who can use it. */
  wake(): void {
    for (const attempt of [...this.#waiting]) if (attempt()) return;
  }
}
