// Some vendors take only so many calls at once from one account and refuse the others. Those wait here, in the order in
// which they came, so that customers see a pause instead of a refusal.
import type { CancelSignal } from '../core/cancellation.ts';
import { CallError } from '../core/errors.ts';

type Turn = () => void;
type Line = { taken: number; readonly waiting: Turn[] };

export class ProviderSlots {
  readonly #waitingMax: number;
  readonly #lines = new Map<string, Line>();

  /** @param waitingMax how many may wait for one provider. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Resolves with what gives the place back, once there is one; it may be called more than once. Throws
   * `upstream_rate_limited` where too many wait already; an abort throws the signal's reason.
   */
  async take(providerName: string, concurrency: number, signal: CancelSignal): Promise<() => void> {
    const line = this.#lines.get(providerName) ?? { taken: 0, waiting: [] };
    this.#lines.set(providerName, line);
    if (line.taken < concurrency) line.taken += 1;
    else await this.#wait(line, signal);
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      const next = line.waiting.shift();
      // The place goes from hand to hand, so that nobody who comes now gets in between.
      if (next === undefined) line.taken -= 1;
      else next();
    };
  }

  #wait(line: Line, signal: CancelSignal): Promise<void> {
    if (line.waiting.length >= this.#waitingMax)
      throw new CallError('upstream_rate_limited', { detail: 'too many wait for this provider', retryAfterS: 5 });
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        const at = line.waiting.indexOf(turn);
        if (at >= 0) line.waiting.splice(at, 1);
        reject(signal.reason);
      };
      line.waiting.push(turn);
      signal.addEventListener('abort', leave);
      if (signal.aborted) leave();
    });
  }
}
