// Applies batches of operations to an SQLite database, one transaction each. It runs in the writer thread, which is
// the only writer, so the books of accounts stay in memory between batches and only changes are written.
import type { Database } from 'bun:sqlite';
import type { Calendar } from '../../core/calendar.ts';
import type { AccountBook } from '../../core/ledger.ts';
import { Changes, decide } from '../../core/ledger.ts';
import type { Day } from '../../core/limits.ts';
import { crashPoint } from '../../crash-point.ts';
import type { BatchResult, Outcome, Refused } from '../group-commit.ts';
import { useOfKey } from '../idempotency.ts';
import type { LedgerWrite } from '../record-operation.ts';
import { isRecordOperation } from '../record-operation.ts';
import { voidOrphan } from '../restart-record.ts';
import type { CallContext, HoldOutcome, WriteOperation } from '../store.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { LedgerRows } from './ledger-rows.ts';
import type { LedgerStatements } from './ledger-statements.ts';
import { prepareLedger } from './ledger-statements.ts';
import { applyRecord } from './records.ts';
import { TaskTable } from './tasks.ts';

/** A batch as it crosses the thread boundary. The clock of the main thread decides, so that tests can set it. */
export type Batch = { readonly nowMs: number; readonly operations: readonly WriteOperation[] };

/** Books kept in memory; beyond this, those without open holds are dropped. */
const BOOKS_MAX = 20_000;

export class BatchWriter {
  readonly #db: Database;
  readonly #calendar: Calendar;
  readonly #owner: string;
  readonly #books = new Map<string, AccountBook>();
  readonly #sql: LedgerStatements;
  readonly #rows: LedgerRows;
  readonly #tasks: TaskTable;
  readonly #names: IdempotencyTable;
  #lastMs = 0;
  /** Whether texts of tasks, or kept answers, were wiped since the write-ahead log was emptied. */
  #hasWiped = false;

  constructor(db: Database, calendar: Calendar, owner: string) {
    this.#db = db;
    this.#calendar = calendar;
    this.#owner = owner;
    this.#sql = prepareLedger(db);
    this.#rows = new LedgerRows(this.#sql, owner);
    this.#tasks = new TaskTable(db);
    this.#names = new IdempotencyTable(db);
  }

  /**
   * One commit for the whole batch. If it fails, each operation is tried alone, so that a poisonous one is refused
   * and the others pass.
   */
  apply(batch: Batch): BatchResult {
    // A wall clock that jumps back must not reopen a limit or a day.
    this.#lastMs = Math.max(this.#lastMs, batch.nowMs);
    try {
      return { outcomes: this.#commit(batch.operations) };
    } catch (error) {
      this.#books.clear();
      if (batch.operations.length === 1) return this.#single(batch.operations[0] as WriteOperation, error);
    }
    const outcomes: (Outcome | Refused)[] = [];
    for (const operation of batch.operations) {
      const result = this.apply({ nowMs: batch.nowMs, operations: [operation] });
      if ('failed' in result)
        return outcomes.length === 0
          ? result
          : { outcomes: [...outcomes, ...refuseRest(batch, outcomes.length, result.failed)] };
      outcomes.push(...result.outcomes);
    }
    return { outcomes };
  }

  /** Ends the holds of processes that are gone: they are voided, and nothing is charged. */
  recover(nowMs: number): number {
    this.#tasks.countRecovery();
    crashPoint('start.deaths-counted');
    const rows = this.#sql.foreignHolds.all(this.#owner);
    for (let i = 0; i < rows.length; i += 500) {
      const operations = rows.slice(i, i + 500).map((row): WriteOperation => {
        const context = JSON.parse(row.context) as CallContext;
        return voidOrphan({ callId: row.call_id, accountId: row.account_id, context }, nowMs);
      });
      const result = this.apply({ nowMs, operations });
      if ('failed' in result) throw new Error(`recovery failed: ${result.failed}`);
      crashPoint('start.orphans-voided');
    }
    return rows.length;
  }

  /**
   * Takes texts that were wiped out of the database's file and its write-ahead log as well, where they would stay until
   * they are overwritten. While somebody reads, or the disk is full, it cannot be done, and is left to the next time:
   * nothing waits for it, and an error that left this place would end the writer.
   */
  forget(): void {
    if (!this.#hasWiped) return;
    try {
      const emptied = this.#db.query<{ busy: number }, []>('PRAGMA wal_checkpoint(TRUNCATE)').get();
      this.#hasWiped = emptied?.busy !== 0;
    } catch {
      // It stays to be done.
    }
  }

  #single(operation: WriteOperation, error: unknown): BatchResult {
    const detail = error instanceof Error ? error.message : String(error);
    const code = (error as { code?: string }).code ?? '';
    // A constraint, or a decision that cannot be made, names this operation; any other word of SQLite (full disk, I/O
    // error) is the store's own trouble.
    if (!code.startsWith('SQLITE_') || code.startsWith('SQLITE_CONSTRAINT'))
      return { outcomes: [{ kind: 'refused', detail: `${operation.kind}: ${detail}` }] };
    return { failed: detail };
  }

  #commit(operations: readonly WriteOperation[]): (Outcome | Refused)[] {
    const nowMs = this.#lastMs;
    const day = this.#calendar.dayAt(nowMs);
    this.#db.run('BEGIN IMMEDIATE');
    crashPoint('writer.begun');
    try {
      const touched = new Map<AccountBook, Changes>();
      const outcomes = operations.map((operation) => this.#apply(operation, nowMs, day, touched));
      for (const [book, changes] of touched) this.#rows.writeChanges(book, changes);
      crashPoint('writer.rows-written');
      this.#db.run('COMMIT');
      crashPoint('writer.committed');
      for (const book of touched.keys()) {
        book.finals.clear();
        book.grants.clear();
      }
      this.#trim();
      return outcomes;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run('ROLLBACK');
      throw error;
    }
  }

  #apply(operation: WriteOperation, nowMs: number, day: Day, touched: Map<AccountBook, Changes>): Outcome | Refused {
    if (isRecordOperation(operation)) {
      const before = operation.kind === 'purgeTasks' ? this.#sql.allChanges.get()?.rows : undefined;
      const outcome = applyRecord(this.#db, operation);
      if (before !== undefined) this.#hasWiped ||= this.#sql.allChanges.get()?.rows !== before;
      crashPoint('writer.record-written');
      return outcome;
    }
    const { accountId } = operation;
    if (!this.#books.has(accountId) && this.#sql.findAccount.get(accountId) === null)
      return { kind: 'refused', detail: `${operation.kind}: there is no account ${accountId}` };
    const known = this.#recall(operation, nowMs);
    if (known !== undefined) return known;
    const book = this.#load(operation, nowMs);
    let changes = touched.get(book);
    if (changes === undefined) {
      changes = new Changes();
      touched.set(book, changes);
    }
    const outcome = decide(book, operation, nowMs, day, changes);
    if (operation.kind === 'settle' && changes.newFinals.length > 0) {
      this.#rows.writeFinal(book, operation.record, nowMs, changes);
      this.#names.end(accountId, operation);
      if (operation.taskEnd !== undefined) {
        this.#tasks.end(book.accountId, operation.callId, operation.taskEnd, nowMs);
        this.#hasWiped = true;
      }
    }
    for (const { operation: granted, bucketId } of changes.newGrants.splice(0)) {
      const source = operation.kind === 'grant' ? operation.source : '';
      this.#sql.insertGrant.run(book.accountId, granted.grantId, bucketId, granted.unit, granted.amount, source, nowMs);
      crashPoint('writer.grant-written');
    }
    if (operation.kind !== 'hold') return outcome;
    if (changes.newHolds.length > 0) this.#rows.writeHold(book, operation, changes);
    const { callId, task, idempotency } = operation;
    if (outcome.kind === 'held' && idempotency !== undefined)
      this.#names.claim(accountId, callId, idempotency, task === undefined ? 'running' : 'task', nowMs);
    if (task === undefined) return outcome;
    if (outcome.kind === 'final') return { ...outcome, ...this.#tasks.find(accountId, callId) };
    if (outcome.kind !== 'held') return outcome;
    return { ...outcome, taskId: this.#tasks.accept(accountId, callId, task, nowMs) };
  }

  /** What is already decided for a request by the client's own name for it; `undefined` where nothing is. */
  #recall(operation: LedgerWrite, nowMs: number): HoldOutcome | undefined {
    if (operation.kind !== 'hold' || operation.idempotency === undefined) return undefined;
    const { accountId, callId, idempotency } = operation;
    const known = this.#names.find(accountId, idempotency.key);
    const use = useOfKey(callId, idempotency, known, nowMs);
    if (use === 'free') return undefined;
    return use === 'repeated' ? { kind: use, ...this.#tasks.find(accountId, known?.callId ?? '') } : { kind: use };
  }

  /** The account's book with everything that this operation may look at. */
  #load(operation: LedgerWrite, nowMs: number): AccountBook {
    let book = this.#books.get(operation.accountId);
    if (book === undefined) {
      book = this.#rows.read(operation.accountId, nowMs);
      this.#books.set(operation.accountId, book);
    }
    if (operation.kind === 'grant') {
      const granted = this.#sql.findGrant.get(operation.accountId, operation.grantId);
      if (granted !== null) book.grants.set(operation.grantId, granted);
      return book;
    }
    if (!book.holds.has(operation.callId)) {
      const row = this.#sql.findFinal.get(operation.accountId, operation.callId);
      if (row !== null)
        book.finals.set(operation.callId, {
          callId: operation.callId,
          outcome: row.outcome,
          unit: row.unit,
          charge: row.charge,
        });
    }
    if (operation.kind === 'hold')
      for (const claim of operation.claims) this.#rows.loadWindow(book, claim.subject, nowMs);
    return book;
  }

  /** Drops expired buckets from busy books, and whole idle books when there are too many. */
  #trim(): void {
    if (this.#books.size <= BOOKS_MAX) return;
    for (const [accountId, book] of this.#books) {
      if (book.holds.size === 0) this.#books.delete(accountId);
      if (this.#books.size <= BOOKS_MAX / 2) return;
    }
  }
}

function refuseRest(batch: Batch, done: number, detail: string): Refused[] {
  return batch.operations.slice(done).map(() => ({ kind: 'refused', detail }));
}
