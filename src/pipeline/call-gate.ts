// Lets calls in while there is room: for all, for each account and for each key. A call has its place from before its
// body is read until it is closed, so that refusing costs next to nothing and nothing waits without a bound.
import { CallError } from '../core/errors.ts';
import type { Lateness } from '../core/load-limit.ts';
import { LoadLimit } from '../core/load-limit.ts';
import type { Plan } from '../core/plan.ts';

export type GateBounds = {
  readonly openCalls: number;
  readonly openCallsPerKey: number;
  readonly openCallsPerAccount: number;
};

/** Who takes a place. `key` is the API key, or one client of a key that is everybody's. */
export type Entrant = { readonly key: string; readonly accountId: string };

/** Those who are refused come back spread over so many seconds. */
const RETRY_SPREAD_S = 3;
/** A refused customer's own calls end when they end; this is how soon it is worth to look again. */
const OWN_RETRY_S = 1;

export class CallGate {
  readonly #bounds: GateBounds;
  readonly #limit: LoadLimit;
  readonly #random: () => number;
  readonly #byKey = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();
  #running = 0;

  constructor(bounds: GateBounds, random: () => number) {
    this.#bounds = bounds;
    this.#limit = new LoadLimit(bounds.openCalls);
    this.#random = random;
  }

  /** Calls that have a place now. */
  get running(): number {
    return this.#running;
  }

  /** How many may have one, as the process can bear it. */
  get limit(): number {
    return this.#limit.current;
  }

  observe(lateness: Lateness): void {
    this.#limit.observe(lateness, this.#running);
  }

  /** Throws `overloaded` where there is no place for anybody. It needs to know nothing of the call. */
  refuseIfFull(): void {
    if (this.#running >= this.#limit.current)
      throw new CallError('overloaded', { retryAfterS: 1 + Math.floor(this.#random() * RETRY_SPREAD_S) });
  }

  /** Throws `overloaded`, or `concurrency_limit_exceeded` where the caller has too many calls running already. */
  enter({ key, accountId }: Entrant, { callsAtOnce }: Plan): Place {
    this.refuseIfFull();
    const ofKey = this.#byKey.get(key) ?? 0;
    const ofAccount = this.#byAccount.get(accountId) ?? 0;
    if (
      ofKey >= (callsAtOnce?.perKey ?? this.#bounds.openCallsPerKey) ||
      ofAccount >= (callsAtOnce?.perAccount ?? this.#bounds.openCallsPerAccount)
    )
      throw new CallError('concurrency_limit_exceeded', { retryAfterS: OWN_RETRY_S });
    this.#byKey.set(key, ofKey + 1);
    this.#byAccount.set(accountId, ofAccount + 1);
    this.#running += 1;
    return new Place(() => {
      this.#running -= 1;
      takeOne(this.#byKey, key);
      takeOne(this.#byAccount, accountId);
    });
  }
}

function takeOne(counts: Map<string, number>, name: string): void {
  const left = (counts.get(name) ?? 1) - 1;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}

/** A place that a call has, here or for its body. It is given back at the end of the scope that took it, unless it is kept for longer. */
export class Place implements Disposable {
  readonly #onLeave: () => void;
  #isKept = false;
  #hasLeft = false;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** From now on whoever keeps it gives it back. */
  keep(): void {
    this.#isKept = true;
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onLeave();
  }

  [Symbol.dispose](): void {
    if (!this.#isKept) this.leave();
  }
}
