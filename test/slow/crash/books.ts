// The gateway's disk, read beside the gateway itself and compared with what was seen of it. Every comparison is made on
// a process that has just recovered and has no clients yet, or on none.
import { expect } from 'bun:test';
import type { Customer } from '../../../src/testing/gateway-client.ts';
import type { LedgerView } from './ledger-view.ts';
import type { Endpoint, SeenCall, Witness } from './witness.ts';

export const PRICE = 2;

export type Entry = {
  readonly callId: string;
  readonly endpoint: Endpoint;
  readonly outcome: 'settled' | 'void';
  readonly charge: number;
  readonly errorCode: string | null;
};
type TaskEntry = {
  readonly taskId: number;
  readonly callId: string;
  readonly status: 'queued' | 'completed' | 'failed';
  readonly result: string | null;
  readonly errorCode: string | null;
  readonly webhookDueAtMs: number | null;
};

/** What became of a task, as soon as that was seen on disk, and the process that was running then. */
type EndedTask = TaskEntry & { readonly generation: number };

export class Books {
  readonly #view: LedgerView;
  readonly #witness: Witness;
  /** Terminal entries and queued tasks that earlier comparisons have accounted for. */
  readonly #known = new Set<string>();
  readonly tasks = new Map<number, TaskEntry>();
  readonly #ended = new Map<number, EndedTask>();
  readonly totals = { calls: 0, complete: 0, chargedUnseen: 0, voidedByRestart: 0, tasks: 0, providerCalls: 0 };

  constructor(view: LedgerView, witness: Witness) {
    this.#view = view;
    this.#witness = witness;
  }

  /** Holds that end with the process that took them. After a start there are none, whatever was before. */
  holdsOfProcesses(): Promise<number> {
    return this.#count("SELECT count(*) AS n FROM hold WHERE owner <> 'task'");
  }

  queuedTasks(): Promise<number> {
    return this.#count("SELECT count(*) AS n FROM task WHERE status = 'queued'");
  }

  /** Terminal entries of calls that no comparison has seen yet. */
  async newEntries(): Promise<Entry[]> {
    return (await this.#listEntries()).filter((entry) => !this.#known.has(entry.callId));
  }

  /** Notes what tasks there are. It is to be called before anything can forget them. */
  async noteTasks(): Promise<void> {
    for (const task of await this.#listTasks()) {
      this.tasks.set(task.taskId, task);
      if (task.status !== 'queued' && !this.#ended.has(task.taskId))
        this.#ended.set(task.taskId, { ...task, generation: this.#witness.generation });
    }
  }

  /** After a restart: everything that clients and providers have seen since the last one is on disk, once. */
  async compare(): Promise<void> {
    expect(await this.holdsOfProcesses()).toBe(0);
    expect((await this.#view.audit()).findings).toEqual([]);
    await this.noteTasks();
    const entries = new Map((await this.newEntries()).map((entry) => [entry.callId, entry]));
    const queued = [...this.tasks.values()].filter(
      ({ status, callId }) => status === 'queued' && !this.#known.has(callId),
    );
    const calls = this.#witness.calls;
    this.#witness.calls = [];
    this.#countHolds(calls, entries.size + queued.length);
    const unseen = new Map(entries);
    for (const call of calls) {
      if (call.callId !== undefined) this.#compareCall(call, call.callId, entries.get(call.callId));
      if (call.callId !== undefined) unseen.delete(call.callId);
      this.#compareProviders(call);
    }
    this.#compareUnseen(calls, [...unseen.values()]);
    for (const { callId } of [...entries.values(), ...queued]) this.#known.add(callId);
    this.totals.calls += calls.length;
    this.totals.complete += calls.filter(({ ending }) => ending === 'complete').length;
    this.totals.voidedByRestart += [...entries.values()].filter(
      ({ errorCode }) => errorCode === 'gateway_restarted',
    ).length;
  }

  /** No provider is asked before the hold of its call is durable: there are at least as many calls on disk as were asked about. */
  #countHolds(calls: readonly SeenCall[], onDisk: number): void {
    const asked = calls.filter(({ mark }) => this.#witness.askedProviders.has(mark)).length;
    expect(onDisk).toBeGreaterThanOrEqual(asked);
  }

  #compareCall(call: SeenCall, callId: string, entry: Entry | undefined): void {
    if (call.endpoint === 'task') {
      // A task that was accepted is queued or has ended; its end is compared when all have.
      if (call.ending === 'complete') expect([...this.tasks.values()].map((task) => task.callId)).toContain(callId);
      return;
    }
    const settled = { outcome: 'settled', charge: PRICE };
    switch (call.ending) {
      case 'complete':
        expect({ ...call, entry }).toMatchObject({ entry: { ...settled, errorCode: null } });
        return;
      case 'refused':
        if (entry !== undefined) expect({ ...call, entry }).toMatchObject({ entry: { outcome: 'void', charge: 0 } });
        return;
      case 'left':
      case 'cut':
        // The headers of its stream were there, so the hold was durable: it has ended, either way.
        expect({ ...call, entry: entry ?? 'lost' }).toMatchObject({ entry: { callId } });
        if (entry?.outcome !== 'settled') return;
        expect(entry.charge).toBe(PRICE);
        if (call.ending === 'cut') this.totals.chargedUnseen += 1;
    }
  }

  /** What was charged although its client was told nothing is at most what was in flight when the process died. */
  #compareUnseen(calls: readonly SeenCall[], entries: readonly Entry[]): void {
    for (const endpoint of ['chat', 'image'] as const) {
      const silent = calls.filter((call) => call.callId === undefined && call.endpoint === endpoint);
      const charged = entries.filter((entry) => entry.outcome === 'settled' && entry.endpoint === endpoint);
      const answered = silent.filter(({ mark }) =>
        this.#witness.askedProviders.get(mark)?.some(({ isFailed }) => !isFailed),
      );
      expect(charged.length).toBeLessThanOrEqual(answered.length);
      for (const { charge } of charged) expect(charge).toBe(PRICE);
      this.totals.chargedUnseen += charged.length;
    }
  }

  /** One request to a provider for each call, and one more where the first one surely failed. */
  #compareProviders({ mark, endpoint }: SeenCall): void {
    const asked = this.#witness.askedProviders.get(mark) ?? [];
    if (endpoint === 'task') return;
    const failed = asked.filter(({ isFailed }) => isFailed).length;
    expect({ mark, asked: asked.length <= 1 + Math.min(1, failed) }).toEqual({ mark, asked: true });
  }

  /** When every task has ended: each ended once, was charged by its end, and its provider was asked again only after a death. */
  async compareTasks(): Promise<void> {
    await this.noteTasks();
    const entries = new Map((await this.#listEntries()).map((entry) => [entry.callId, entry]));
    for (const task of this.#ended.values()) {
      const isCompleted = task.status === 'completed';
      const due = isCompleted ? { outcome: 'settled', charge: PRICE } : { outcome: 'void', charge: 0 };
      expect({ ...task, ...entries.get(task.callId) }).toMatchObject({ callId: task.callId, ...due });
    }
    for (const [taskId, seen] of this.#witness.tasks) {
      const ended = this.#ended.get(taskId);
      const due = seen.isCancelled
        ? { errorCode: 'task_cancelled', result: null }
        : { errorCode: ended?.errorCode ?? null, result: ended?.status === 'completed' ? `echo ${seen.mark}` : null };
      expect({ mark: seen.mark, ...ended }).toMatchObject({ taskId, ...due });
      if (ended?.status === 'failed') expect(['task_cancelled', 'upstream_error']).toContain(ended.errorCode ?? '');
      this.#compareDispatches(seen.mark, ended?.generation ?? 0);
      if (seen.hasWebhook) expect(this.#witness.toldWebhooks.get(taskId) ?? []).toContain(ended?.status ?? '');
    }
    this.totals.tasks = this.#ended.size;
    this.totals.providerCalls = [...this.#witness.askedProviders.values()].flat().length;
  }

  /** A process that lives asks once about a task until it fails, and nobody asks about one that has ended. */
  #compareDispatches(mark: string, endedIn: number): void {
    const asked = this.#witness.askedProviders.get(mark) ?? [];
    const answered = asked.filter(({ isFailed }) => !isFailed).map(({ generation }) => generation);
    expect({ mark, answered: new Set(answered).size }).toEqual({ mark, answered: answered.length });
    expect({ mark, last: Math.max(0, ...asked.map(({ generation }) => generation)) <= endedIn }).toEqual({
      mark,
      last: true,
    });
  }

  /** All that was granted is what is left, what was charged and nothing else. */
  async compareSums(customers: readonly Customer[], granted: (customer: Customer) => number): Promise<void> {
    for (const customer of customers) {
      const { accountId } = customer;
      const sumOf = (column: string, table: string) =>
        this.#count(`SELECT CAST(sum(${column}) AS bigint) AS n FROM ${table} WHERE account_id = $1`, accountId);
      const sums = {
        charged: await sumOf('charge', 'usage'),
        granted: await sumOf('granted', 'bucket'),
        used: await sumOf('used', 'bucket'),
        held: await sumOf('held', 'bucket'),
      };
      expect(sums).toEqual({ charged: sums.used, granted: granted(customer), used: sums.used, held: 0 });
    }
  }

  /** Makes finished tasks so old that the next process forgets them. Only while no process runs. */
  async ageEndedTasks(): Promise<void> {
    await this.noteTasks();
    await this.#view.change("UPDATE task SET ended_at = 1 WHERE status <> 'queued' AND webhook_due_at IS NULL");
  }

  /** Lets the minutes pass after which a webhook is tried again whose senders have died. Only while no process runs. */
  letWebhooksBeDue(): Promise<void> {
    return this.#view.change('UPDATE task SET webhook_due_at = 1 WHERE webhook_due_at IS NOT NULL');
  }

  grantedInAll(): Promise<number> {
    return this.#count('SELECT CAST(sum(amount) AS bigint) AS n FROM grant_');
  }

  agedTasks(): Promise<number> {
    return this.#count('SELECT count(*) AS n FROM task WHERE ended_at = 1');
  }

  unsettledTasks(): Promise<number> {
    return this.#count("SELECT count(*) AS n FROM task WHERE status = 'queued' OR webhook_due_at IS NOT NULL");
  }

  async #count(sql: string, ...values: readonly string[]): Promise<number> {
    const [row] = await this.#view.rows<{ n: number | null }>(sql, ...values);
    return row?.n ?? 0;
  }

  #listEntries(): Promise<Entry[]> {
    return this.#view.rows(
      'SELECT call_id AS "callId", endpoint, outcome, charge, error_code AS "errorCode" FROM usage',
    );
  }

  async #listTasks(): Promise<TaskEntry[]> {
    const rows = await this.#view.rows<TaskEntry>(
      `SELECT task_id AS "taskId", call_id AS "callId", status, result, error_code AS "errorCode",
         webhook_due_at AS "webhookDueAtMs" FROM task`,
    );
    return rows.map((row) => (row.result === null ? row : { ...row, result: this.#view.readResult(row.result) }));
  }
}
