// Keeps clients' names for requests beside the ledger's entries, in the ledger's own transaction.
import type { Database } from 'bun:sqlite';
import type { RememberedKey } from '../idempotency.ts';
import { packAnswer } from '../idempotency.ts';
import type { CallRecord, IdempotencyKey, StoredAnswer } from '../store.ts';

type Ended = {
  readonly callId: string;
  readonly outcome: 'settled' | 'void';
  readonly record: CallRecord;
  readonly answer?: StoredAnswer;
};

export class IdempotencyTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#sql = prepare(db);
  }

  find(accountId: string, key: string): RememberedKey | undefined {
    return this.#sql.find.get(accountId, key) ?? undefined;
  }

  /** Takes a name that is free, or was forgotten, for a call that has just got its hold. */
  claim(
    accountId: string,
    callId: string,
    { key, fingerprint }: IdempotencyKey,
    state: 'running' | 'task',
    nowMs: number,
  ): void {
    this.#sql.put.run(accountId, key, fingerprint, callId, state, nowMs);
  }

  /** Keeps what a call was answered that has just got its terminal entry; where nothing is charged the name is free. */
  end(accountId: string, { callId, outcome, record, answer }: Ended): void {
    const key = record.idempotencyKey;
    if (key === undefined) return;
    if (outcome === 'void') this.#sql.free.run(accountId, key, callId);
    else this.#sql.answer.run(answer === undefined ? null : packAnswer(answer), accountId, key, callId);
  }
}

function prepare(db: Database) {
  return {
    find: db.prepare<RememberedKey, [string, string]>(
      'SELECT call_id AS callId, fingerprint, state, created_at AS createdAtMs FROM idempotency WHERE account_id = ? AND idempotency_key = ?',
    ),
    put: db.prepare<unknown, [string, string, string, string, string, number]>(
      'INSERT OR REPLACE INTO idempotency (account_id, idempotency_key, fingerprint, call_id, state, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    free: db.prepare<unknown, [string, string, string]>(
      'DELETE FROM idempotency WHERE account_id = ? AND idempotency_key = ? AND call_id = ?',
    ),
    answer: db.prepare<unknown, [Uint8Array | null, string, string, string]>(
      "UPDATE idempotency SET state = 'answered', answer = ? WHERE account_id = ? AND idempotency_key = ? AND call_id = ?",
    ),
  };
}
