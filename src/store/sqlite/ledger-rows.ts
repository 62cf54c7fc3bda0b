// The rows of the ledger in the embedded database: an account's book is read from them, and what was decided is written
// to them. Which rows a batch needs, and in which transaction, is batch.ts's.
import type { AccountBook, Changes } from '../../core/ledger.ts';
import { LimitWindow } from '../../core/limits.ts';
import { crashPoint } from '../../crash-point.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { CallRecord } from '../store.ts';
import type { LedgerStatements } from './ledger-statements.ts';

export class LedgerRows {
  readonly #sql: LedgerStatements;
  readonly #owner: string;

  /** @param owner the process that will end the holds which are written here. */
  constructor(sql: LedgerStatements, owner: string) {
    this.#sql = sql;
    this.#owner = owner;
  }

  /** The account's book as its rows have it, without what is asked for call by call. */
  read(accountId: string, nowMs: number): AccountBook {
    const book: AccountBook = {
      accountId,
      buckets: new Map(),
      holds: new Map(),
      finals: new Map(),
      grants: new Map(),
      windows: new Map(),
    };
    for (const row of this.#sql.liveBuckets.all(accountId, nowMs)) {
      book.buckets.set(row.bucketId, { ...row });
    }
    for (const row of this.#sql.openHolds.all(accountId)) {
      book.holds.set(row.call_id, {
        callId: row.call_id,
        unit: row.unit,
        amount: row.amount,
        allocation: JSON.parse(row.allocation),
      });
    }
    return book;
  }

  loadWindow(book: AccountBook, subject: string, nowMs: number): void {
    if (book.windows.has(subject)) return;
    const row = this.#sql.findWindow.get(book.accountId, subject);
    if (row === null) return;
    const cells = row.cells.buffer.slice(
      row.cells.byteOffset,
      row.cells.byteOffset + row.cells.byteLength,
    ) as ArrayBuffer;
    const window = new LimitWindow(cells, row.day, row.day_count);
    window.bringBack(nowMs);
    book.windows.set(subject, window);
  }

  writeHold(book: AccountBook, operation: LedgerWrite & { kind: 'hold' }, changes: Changes): void {
    // The hold of a task outlives this process; any other ends with it.
    const owner = operation.task === undefined ? this.#owner : 'task';
    for (const hold of changes.newHolds.splice(0)) {
      this.#sql.insertHold.run(
        hold.callId,
        book.accountId,
        hold.unit,
        hold.amount,
        JSON.stringify(hold.allocation),
        owner,
        JSON.stringify(operation.context),
      );
      crashPoint('writer.hold-written');
    }
  }

  /** A hold ends in the same commit as its terminal entry begins. */
  writeFinal(book: AccountBook, record: CallRecord, nowMs: number, changes: Changes): void {
    changes.endedHolds.length = 0;
    for (const { final, allocation, held } of changes.newFinals.splice(0)) {
      this.#sql.deleteHold.run(book.accountId, final.callId);
      crashPoint('writer.hold-deleted');
      const u = record.usage;
      this.#sql.insertUsage.run(
        final.callId,
        book.accountId,
        record.keyId,
        record.dialect,
        record.endpoint,
        record.model,
        record.provider,
        record.upstreamModel,
        final.outcome,
        final.unit,
        held,
        final.charge,
        JSON.stringify(allocation),
        record.priceVersion,
        u?.source ?? null,
        u?.inputTokens ?? null,
        u?.cachedInputTokens ?? null,
        u?.outputTokens ?? null,
        u?.reasoningTokens ?? null,
        u?.images ?? null,
        record.status,
        record.errorCode,
        record.attempts,
        record.firstByteMs,
        record.durationMs,
        record.admittedAtMs,
        nowMs,
        record.costMicroRub,
        record.unpaidAttempts,
        u?.cacheWriteTokens ?? null,
        record.countedTokens,
        u?.characters ?? null,
        u?.audioSeconds ?? null,
      );
      crashPoint('writer.charge-written');
    }
  }

  /** The balances and counters of a batch, once for each that it changed. */
  writeChanges(book: AccountBook, changes: Changes): void {
    for (const b of changes.buckets)
      this.#sql.putBucket.run(book.accountId, b.bucketId, b.kind, b.unit, b.expiresAtMs, b.granted, b.held, b.used);
    for (const [subject, window] of changes.windows) {
      this.#sql.putWindow.run(book.accountId, subject, window.bytes(), window.day, window.dayCount);
    }
  }
}
