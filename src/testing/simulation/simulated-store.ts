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
export class SimulatedStore implements Store {
  readonly voidedHolds: number;
  readonly #writer: BatchWriter;
  readonly #reader: SqliteReader;
  readonly #clock: Clock;
  readonly #commits: GroupCommit;
  #inFlight: Waiting | undefined;
  #isWriterGone = false;
  #lastLeft: number;

  constructor(db: Database, timeZone: string, owner: string, clock: Clock) {
    this.#clock = clock;
    this.#commits = new GroupCommit(BATCH_MAX, (operations) => this.#queue(operations), clock.monotonicMs);
    this.#writer = new BatchWriter(db, new Calendar(timeZone), owner);
    this.voidedHolds = this.#writer.recover(clock.nowMs());
    this.#reader = new SqliteReader(db, timeZone);
    this.#lastLeft = this.#reader.lastTaskId();
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

  async findKey(hmac: string) {
    return this.#reader.findKey(hmac);
  }

  async findAccount(accountId: string) {
    return this.#reader.findAccount(accountId);
  }

  async listAccounts(limit: number) {
    return this.#reader.listAccounts(limit);
  }

  async listKeys(accountId: string) {
    return this.#reader.listKeys(accountId);
  }

  async listPlans() {
    return this.#reader.listPlans();
  }

  async listBuckets(accountId: string, dailyRequests: number, nowMs: number) {
    return this.#reader.listBuckets(accountId, dailyRequests, nowMs);
  }

  async listUsage(accountId: string, limit: number, before?: string) {
    return this.#reader.listUsage(accountId, limit, before);
  }

  async findAnswer(accountId: string, idempotencyKey: string) {
    return this.#reader.findAnswer(accountId, idempotencyKey);
  }

  get writeDelayMs() {
    return this.#commits.delayMs;
  }

  async findTask(taskId: number) {
    return this.#reader.findTask(taskId);
  }

  async findTaskWork(taskId: number) {
    return this.#reader.findTaskWork(taskId);
  }

  async listDueWebhooks(nowMs: number, limit: number) {
    return this.#reader.listDueWebhooks(nowMs, limit);
  }

  async adoptTasks() {
    const lastLeft = this.#lastLeft;
    this.#lastLeft = 0;
    return lastLeft === 0 ? [] : this.#reader.listQueuedTasks(lastLeft);
  }

  async audit() {
    return this.#reader.audit();
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
