// Finds tasks, and takes over those whose process is gone.
import { crashPoint } from '../../crash-point.ts';
import type { CallContext, DueWebhook, TaskReference, TaskRow, TaskWork } from '../store.ts';
import { toInteger, toIntegerOrNull } from './connection.ts';
import type { ProcessLease } from './process-lease.ts';
import { MAY_TAKE } from './process-lease.ts';
import type { StatementPool } from './statement-pool.ts';

/** Tasks that are taken over in one go. */
const ADOPT_MAX = 1_000;

const FIND = `SELECT task_id AS "taskId", account_id AS "accountId", call_id AS "callId", status, result,
  error_code AS "errorCode", created_at AS "createdAtMs", ended_at AS "endedAtMs" FROM task WHERE task_id = $1::bigint`;
// A task that another process has taken over meanwhile is that one's to run.
const FIND_WORK = `SELECT t.task_id AS "taskId", t.account_id AS "accountId", t.call_id AS "callId", a.plan_id AS "planId",
    t.request, t.recoveries, t.starts, h.amount, h.context
  FROM task t JOIN account a USING (account_id) JOIN hold h ON h.call_id = t.call_id AND h.account_id = t.account_id
  WHERE t.task_id = $1::bigint AND t.status = 'queued' AND (t.owner = $2 OR $3::boolean)`;
const DUE_WEBHOOKS = `SELECT task_id AS "taskId", webhook_key_id AS "keyId", webhook_url AS url, webhook_tries AS tries,
  webhook_due_at AS "dueAtMs" FROM task WHERE webhook_due_at <= $1::bigint ORDER BY webhook_due_at LIMIT $2::int`;
// A process that ended in order has no row. One whose lease has lapsed may come back, if only the database was away.
const ABANDONED = `owner <> $1::text AND NOT EXISTS (SELECT 1 FROM process
  WHERE process_id = owner AND (lease_until > (SELECT now_ms()) OR NOT ${MAY_TAKE}))`;
const CANDIDATES = `SELECT task_id FROM task WHERE status = 'queued' AND ${ABANDONED} ORDER BY task_id LIMIT ${ADOPT_MAX}`;
// Of several processes that ask for the same task the first one gets it: the others wait for the row, and then find a
// live owner.
const ADOPT = `UPDATE task SET owner = $1::text, recoveries = recoveries + 1
  WHERE task_id = ANY($3::text::bigint[]) AND status = 'queued' AND ${ABANDONED}`;
const ADOPTED = `SELECT task_id AS "taskId", account_id AS "accountId" FROM task
  WHERE task_id = ANY($2::text::bigint[]) AND status = 'queued' AND owner = $1::text ORDER BY task_id`;

type Integers<T, K extends keyof T> = Omit<T, K> & Record<K, string>;

export class TaskReader {
  readonly #pool: StatementPool;
  readonly #lease: ProcessLease;
  /** Asked for, while it is unknown which of them this process has got. */
  #asked: readonly string[] = [];
  #isAdopting = false;

  constructor(pool: StatementPool, lease: ProcessLease) {
    this.#pool = pool;
    this.#lease = lease;
  }

  async find(taskId: number): Promise<TaskRow | undefined> {
    type Row = Integers<TaskRow, 'taskId' | 'createdAtMs'> & { endedAtMs: string | null };
    const [row] = await this.#pool.query<Row>(FIND, [taskId]);
    if (row === undefined) return undefined;
    return {
      ...row,
      taskId: toInteger(row.taskId),
      result: row.result === null ? null : (JSON.parse(row.result) as string),
      createdAtMs: toInteger(row.createdAtMs),
      endedAtMs: toIntegerOrNull(row.endedAtMs),
    };
  }

  /** The stored call with its hold; a queued task always has one. */
  async findWork(taskId: number, whose?: 'anybody'): Promise<TaskWork | undefined> {
    type Row = Integers<TaskWork, 'taskId' | 'amount'> & { context: CallContext };
    const [row] = await this.#pool.query<Row>(FIND_WORK, [taskId, this.#lease.processId, whose === 'anybody']);
    return row === undefined ? undefined : { ...row, taskId: toInteger(row.taskId), amount: toInteger(row.amount) };
  }

  async listDueWebhooks(nowMs: number, limit: number): Promise<DueWebhook[]> {
    const rows = await this.#pool.query<Integers<DueWebhook, 'taskId' | 'dueAtMs'>>(DUE_WEBHOOKS, [nowMs, limit]);
    return rows.map((row) => ({ ...row, taskId: toInteger(row.taskId), dueAtMs: toInteger(row.dueAtMs) }));
  }

  /**
   * Takes over the tasks of processes that are gone. A statement whose answer was lost may have taken some, so what
   * this process has got is read afterwards, if need be on the next occasion.
   */
  async adopt(): Promise<TaskReference[]> {
    // Parallel adoptions would read each other's tasks as their own.
    if (this.#isAdopting) return [];
    try {
      this.#isAdopting = true;
      return await this.#adopt();
    } finally {
      this.#isAdopting = false;
    }
  }

  async #adopt(): Promise<TaskReference[]> {
    const { processId } = this.#lease;
    const adopted: TaskReference[] = [];
    for (;;) {
      if (this.#asked.length === 0) {
        const candidates = await this.#pool.query<{ task_id: string }>(CANDIDATES, [
          processId,
          this.#lease.takingNeedsMs,
        ]);
        this.#asked = candidates.map((row) => row.task_id);
      }
      if (this.#asked.length === 0) return adopted;
      const ids = `{${this.#asked.join(',')}}`;
      await this.#pool.query(ADOPT, [processId, this.#lease.takingNeedsMs, ids]);
      crashPoint('postgres.tasks-taken');
      type Row = Integers<TaskReference, 'taskId'>;
      const rows = await this.#pool.query<Row>(ADOPTED, [processId, ids]);
      adopted.push(...rows.map(({ taskId, accountId }) => ({ taskId: toInteger(taskId), accountId })));
      this.#asked = [];
    }
  }
}
