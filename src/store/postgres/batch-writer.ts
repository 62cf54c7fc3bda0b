// Applies batches of operations to a PostgreSQL database, one transaction each. Other processes write to the same
// accounts, so nothing is remembered between batches: the accounts are locked, read, decided upon and written.
//
// Every operation may be given again, so a batch whose fate is unknown is simply tried again as a whole.
import { Calendar } from '../../core/calendar.ts';
import type { Clock } from '../../core/clock.ts';
import type { AccountBook } from '../../core/ledger.ts';
import { Changes, decide } from '../../core/ledger.ts';
import { crashPoint } from '../../crash-point.ts';
import type { BatchResult, Outcome, Refused } from '../group-commit.ts';
import type { LedgerWrite } from '../record-operation.ts';
import { accountOf, isRecordOperation } from '../record-operation.ts';
import type { WriteOperation } from '../store.ts';
import { BatchRows } from './batch-rows.ts';
import type { Session } from './connection.ts';
import { allOf, Connection, isOperationsFault, isRolledBack, textArray } from './connection.ts';
import { IdempotencyRows } from './idempotency-rows.ts';
import { LOCK_ACCOUNTS, loadBooks } from './load-books.ts';
import type { ProcessLease } from './process-lease.ts';
import { applyRecord } from './records.ts';
import { TaskRows } from './task-rows.ts';

/** A transaction that has not ended by then is given up, and tried again on another connection. */
const TRANSACTION_MS = 7_000;
/** The least that the last try of a batch gets. */
const LAST_TRY_MS = 1_000;
/** While the store stays unavailable, the next batches are given up sooner. */
const GIVE_UP_AGAIN_SHARE = 1 / 8;
const RETRY_MS = [5, 20, 50, 100, 200, 400] as const;

const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';
// A process that pauses must not hold others up, so locks and idle transactions end soon. The tables may have grown
// since a statement was planned, so every row is looked up by an index, and a walk over a whole table or index is
// never the plan. A server that acknowledges commits before they are on disk is told not to for these.
const SETTINGS = `SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '5s', true),
  set_config('idle_in_transaction_session_timeout', '3s', true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
  CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END`;

type Decided = Outcome | Refused;
type Tried = { readonly decided: readonly Decided[] } | { readonly fault: string } | { readonly failed: string };

export type BatchWriterOptions = {
  readonly url: string;
  readonly timeZone: string;
  readonly clock: Clock;
  /** How long a batch is tried before its callers hear that the store is unavailable. */
  readonly giveUpMs: number;
  readonly lease: ProcessLease;
  /** Told of operations that were given up while it is unknown whether they were committed. */
  readonly onAbandoned: (operations: readonly WriteOperation[]) => void;
};

/** The process's lease had lapsed when it wanted to take a hold, which others would void at once. */
class LapsedLeaseError extends Error {}

export class BatchWriter {
  readonly #connection: Connection;
  readonly #calendar: Calendar;
  readonly #options: BatchWriterOptions;
  #lastMs = 0;
  #isFailing = false;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
    this.#connection = new Connection(options.url);
    this.#calendar = new Calendar(options.timeZone);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /**
   * One commit for the whole batch. If an operation is at fault, the batch is halved until that one is alone; it is
   * refused, and the others pass.
   */
  async apply(operations: readonly WriteOperation[]): Promise<BatchResult> {
    const outcomes: Decided[] = [];
    const groups = [operations];
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const tried = await this.#persist(group);
      if ('decided' in tried) outcomes.push(...tried.decided);
      else if ('failed' in tried) {
        if (outcomes.length === 0) return tried;
        const detail = tried.failed;
        return { outcomes: [...outcomes, ...operations.slice(outcomes.length).map(() => refused(detail))] };
      } else if (group.length === 1) outcomes.push(refused(`${group[0]?.kind}: ${tried.fault}`));
      else groups.unshift(group.slice(0, group.length >> 1), group.slice(group.length >> 1));
    }
    return { outcomes };
  }

  /** Tries until the outcome is known or the time is up. */
  async #persist(operations: readonly WriteOperation[]): Promise<Tried> {
    const { clock, lease, giveUpMs, onAbandoned } = this.#options;
    const untilMs = clock.monotonicMs() + giveUpMs * (this.#isFailing ? GIVE_UP_AGAIN_SHARE : 1);
    const commit = { mayHaveHappened: false };
    for (let tries = 0; ; tries++) {
      try {
        const withinMs = Math.max(LAST_TRY_MS, Math.min(TRANSACTION_MS, untilMs - clock.monotonicMs()));
        const decided = await this.#connection.use(withinMs, (session) => this.#transact(session, operations, commit));
        this.#isFailing = false;
        return { decided };
      } catch (error) {
        if (isOperationsFault(error)) return { fault: describe(error) };
        if (clock.monotonicMs() >= untilMs) {
          this.#isFailing = true;
          if (commit.mayHaveHappened) onAbandoned(operations);
          return { failed: describe(error) };
        }
        if (error instanceof LapsedLeaseError) await lease.renew().catch(() => undefined);
        await Bun.sleep(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] as number);
      }
    }
  }

  /** @param commit learns whether the transaction may be durable although this rejects. */
  async #transact(
    session: Session,
    operations: readonly WriteOperation[],
    commit: { mayHaveHappened: boolean },
  ): Promise<Decided[]> {
    crashPoint('postgres.received');
    const outcomes: Decided[] = new Array(operations.length);
    let opening: PromiseLike<unknown>[] = [session.unsafe(BEGIN), session.unsafe(SETTINGS)];
    if (operations.some(isRecordOperation)) {
      await allOf(opening);
      crashPoint('postgres.begun');
      opening = [];
      await applyRecords(session, operations, outcomes);
    }
    const tasks = new TaskRows();
    const writes = await this.#decide(session, opening, operations, outcomes, tasks);
    const before = commit.mayHaveHappened;
    commit.mayHaveHappened = true;
    try {
      await commitWith(session, writes);
    } catch (error) {
      if (isRolledBack(error)) commit.mayHaveHappened = before;
      throw error;
    }
    crashPoint('postgres.committed');
    await tasks.tell(outcomes);
    return outcomes;
  }

  /** Decides the ledger's operations in their order, and answers the statements that write what changed. */
  async #decide(
    session: Session,
    opening: readonly PromiseLike<unknown>[],
    operations: readonly WriteOperation[],
    outcomes: Decided[],
    tasks: TaskRows,
  ): Promise<PromiseLike<unknown>[]> {
    const asked = operations.filter((operation): operation is LedgerWrite => !isRecordOperation(operation));
    if (asked.length === 0) return [];
    const { processId } = this.#options.lease;
    const { books, nowMs, isLeaseLive } = await loadBooks(session, opening, asked, processId);
    crashPoint('postgres.books-loaded');
    if (!isLeaseLive && asked.some((operation) => operation.kind === 'hold')) throw new LapsedLeaseError();
    // A wall clock that jumps back must not reopen a limit or a day.
    this.#lastMs = Math.max(this.#lastMs, nowMs);
    const day = this.#calendar.dayAt(this.#lastMs);
    const names = new IdempotencyRows();
    await names.load(session, asked);
    const rows = new BatchRows();
    const touched = new Map<AccountBook, Changes>();
    for (const [i, operation] of operations.entries()) {
      if (isRecordOperation(operation)) continue;
      const book = books.get(operation.accountId);
      if (book === undefined) {
        outcomes[i] = refused(`${operation.kind}: there is no account ${operation.accountId}`);
        continue;
      }
      const { use, callId } = names.recall(operation, this.#lastMs);
      if (use !== 'free') {
        outcomes[i] = { kind: use };
        if (use === 'repeated' && callId !== undefined) tasks.ask(i, operation.accountId, callId);
        continue;
      }
      const changes = touched.get(book) ?? new Changes();
      touched.set(book, changes);
      const outcome = decide(book, operation, this.#lastMs, day, changes);
      outcomes[i] = outcome;
      names.add(operation, outcome, changes.newFinals.length > 0, this.#lastMs);
      tasks.add(i, operation, outcome, changes.newFinals.length > 0);
      rows.add(book, operation, changes, this.#lastMs);
    }
    crashPoint('postgres.decided');
    return [
      ...rows.statements(session, touched, processId),
      ...names.statements(session),
      ...tasks.statements(session, processId, this.#lastMs),
    ];
  }
}

/** Writes accounts, keys and plans before the ledger is asked, so that a new account can be used in the same batch. */
async function applyRecords(
  session: Session,
  operations: readonly WriteOperation[],
  outcomes: Decided[],
): Promise<void> {
  // All accounts of the batch are locked first, in one order, or else an update here could wait against it.
  const accountIds = operations.flatMap((operation) => accountOf(operation) ?? []);
  await session.unsafe(LOCK_ACCOUNTS, [textArray(new Set(accountIds))]);
  for (const [i, operation] of operations.entries()) {
    if (!isRecordOperation(operation)) continue;
    outcomes[i] = await applyRecord(session, operation);
    crashPoint('postgres.record-written');
  }
}

/** Writes the rows and commits them in one round trip. Rejects where the server did not say that it has committed. */
async function commitWith(session: Session, writes: readonly PromiseLike<unknown>[]): Promise<void> {
  const rows = allOf(writes);
  const commit = session.unsafe('COMMIT');
  // COMMIT has gone with the rows, so it is with the server when they are answered, and its own answer is unread.
  const written = writes.length === 0 ? rows : rows.then(() => crashPoint('postgres.commit-sent'));
  const [, { command }] = await allOf([written, commit as PromiseLike<{ command: string }>]);
  // A transaction that failed answers COMMIT with ROLLBACK, which is no error.
  if (command !== 'COMMIT') throw new Error(`COMMIT answered ${command}`);
}

function refused(detail: string): Refused {
  return { kind: 'refused', detail };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
