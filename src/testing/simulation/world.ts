// The world of one simulated history: a database that outlives processes, the process of the moment, providers,
// customers, and the promises that are checked while all of them act.
import { Calendar } from '../../core/calendar.ts';
import { formatKey } from '../../core/key-format.ts';
import { auditDatabase } from '../../store/sqlite/audit.ts';
import { migrate } from '../../store/sqlite/migrate.ts';
import type { WriteOperation } from '../../store/store.ts';
import { SeededRandom } from '../seeded-random.ts';
import { FaultyDatabase } from './faulty-database.ts';
import { History } from './history.ts';
import { LedgerWitness } from './ledger-witness.ts';
import type { Seen, SimulatedClient } from './simulated-client.ts';
import type { SimulatedProcess } from './simulated-gateway.ts';
import { startProcess, TIME_ZONE } from './simulated-gateway.ts';
import type { Committed } from './simulated-store.ts';
import { SimulatedTime } from './simulated-time.ts';
import type { Asked } from './simulated-upstream.ts';
import { TaskWitness } from './task-witness.ts';
import { promise, Violation } from './violation.ts';

/** Ten minutes before the night in which Berlin's clocks go back begins. */
const START_MS = Date.parse('2026-10-24T23:50:00+02:00');

/** One process asks at most two providers for a call that somebody waits for. */
const ASKED_MAX = 2;
/** A task: five tries of two attempts each. */
const ASKED_FOR_TASK_MAX = 10;

export type Customer = { readonly accountId: string; readonly keyId: string; readonly key: string };

export class World {
  readonly random: SeededRandom;
  readonly history = new History();
  readonly time = new SimulatedTime(START_MS);
  readonly db = new FaultyDatabase();
  readonly calendar = new Calendar(TIME_ZONE);
  readonly ledger: LedgerWitness;
  readonly tasks: TaskWitness;
  readonly customers: readonly Customer[];
  readonly clients = new Set<SimulatedClient>();
  process!: SimulatedProcess;
  /** Once set, everything works. */
  isHealed = false;
  /** Targets that were told to be left alone, until when. */
  readonly resting = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #everAsked = new Set<string>();
  readonly #taskCalls = new Set<string>();
  #processes = 0;
  #calls = 0;
  #violation: Violation | undefined;

  private constructor(seed: number) {
    this.random = new SeededRandom(seed);
    migrate(this.db);
    this.ledger = new LedgerWitness(this.db, this.calendar);
    this.tasks = new TaskWitness(this.db, this.ledger);
    this.customers = ['anna', 'boris', 'vera'].map((accountId, i) => {
      const key = formatKey(new Uint8Array(20).fill(i + 1));
      return { accountId, keyId: `key-${accountId}`, key };
    });
  }

  /** A world with three customers, two on requests and one on money. */
  static async make(seed: number): Promise<World> {
    const world = new World(seed);
    await world.start();
    for (const { accountId, keyId, key } of world.customers) {
      const planId = accountId === 'boris' ? 'money' : 'requests';
      const account = { accountId, email: accountId, planId, status: 'active', createdAtMs: START_MS } as const;
      const row = {
        keyId,
        accountId,
        name: '',
        display: '',
        createdAtMs: START_MS,
        revokedAtMs: null,
        usesCache: false,
      };
      world.write({ kind: 'createAccount', account });
      world.write({ kind: 'createKey', key: row, hmac: `hmac of ${key}` });
    }
    await world.drain();
    while (world.process.store.hasBatch) {
      world.process.store.commit().answer();
      await world.drain();
    }
    return world;
  }

  get hasFailed(): Violation | undefined {
    return this.#violation;
  }

  newCallId(): string {
    this.#calls += 1;
    return `call-${this.#calls}`;
  }

  /** Work of the operator's or of payments; a failure of the store is theirs to repeat. */
  write(operation: WriteOperation): void {
    this.process.store.write(operation).catch(() => undefined);
  }

  /** Keeps the first promise that is broken; what throws here may be far from the step's own code. */
  check(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#violation ??= error instanceof Violation ? error : new Violation(`unexpected: ${(error as Error).stack}`);
    }
  }

  /** Lets everything happen that can happen without time, disk or providers. */
  async drain(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.process.store.isGathering);
  }

  see(committed: Committed): void {
    for (const operation of committed.operations)
      if (operation.kind === 'hold' && operation.task !== undefined) this.#taskCalls.add(operation.callId);
    this.tasks.seeTime(committed.nowMs);
    this.check(() => {
      this.ledger.see(committed);
      this.#checkDispatched(committed);
    });
  }

  /** Starts the first process, or the next one after a crash. */
  async start(): Promise<void> {
    this.#processes += 1;
    this.time.forget();
    this.resting.clear();
    this.#asked.clear();
    this.db.break(undefined);
    for (const client of this.clients) client.cut();
    this.clients.clear();
    this.ledger.restart(this.time.clock.nowMs());
    this.process = await startProcess({
      db: this.db,
      time: this.time,
      owner: `process:${this.#processes}`,
      random: () => this.random.next(),
      newCallId: () => this.newCallId(),
      onAsked: (asked) => this.#onAsked(asked),
      onWebhook: (_, body) => this.#onWebhook(body),
      onAlarm: (event, fields) => this.#onAlarm(event, fields),
    });
    this.check(() => this.ledger.seeRecovery());
  }

  /** Every row against every other, and against what was seen. */
  audit(): void {
    this.check(() => {
      const { ok, findings } = auditDatabase(this.db);
      promise(ok, () => `the audit finds: ${findings.map((f) => `${f.invariant}: ${f.detail}`).join('; ')}`);
      this.ledger.compareAll();
      this.tasks.compareAll();
    });
  }

  /** What a client of a call sees at its end. */
  onSeen(callId: string, seen: Seen): void {
    this.history.note(`  ${callId} ${seen.kind} ${seen.kind === 'failed' ? seen.code : ''} ${seen.text.length}`);
    const final = this.ledger.calls.get(callId)?.final;
    const isSaid = seen.text.includes('one');
    this.check(() => {
      if (seen.kind === 'complete') {
        const wanted = isSaid ? 'settled' : 'void';
        promise(
          final?.outcome === wanted,
          () => `${callId} is complete for its client and ${final?.outcome ?? 'open'}`,
        );
      } else if (seen.kind === 'failed') {
        promise(!seen.text.includes('[DONE]'), () => `${callId} failed and told its client an end`);
        const isCharged = final !== undefined && final.charge > 0;
        promise(!isSaid || isCharged, () => `${callId} delivered a part of its answer and is ${final?.outcome}, free`);
        promise(
          isSaid || !isCharged,
          () => `${callId} failed with nothing delivered, and was charged ${final?.charge}`,
        );
        promise(
          final !== undefined || !this.ledger.isHeld(callId) || seen.code === 'temporarily_unavailable',
          () => `${callId} has failed and is still held`,
        );
      }
    });
  }

  #onAsked(asked: Asked): void {
    const tasks = this.tasks.callsOf(asked.mark);
    const callId = tasks[0] ?? asked.mark.replace('mark', 'call');
    const count = (this.#asked.get(callId) ?? 0) + 1;
    this.#asked.set(callId, count);
    for (const one of [callId, ...tasks]) this.#everAsked.add(one);
    this.history.note(`  ${callId} asks ${asked.host} (${count})`);
    const isTask = this.#taskCalls.has(callId);
    this.check(() => {
      promise(this.ledger.isHeld(callId), () => `a provider is asked for ${callId}, for which nothing is held`);
      const max = isTask ? ASKED_FOR_TASK_MAX * Math.max(1, tasks.length) : ASKED_MAX;
      promise(count <= max, () => `${count} providers were asked for ${callId}`);
      const client = [...this.clients].find((one) => one.callId === callId);
      promise(client?.hasText !== true, () => `${callId} is asked again after its client has got a part of an answer`);
      if (count === 1) this.#checkRested(callId, asked.host);
    });
  }

  /**
   * The first target of a call is one that was not told to be left alone, where there is any. One that has failed many
   * times in a row is kept from calls for its own reasons, until it has answered one.
   */
  #checkRested(callId: string, host: string): void {
    const { clock, models, config } = this.process.gateway;
    const nowMs = clock.nowMs();
    const rests = (one: string) => (this.resting.get(one) ?? 0) > nowMs;
    const isFailing = (one: string) =>
      models
        .list()
        .flatMap(({ routes }) => routes)
        .some(
          ({ target, failuresInRow }) => target.baseUrl.includes(one) && failuresInRow >= config.bounds.failuresInRow,
        );
    const others = ['first.test', 'second.test', 'third.test'].filter((one) => !rests(one) && !isFailing(one));
    promise(!rests(host) || others.length === 0, () => `${callId} goes to ${host}, which rests; ${others} do not`);
  }

  #checkDispatched({ operations, result }: Committed): void {
    if ('failed' in result) return;
    for (const [i, operation] of operations.entries()) {
      const outcome = result.outcomes[i];
      if (operation.kind !== 'settle' || outcome?.kind !== 'final' || outcome.final.charge === 0) continue;
      promise(this.#everAsked.has(operation.callId), () => `${operation.callId} is charged and no provider was asked`);
    }
  }

  #onWebhook(body: string): Promise<number> {
    const { task } = JSON.parse(body) as { task: { id: number; status: string } };
    this.check(() => this.tasks.seeWebhook(task.id, task.status));
    if (!this.isHealed && this.random.next() < 0.3) return Promise.reject(new Error('the customer is away'));
    this.tasks.delivered.add(task.id);
    return Promise.resolve(200);
  }

  /** Alarms that tell of a broken promise, whatever the cause. Others are what faults are answered with. */
  #onAlarm(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.history.note(`  alarm ${event}`);
    const isWrong = event === 'hold_lost' || event === 'internal_error';
    this.check(() => promise(!isWrong, () => `alarm ${event} ${JSON.stringify(fields)}`));
  }
}
