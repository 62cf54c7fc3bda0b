// Gathers the tasks that a batch accepts and ends, and writes them in the batch's own transaction.
import type { LedgerOutcome } from '../../core/ledger.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { HoldOutcome, TaskEnd } from '../store.ts';
import type { Session } from './connection.ts';
import { textArray, toInteger } from './connection.ts';

// A call that is held again keeps the task it has.
const INSERT = `INSERT INTO task (account_id, call_id, status, owner, request, created_at)
  SELECT account_id, call_id, 'queued', $2::text, request, $3::bigint FROM jsonb_to_recordset($1::text::jsonb)
    AS t(account_id text, call_id text, request text)
  ON CONFLICT (call_id) DO NOTHING`;
const FIND = 'SELECT call_id, task_id FROM task WHERE call_id = ANY($1::text[])';
// Only a queued task can end, so that no second end can change what a client has seen.
const END = `UPDATE task SET status = e.status, result = e.result, error_code = e.error_code, ended_at = $2::bigint, request = ''
  FROM jsonb_to_recordset($1::text::jsonb) AS e(call_id text, status text, result text, error_code text)
  WHERE task.call_id = e.call_id AND task.status = 'queued'`;

type IdRow = { readonly call_id: string; readonly task_id: string };

export class TaskRows {
  readonly #accepted: { account_id: string; call_id: string; request: string }[] = [];
  readonly #ended: { call_id: string; status: string; result: string | null; error_code: string | null }[] = [];
  /** The calls that may have a task, with the places of their outcomes. */
  readonly #asked = new Map<number, string>();
  #ids: PromiseLike<IdRow[]> | undefined;

  /** @param i the operation's place in the batch. @param isFirstEnd whether the call has got its terminal entry by it. */
  add(i: number, operation: LedgerWrite, outcome: LedgerOutcome, isFirstEnd: boolean): void {
    if (operation.kind === 'settle' && operation.taskEnd !== undefined && isFirstEnd)
      this.#ended.push(endRow(operation.callId, operation.taskEnd));
    if (operation.kind !== 'hold' || operation.task === undefined) return;
    const { accountId: account_id, callId: call_id } = operation;
    if (outcome.kind === 'held') this.#accepted.push({ account_id, call_id, request: operation.task.request });
    if (outcome.kind === 'held' || outcome.kind === 'final') this.#asked.set(i, call_id);
  }

  /** Statements for the same round trip as the batch's others; they are sent when they are waited for. */
  statements(session: Session, processId: string, nowMs: number): PromiseLike<unknown>[] {
    const statements: PromiseLike<unknown>[] = [];
    if (this.#accepted.length > 0)
      statements.push(session.unsafe(INSERT, [JSON.stringify(this.#accepted), processId, nowMs]));
    if (this.#ended.length > 0) statements.push(session.unsafe(END, [JSON.stringify(this.#ended), nowMs]));
    if (this.#asked.size > 0) {
      this.#ids = session.unsafe<IdRow[]>(FIND, [textArray(new Set(this.#asked.values()))]);
      statements.push(this.#ids);
    }
    return statements;
  }

  /** Puts the ids of accepted tasks into their outcomes, after the statements were answered. */
  async tell(outcomes: unknown[]): Promise<void> {
    if (this.#ids === undefined) return;
    const ids = new Map((await this.#ids).map((row) => [row.call_id, toInteger(row.task_id)]));
    for (const [i, callId] of this.#asked) {
      const taskId = ids.get(callId);
      if (taskId !== undefined) outcomes[i] = { ...(outcomes[i] as HoldOutcome), taskId };
    }
  }
}

function endRow(call_id: string, end: TaskEnd) {
  // As JSON within JSON every character passes, the NUL and lone halves of surrogate pairs among them.
  const result = end.result === null ? null : JSON.stringify(end.result);
  return { call_id, status: end.status, result, error_code: end.errorCode };
}
