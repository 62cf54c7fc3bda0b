// Writes tasks beside the ledger's entries, in the ledger's own transaction.
import type { Database } from 'bun:sqlite';
import { crashPoint } from '../../crash-point.ts';
import type { NewTask, TaskEnd } from '../store.ts';

export class TaskTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#sql = prepare(db);
  }

  /** Adds the task of a call, once: a call that is held again keeps the task it has. */
  accept(accountId: string, callId: string, task: NewTask, nowMs: number): number {
    const known = this.#sql.findByCall.get(accountId, callId);
    if (known !== null) return known.task_id;
    const url = task.webhook?.url ?? null;
    const keyId = task.webhook?.keyId ?? null;
    const { lastInsertRowid } = this.#sql.insert.run(accountId, callId, task.request, nowMs, url, keyId);
    crashPoint('writer.task-written');
    return Number(lastInsertRowid);
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
    countRecovery: db.prepare("UPDATE task SET recoveries = recoveries + 1 WHERE status = 'queued'"),
  };
}
