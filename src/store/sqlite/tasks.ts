// Writes tasks beside the ledger's entries, in the ledger's own transaction.
import type { Database } from 'bun:sqlite';
import { crashPoint } from '../../crash-point.ts';
import type { HoldOutcome, IdempotencyKey, NewTask, TaskEnd } from '../store.ts';
import type { RememberedKey } from '../task-key.ts';
import { useOfKey } from '../task-key.ts';

export class TaskTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#sql = prepare(db);
  }

  /** Adds the task of a call, once: a call that is held again keeps the task it has. */
  accept(accountId: string, callId: string, task: NewTask, nowMs: number): number {
    const known = this.#sql.findByCall.get(accountId, callId);
    if (known !== null) return known.task_id;
    const { idempotency, webhook } = task;
    if (idempotency !== undefined) {
      const { keyId, key, fingerprint } = idempotency;
      this.#sql.putKey.run(keyId, key, fingerprint, accountId, callId, nowMs);
    }
    const url = webhook?.url ?? null;
    const keyId = webhook?.keyId ?? null;
    const { lastInsertRowid } = this.#sql.insert.run(accountId, callId, task.request, nowMs, url, keyId);
    crashPoint('writer.task-written');
    return Number(lastInsertRowid);
  }

  /** What is already decided for a request by the client's own name for it; `undefined` where nothing is. */
  recall(callId: string, key: IdempotencyKey, nowMs: number): HoldOutcome | undefined {
    const row = this.#sql.findKey.get(key.keyId, key.key);
    switch (useOfKey(callId, key, row ?? undefined, nowMs)) {
      case 'repeated':
        return { kind: 'repeated', ...this.find(row?.accountId ?? '', row?.callId ?? '') };
      case 'mismatched':
        return { kind: 'mismatched' };
      default:
        return undefined;
    }
  }

  /** The id of a call's task, where it has one. */
  find(accountId: string, callId: string): { taskId: number } | undefined {
    const known = this.#sql.findByCall.get(accountId, callId);
    return known === null ? undefined : { taskId: known.task_id };
  }

  /** Ends the task of a call that has just got its terminal entry, and wipes what it was asked. */
  end(accountId: string, callId: string, end: TaskEnd, nowMs: number): void {
    this.#sql.end.run(end.status, end.result, end.errorCode, nowMs, nowMs, accountId, callId);
    crashPoint('writer.task-ended');
  }

  /** Counts that a process died while these tasks were queued or running. */
  countRecovery(): void {
    this.#sql.countRecovery.run();
  }
}

function prepare(db: Database) {
  return {
    findByCall: db.prepare<{ task_id: number }, [string, string]>(
      'SELECT task_id FROM task WHERE account_id = ? AND call_id = ?',
    ),
    insert: db.prepare<unknown, [string, string, string, number, string | null, string | null]>(
      "INSERT INTO task (account_id, call_id, status, request, created_at, webhook_url, webhook_key_id) VALUES (?, ?, 'queued', ?, ?, ?, ?)",
    ),
    // Only a queued task can end, so that no second end can change what a client has seen.
    end: db.prepare<unknown, [string, string | null, string | null, number, number, string, string]>(
      "UPDATE task SET status = ?, result = ?, error_code = ?, ended_at = ?, request = '', webhook_due_at = CASE WHEN webhook_url IS NOT NULL THEN ? END WHERE account_id = ? AND call_id = ? AND status = 'queued'",
    ),
    findKey: db.prepare<RememberedKey & { accountId: string }, [string, string]>(
      'SELECT account_id AS accountId, call_id AS callId, fingerprint, created_at AS createdAtMs FROM idempotency WHERE key_id = ? AND idempotency_key = ?',
    ),
    // Only a name that is free, or was forgotten, is ever written.
    putKey: db.prepare<unknown, [string, string, string, string, string, number]>(
      'INSERT OR REPLACE INTO idempotency (key_id, idempotency_key, fingerprint, account_id, call_id, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    countRecovery: db.prepare("UPDATE task SET recoveries = recoveries + 1 WHERE status = 'queued'"),
  };
}
