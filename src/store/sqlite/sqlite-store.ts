// The embedded store. Writes go through one writer thread with group commit; reads use a connection of their own.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { crashPoint } from '../../crash-point.ts';
import type { BatchResult } from '../group-commit.ts';
import { GroupCommit } from '../group-commit.ts';
import type { OutcomeOf, Store, WriteOperation } from '../store.ts';
import type { Batch } from './batch.ts';
import { SqliteReader } from './reader.ts';
import { SqliteReads } from './sqlite-reads.ts';
import type { OpenedMessage, OpenMessage } from './writer-thread.ts';

export type SqliteStoreOptions = {
  readonly dataDir: string;
  readonly timeZone: string;
  readonly clock: Clock;
  /** Operations that may wait before new ones are refused as `overloaded`. */
  readonly maxWaiting: number;
};

const WRITER_GONE = 'the writer thread is gone';

/** Operations of one commit. Larger batches gain little and delay the first caller. */
const BATCH_MAX = 512;

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
  const reader = new SqliteReader(new Database(path, { readonly: true, strict: true }), options.timeZone);
  return {
    store: new SqliteStore(thread, reader, lock, options),
    voidedHolds: opened.voidedHolds,
  };
}

class SqliteStore extends SqliteReads implements Store {
  readonly #thread: Worker;
  readonly #lock: Database;
  readonly #options: SqliteStoreOptions;
  readonly #commits: GroupCommit;
  #isWriterGone = false;
  #answer: ((result: BatchResult) => void) | undefined;

  constructor(thread: Worker, reader: SqliteReader, lock: Database, options: SqliteStoreOptions) {
    super(reader);
    this.#thread = thread;
    this.#lock = lock;
    this.#options = options;
    this.#commits = new GroupCommit(
      BATCH_MAX,
      (operations) => this.#apply(operations),
      () => options.clock.monotonicMs(),
    );
    thread.onmessage = (event: MessageEvent<string>) => {
      crashPoint('store.batch-answered');
      this.#answer?.(JSON.parse(event.data) as BatchResult);
    };
    thread.onerror = (event: ErrorEvent) => this.#answer?.({ failed: event.message });
    // A writer that is gone never answers: what waits is told so, and readiness fails until the process is restarted.
    thread.addEventListener('close', () => {
      this.#isWriterGone = true;
      this.#answer?.({ failed: WRITER_GONE });
    });
  }

  write<O extends WriteOperation>(operation: O): Promise<OutcomeOf<O>> {
    if (this.#commits.waiting >= this.#options.maxWaiting && operation.kind !== 'settle')
      return Promise.reject(new CallError('overloaded', { retryAfterS: 1 }));
    return this.#commits.add(operation) as Promise<OutcomeOf<O>>;
  }

  get writeDelayMs() {
    return this.#commits.delayMs;
  }

  async ping() {
    return !this.#isWriterGone && this.reader.ping();
  }

  async close(): Promise<void> {
    await this.#commits.close();
    await ask(this.#thread, 'close');
    this.#thread.terminate();
    this.reader.close();
    this.#lock.close();
  }

  #apply(operations: readonly WriteOperation[]): Promise<BatchResult> {
    if (this.#isWriterGone) return Promise.resolve({ failed: WRITER_GONE });
    const batch: Batch = { nowMs: this.#options.clock.nowMs(), operations };
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#thread.postMessage(JSON.stringify(batch));
      crashPoint('store.batch-sent');
    });
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
