// The embedded store without its thread: the same group commit, the same batches, the same SQL, on a database in
// memory. When a batch is committed, and what goes wrong with it, is decided by the simulation. Batches and their results
// cross as JSON text, as they do between the real threads.
import type { Database } from 'bun:sqlite';
import { Calendar } from '../../core/calendar.ts';
import type { Clock } from '../../core/clock.ts';
import type { BatchResult } from '../../store/group-commit.ts';
import { GroupCommit } from '../../store/group-commit.ts';
import { BatchWriter } from '../../store/sqlite/batch.ts';
import { SqliteReader } from '../../store/sqlite/reader.ts';
import { SqliteReads } from '../../store/sqlite/sqlite-reads.ts';
import type { OutcomeOf, Store, WriteOperation } from '../../store/store.ts';

const BATCH_MAX = 8;

/** A batch that was given to the database, with what truly came of it. */
export type Committed = {
  readonly nowMs: number;
  readonly operations: readonly WriteOperation[];
  readonly result: BatchResult;
};

type Waiting = { readonly operations: readonly WriteOperation[]; readonly answer: (result: BatchResult) => void };

/** The store of one simulated process. The next process makes another one on the same database. */
export class SimulatedStore extends SqliteReads implements Store {
  readonly voidedHolds: number;
  readonly #writer: BatchWriter;
  readonly #clock: Clock;
  readonly #commits: GroupCommit;
  #inFlight: Waiting | undefined;
  #isWriterGone = false;

  constructor(db: Database, timeZone: string, owner: string, clock: Clock) {
    super(new SqliteReader(db, timeZone));
    this.#clock = clock;
    this.#commits = new GroupCommit(BATCH_MAX, (operations) => this.#queue(operations), clock.monotonicMs);
    this.#writer = new BatchWriter(db, new Calendar(timeZone), owner);
    this.voidedHolds = this.#writer.recover(clock.nowMs());
  }

  /** Whether a batch waits for the disk. */
  get hasBatch(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Whether operations are about to become a batch in the next turns of the event loop. */
  get isGathering(): boolean {
    return this.#inFlight === undefined && this.#commits.waiting > 0;
  }

  get isWriterGone(): boolean {
    return this.#isWriterGone;
  }

  /** Takes the batch that waits to the database. The callers hear nothing yet. */
  commit(): { readonly committed: Committed; readonly answer: (result?: BatchResult) => void } {
    const { operations, answer } = this.#inFlight as Waiting;
    const batch = { nowMs: this.#clock.nowMs(), operations };
    const result = this.#writer.apply(overTheThread(batch));
    return {
      committed: { ...batch, result },
      answer: (told = result) => {
        this.#inFlight = undefined;
        answer(overTheThread(told));
      },
    };
  }

  /** The writer's thread ends: nothing is written by this process any more. */
  loseWriter(): void {
    this.#isWriterGone = true;
  }

  write<O extends WriteOperation>(operation: O): Promise<OutcomeOf<O>> {
    return this.#commits.add(operation) as Promise<OutcomeOf<O>>;
  }

  get writeDelayMs() {
    return this.#commits.delayMs;
  }

  async ping() {
    return !this.#isWriterGone;
  }

  async close(): Promise<void> {
    await this.#commits.close();
  }

  #queue(operations: readonly WriteOperation[]): Promise<BatchResult> {
    if (this.#isWriterGone) return Promise.resolve({ failed: 'the writer thread is gone' });
    return new Promise((answer) => {
      this.#inFlight = { operations, answer };
    });
  }
}

function overTheThread<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}
