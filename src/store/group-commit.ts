// Group commit: operations that arrive while one batch is being committed gather and go together as the next. There
// is no timer, so a lone caller waits for its own commit only, and a busy store shares each commit among hundreds.
import { CallError } from '../core/errors.ts';
import { hasSoundAmounts } from './record-operation.ts';
import type { HoldOutcome, RecordOutcome, WriteOperation } from './store.ts';

export type Outcome = HoldOutcome | RecordOutcome;
/** One poisonous operation, refused alone; its batch mates pass. */
export type Refused = { readonly kind: 'refused'; readonly detail: string };
/** `failed` is a store that cannot write at all. */
export type BatchResult = { readonly outcomes: readonly (Outcome | Refused)[] } | { readonly failed: string };

type Waiting = {
  readonly operation: WriteOperation;
  readonly sinceMs: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
};

/** A last batch of so many operations tells that the store is busy. */
const BUSY_BATCH = 4;
/** Turns of the event loop that a batch may gather for. */
const GATHER_TURNS_MAX = 16;

export class GroupCommit {
  readonly #batchMax: number;
  readonly #apply: (operations: readonly WriteOperation[]) => Promise<BatchResult>;
  readonly #monotonicMs: () => number;
  #waiting: Waiting[] = [];
  #inFlight: readonly Waiting[] = [];
  #isFlushScheduled = false;
  #lastBatch = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /**
   * @param apply commits one batch, and answers for its operations in their order.
   * @param monotonicMs the clock that measures waits.
   */
  constructor(
    batchMax: number,
    apply: (operations: readonly WriteOperation[]) => Promise<BatchResult>,
    monotonicMs: () => number,
  ) {
    this.#batchMax = batchMax;
    this.#apply = apply;
    this.#monotonicMs = monotonicMs;
  }

  /** How long the oldest operation has been waiting for its commit; 0 where none is. */
  get delayMs(): number {
    const oldest = this.#inFlight[0] ?? this.#waiting[0];
    return oldest === undefined ? 0 : this.#monotonicMs() - oldest.sinceMs;
  }

  /** Operations that are not yet in a batch. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the operation is durable. Rejects with `temporarily_unavailable` when nothing was written. */
  add(operation: WriteOperation): Promise<Outcome> {
    if (this.#isClosed) return Promise.reject(unavailable('the store is closed'));
    // On its way to a database NaN may become null and then 0, so what is no amount goes nowhere.
    if (!hasSoundAmounts(operation)) return Promise.reject(unavailable(`${operation.kind}: an amount is not sound`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, sinceMs: this.#monotonicMs(), resolve, reject });
      this.#scheduleFlush();
    });
  }

  /** Takes no more operations, and resolves when those that wait are answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#waiting.length > 0 || this.#inFlight.length > 0)
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /**
   * A quiet store flushes at once. A busy one, told by the size of its last batch, flushes after a turn of the event loop
   * that brought nothing new: under load every turn brings more, so that many calls share a commit and a wake-up of the
   * writer. The turns are bounded, so that a batch is never late by more than a few of them.
   */
  #scheduleFlush(): void {
    if (this.#inFlight.length > 0 || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    if (this.#lastBatch < BUSY_BATCH) {
      queueMicrotask(() => this.#flush());
      return;
    }
    let seen = 0;
    let turns = 0;
    const turn = () => {
      const hasGrown = this.#waiting.length > seen;
      seen = this.#waiting.length;
      turns += 1;
      if (hasGrown && turns < GATHER_TURNS_MAX && seen < this.#batchMax) setImmediate(turn);
      else this.#flush();
    };
    setImmediate(turn);
  }

  #flush(): void {
    this.#isFlushScheduled = false;
    const batch = this.#waiting.splice(0, this.#batchMax);
    this.#inFlight = batch;
    this.#lastBatch = batch.length;
    this.#apply(batch.map((waiting) => waiting.operation)).then(
      (result) => this.#finish(batch, result),
      (error) => this.#finish(batch, { failed: String(error) }),
    );
  }

  #finish(batch: readonly Waiting[], result: BatchResult): void {
    this.#inFlight = [];
    if ('failed' in result) {
      // What gathered meanwhile would only wait as long again to hear the same.
      for (const waiting of [...batch, ...this.#waiting.splice(0)]) waiting.reject(unavailable(result.failed));
    } else {
      if (this.#waiting.length > 0) this.#scheduleFlush();
      for (const [i, waiting] of batch.entries()) {
        const outcome = result.outcomes[i];
        if (outcome === undefined || outcome.kind === 'refused') waiting.reject(unavailable(outcome?.detail));
        else waiting.resolve(outcome);
      }
    }
    if (this.#inFlight.length === 0 && this.#waiting.length === 0) this.#onIdle?.();
  }
}

function unavailable(detail: string | undefined): CallError {
  return new CallError('temporarily_unavailable', detail === undefined ? {} : { detail });
}
