// Watches tasks from outside: each ends once, in one way, with the charge that belongs to that way; a name makes one
// task; and whoever wanted to be told of the end is told.
import type { Database } from 'bun:sqlite';
import type { LedgerWitness } from './ledger-witness.ts';
import { promise } from './violation.ts';

const DAY_MS = 86_400_000;

type Row = {
  readonly taskId: number;
  readonly callId: string;
  readonly accountId: string;
  readonly status: string;
  readonly result: string | null;
  readonly errorCode: string | null;
  readonly request: string;
  readonly hasWebhook: number;
  readonly createdAtMs: number;
};

export type TaskName = { readonly name: string; readonly body: unknown };

export class TaskWitness {
  /** Tasks whose webhook a customer's server has taken. */
  readonly delivered = new Set<number>();
  /** Tasks that a client was told of. */
  readonly known = new Set<number>();
  readonly #ledger: LedgerWitness;
  readonly #all: ReturnType<typeof prepare>;
  readonly #bodies = new Map<string, unknown>();
  readonly #ends = new Map<number, string>();
  readonly #named = new Map<
    string,
    { readonly taskId: number; readonly body: string; readonly forgottenAtMs: number }
  >();

  constructor(db: Database, ledger: LedgerWitness) {
    this.#ledger = ledger;
    this.#all = prepare(db);
  }

  get queued(): number {
    return this.#all.queued.get()?.n ?? 0;
  }

  /** Whether every task that has ended was told to its customer's server, where that was asked for. */
  get allTold(): boolean {
    return this.#all.all.all().every((row) => row.hasWebhook === 0 || this.delivered.has(row.taskId));
  }

  /** What a name stands for: what it was first used with. */
  bodyOf(name: string, body: unknown): unknown {
    const first = this.#bodies.get(name) ?? body;
    this.#bodies.set(name, first);
    return first;
  }

  /** The calls of queued tasks with a mark in their text: several, where a name was forgotten and then used again. */
  callsOf(mark: string): string[] {
    return this.#all.byMark.all(`${mark}.`).map(({ callId }) => callId);
  }

  accountOf(taskId: number): string {
    return this.#all.one.get(taskId)?.accountId ?? '';
  }

  /** A client that gave its request a name was told a task. */
  seeAccepted(taskId: number, named: TaskName | undefined): void {
    const row = this.#all.one.get(taskId);
    promise(row !== null, () => `task ${taskId} was accepted and does not exist`);
    this.known.add(taskId);
    if (named === undefined) return;
    const body = JSON.stringify(named.body);
    const earlier = this.#named.get(named.name);
    if (earlier === undefined) {
      this.#named.set(named.name, { taskId, body, forgottenAtMs: row.createdAtMs + DAY_MS });
      return;
    }
    promise(earlier.body === body, () => `${named.name} is taken for another request`);
    promise(earlier.taskId === taskId, () => `${named.name} made the tasks ${earlier.taskId} and ${taskId}`);
  }

  /** Names are remembered for a day. */
  seeTime(nowMs: number): void {
    for (const [name, { forgottenAtMs }] of this.#named) if (forgottenAtMs <= nowMs) this.#named.delete(name);
  }

  /** A client polled, and was told of a task. */
  seeTold(taskId: number, status: string, result: string | null): void {
    const row = this.#all.one.get(taskId);
    const kept = row?.errorCode === 'task_cancelled' ? 'cancelled' : row?.status;
    promise(
      kept === status && row?.result === result,
      () => `task ${taskId} is told as ${status} «${result}» and kept as ${kept} «${row?.result}»`,
    );
  }

  /** A message about a task goes out: it must have ended so, durably. */
  seeWebhook(taskId: number, status: string): void {
    const row = this.#all.one.get(taskId);
    promise(
      row !== null && row.status !== 'queued',
      () => `a webhook tells ${status} of task ${taskId}, which is open`,
    );
  }

  compareAll(): void {
    for (const row of this.#all.all.all()) {
      const final = this.#ledger.calls.get(row.callId)?.final;
      if (row.status === 'queued') {
        promise(final === undefined, () => `task ${row.taskId} waits and its call is ${final?.outcome}`);
        continue;
      }
      const wanted = row.status === 'completed' ? 'settled' : 'void';
      promise(final?.outcome === wanted, () => `task ${row.taskId} is ${row.status} and its call ${final?.outcome}`);
      promise(row.request === '', () => `task ${row.taskId} has ended and its request is kept`);
      const end = `${row.status} ${row.errorCode} ${row.result}`;
      const earlier = this.#ends.get(row.taskId) ?? end;
      promise(earlier === end, () => `task ${row.taskId} had ended as ${earlier} and now has as ${end}`);
      this.#ends.set(row.taskId, end);
    }
  }

  /** At rest nothing waits, and every message has arrived. */
  checkRest(): void {
    for (const row of this.#all.all.all()) {
      promise(row.status !== 'queued', () => `task ${row.taskId} never ends`);
      const isTold = row.hasWebhook === 0 || this.delivered.has(row.taskId);
      promise(isTold, () => `the webhook of task ${row.taskId} never arrives`);
    }
  }
}

function prepare(db: Database) {
  const columns = `task_id AS taskId, call_id AS callId, account_id AS accountId, status, result, error_code AS errorCode, request, created_at AS createdAtMs,
    webhook_url IS NOT NULL AS hasWebhook`;
  return {
    all: db.prepare<Row, []>(`SELECT ${columns} FROM task`),
    one: db.prepare<Row, [number]>(`SELECT ${columns} FROM task WHERE task_id = ?`),
    byMark: db.prepare<{ callId: string }, [string]>(
      "SELECT call_id AS callId FROM task WHERE status = 'queued' AND instr(request, ?) > 0",
    ),
    queued: db.prepare<{ n: number }, []>("SELECT count(*) AS n FROM task WHERE status = 'queued'"),
  };
}
