// The embedded store. Writes go through one writer thread with group commit; reads use a connection of their own.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { OutcomeOf, Store, WriteOperation } from '../store.ts';
import type { Batch, BatchResult } from './batch.ts';
import { SqliteReader } from './reader.ts';
import type { OpenedMessage, OpenMessage } from './writer-thread.ts';

export type SqliteStoreOptions = {
  readonly dataDir: string;
  readonly timeZone: string;
  readonly clock: Clock;
  /** Operations that may wait before new ones are refused as `overloaded`. */
  readonly maxWaiting: number;
};

/** Operations of one commit. Larger batches gain little and delay the first caller. */
const BATCH_MAX = 512;

/** Turns of the event loop that a batch may gather for. */
const GATHER_TURNS_MAX = 16;

type Waiting = {
  readonly operation: WriteOperation;
  readonly resolve: (outcome: never) => void;
  readonly reject: (error: Error) => void;
};

/** Opens the database in `dataDir`, alone: a second process on the same folder is refused. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<{ store: Store; voidedHolds: number }> {
  const lock = takeLock(options.dataDir);
  const path = join(options.dataDir, 'tolmach.db');
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url).href);
  const message: OpenMessage = {
    path,
    timeZone: options.timeZone,
    owner: `process:${crypto.randomUUID()}`,
    nowMs: options.clock.nowMs(),
  };
  const opened = JSON.parse(await ask(thread, JSON.stringify(message))) as OpenedMessage;
  if (!opened.opened) {
    thread.terminate();
    lock.close();
    throw new Error(`cannot open ${path}: ${opened.detail}`);
  }
  return {
    store: new SqliteStore(thread, new SqliteReader(path, options.timeZone), lock, options),
    voidedHolds: opened.voidedHolds,
  };
}

class SqliteStore implements Store {
  readonly #reader: SqliteReader;
  readonly #thread: Worker;
  readonly #lock: Database;
  readonly #options: SqliteStoreOptions;
  #waiting: Waiting[] = [];
  #inFlight: Waiting[] = [];
  #isFlushScheduled = false;
  #onIdle: (() => void) | undefined;

  constructor(thread: Worker, reader: SqliteReader, lock: Database, options: SqliteStoreOptions) {
    this.#reader = reader;
    this.#thread = thread;
    this.#lock = lock;
    this.#options = options;
    thread.onmessage = (event: MessageEvent<string>) => this.#finish(JSON.parse(event.data) as BatchResult);
    thread.onerror = (event: ErrorEvent) => this.#finish({ failed: event.message });
  }

  write<O extends WriteOperation>(operation: O): Promise<OutcomeOf<O>> {
    if (this.#waiting.length >= this.#options.maxWaiting)
      return Promise.reject(new CallError('overloaded', { retryAfterS: 1 }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, resolve, reject });
      this.#scheduleFlush();
    });
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

  async audit() {
    return this.#reader.audit();
  }

  async ping() {
    return this.#reader.ping();
  }

  async close(): Promise<void> {
    if (this.#waiting.length > 0 || this.#inFlight.length > 0)
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await ask(this.#thread, 'close');
    this.#thread.terminate();
    this.#reader.close();
    this.#lock.close();
  }

  /**
   * Flushes after a turn of the event loop that brought nothing new. Under load every turn brings more, so that many
   * calls share a commit and a wake-up of the writer, which is most of what a call costs; a lone call waits for one
   * empty turn, some microseconds. The turns are bounded, so that a batch is never late by more than a few of them.
   */
  #scheduleFlush(): void {
    if (this.#inFlight.length > 0 || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    let seen = 0;
    let turns = 0;
    const turn = () => {
      const hasGrown = this.#waiting.length > seen;
      seen = this.#waiting.length;
      turns += 1;
      if (hasGrown && turns < GATHER_TURNS_MAX && seen < BATCH_MAX) setImmediate(turn);
      else this.#flush();
    };
    setImmediate(turn);
  }

  /** Sends what has gathered while the last batch was committed. There is no timer: an idle store adds no delay. */
  #flush(): void {
    this.#isFlushScheduled = false;
    this.#inFlight = this.#waiting.splice(0, BATCH_MAX);
    const batch: Batch = {
      nowMs: this.#options.clock.nowMs(),
      operations: this.#inFlight.map((waiting) => waiting.operation),
    };
    this.#thread.postMessage(JSON.stringify(batch));
  }

  #finish(result: BatchResult): void {
    const done = this.#inFlight;
    this.#inFlight = [];
    for (const [i, waiting] of done.entries()) {
      const outcome = 'failed' in result ? undefined : result.outcomes[i];
      if (outcome === undefined || outcome.kind === 'refused') {
        const detail = 'failed' in result ? result.failed : outcome?.detail;
        waiting.reject(new CallError('temporarily_unavailable', detail === undefined ? {} : { detail }));
      } else waiting.resolve(outcome as never);
    }
    if (this.#waiting.length > 0) this.#scheduleFlush();
    else this.#onIdle?.();
  }
}

/** An exclusive transaction on a file of its own. The system drops it when the process dies, however it dies. */
function takeLock(dataDir: string): Database {
  const lock = new Database(join(dataDir, 'lock.db'), { create: true });
  try {
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
    return lock;
  } catch {
    lock.close();
    throw new Error(`another process is using ${dataDir}`);
  }
}

function ask(thread: Worker, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    thread.onmessage = (event: MessageEvent<string>) => resolve(event.data);
    thread.onerror = (event: ErrorEvent) => reject(new Error(event.message));
    thread.postMessage(message);
  });
}
