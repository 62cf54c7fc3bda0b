// Gathers the tasks that a batch accepts and ends, and writes them in the batch's own transaction.
import type { LedgerOutcome } from '../../core/ledger.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { HoldOutcome, NewTask, TaskEnd } from '../store.ts';
import type { Session } from './connection.ts';
import { toInteger } from './connection.ts';

// A call that is held again keeps the task it has.
const INSERT = `INSERT INTO task (account_id, call_id, status, owner, request, created_at, webhook_url, webhook_key_id)
  SELECT account_id, call_id, 'queued', $2::text, request, $3::bigint, webhook_url, webhook_key_id FROM jsonb_to_recordset($1::text::jsonb)
    AS t(account_id text, call_id text, request text, webhook_url text, webhook_key_id text)
  ON CONFLICT (account_id, call_id) DO NOTHING`;
const FIND = `SELECT account_id, call_id, task_id FROM task
  JOIN jsonb_to_recordset($1::text::jsonb) AS asked(account_id text, call_id text) USING (account_id, call_id)`;
// Only a queued task can end, so that no second end can change what a client has seen.
const END = `UPDATE task SET status = e.status, result = e.result, error_code = e.error_code, ended_at = $2::bigint, request = '',
    webhook_due_at = CASE WHEN task.webhook_url IS NOT NULL THEN $2::bigint END
  FROM jsonb_to_recordset($1::text::jsonb) AS e(account_id text, call_id text, status text, result text, error_code text)
  WHERE task.account_id = e.account_id AND task.call_id = e.call_id AND task.status = 'queued'`;

type Call = { readonly account_id: string; readonly call_id: string };
type IdRow = Call & { readonly task_id: string };

export class TaskRows {
  readonly #accepted: object[] = [];
  readonly #ended: ReturnType<typeof endRow>[] = [];
  /** The calls that may have a task, with the places of their outcomes. */
  readonly #asked = new Map<number, Call>();
  #ids: PromiseLike<IdRow[]> | undefined;

  /** Asks for the id of the task that a call has. @param i the place of the outcome that will tell it. */
  ask(i: number, accountId: string, callId: string): void {
    this.#asked.set(i, { account_id: accountId, call_id: callId });
  }

  /** @param i the operation's place in the batch. @param isFirstEnd whether the call has got its terminal entry by it. */
  add(i: number, operation: LedgerWrite, outcome: LedgerOutcome, isFirstEnd: boolean): void {
    if (operation.kind === 'grant') return;
    const call = { account_id: operation.accountId, call_id: operation.callId };
    if (operation.kind === 'settle') {
      if (operation.taskEnd !== undefined && isFirstEnd) this.#ended.push(endRow(call, operation.taskEnd));
      return;
    }
    if (operation.task === undefined) return;
    if (outcome.kind === 'held') this.#accept(call, operation.task);
    if (outcome.kind === 'held' || outcome.kind === 'final') this.#asked.set(i, call);
  }

  #accept(call: Call, { request, webhook }: NewTask): void {
    const { url: webhook_url, keyId: webhook_key_id } = webhook ?? {};
    this.#accepted.push({ ...call, request, webhook_url, webhook_key_id });
  }

  /** Statements for the same round trip as the batch's others; they are sent when they are waited for. */
  statements(session: Session, processId: string, nowMs: number): PromiseLike<unknown>[] {
    const statements: PromiseLike<unknown>[] = [];
    if (this.#accepted.length > 0)
      statements.push(session.unsafe(INSERT, [JSON.stringify(this.#accepted), processId, nowMs]));
    if (this.#ended.length > 0) statements.push(session.unsafe(END, [JSON.stringify(this.#ended), nowMs]));
    if (this.#asked.size > 0) {
      this.#ids = session.unsafe<IdRow[]>(FIND, [JSON.stringify([...this.#asked.values()])]);
      statements.push(this.#ids);
    }
    return statements;
  }

  /** Puts the ids of accepted tasks into their outcomes, after the statements were answered. */
  async tell(outcomes: unknown[]): Promise<void> {
    if (this.#ids === undefined) return;
    const ids = new Map((await this.#ids).map((row) => [keyOf(row), toInteger(row.task_id)]));
    for (const [i, call] of this.#asked) {
      const taskId = ids.get(keyOf(call));
      if (taskId !== undefined) outcomes[i] = { ...(outcomes[i] as HoldOutcome), taskId };
    }
  }
}

function keyOf({ account_id, call_id }: Call): string {
  return JSON.stringify([account_id, call_id]);
}

function endRow(call: Call, end: TaskEnd) {
  // As JSON within JSON every character passes, the NUL and lone halves of surrogate pairs among them.
  const result = end.result === null ? null : JSON.stringify(end.result);
  return { ...call, status: end.status, result, error_code: end.errorCode };
}
