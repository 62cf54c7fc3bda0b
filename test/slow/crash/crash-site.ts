// A store on which one gateway after the other is killed, with its providers, its customers and all that was seen.
import { expect } from 'bun:test';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CrashPoint } from '../../../src/crash-point.ts';
import { PIXEL } from '../../../src/testing/fault-scripts.ts';
import type { Customer, GatewayClient } from '../../../src/testing/gateway-client.ts';
import type { GatewayChild } from '../../../src/testing/gateway-process.ts';
import { GatewayFolder, GatewayProcess } from '../../../src/testing/gateway-process.ts';
import type { SeededRandom } from '../../../src/testing/seeded-random.ts';
import type { TemporaryPostgres } from '../../../src/testing/temporary-postgres.ts';
import { Books } from './books.ts';
import type { Surroundings } from './clients.ts';
import { callUntilGone, GRANT, giveAgain } from './clients.ts';
import type { LedgerView } from './ledger-view.ts';
import { PostgresView, SqliteView } from './ledger-view.ts';
import { Providers } from './providers.ts';
import { Witness } from './witness.ts';

const CUSTOMERS = 3;
const FIRST_GRANT = 1_000_000;
/** Within so much a process under load passes every point. */
const REACH_MS = 15_000;
const DRAIN_LIMIT_MS = 60_000;
/** What a dead process has sent is read before the next one is counted as alive. */
const LAST_BYTES_MS = 3;

/** The shortest that an operator may set, so that what the dead left is taken over soon. */
const SHORTEST_LEASE_MS = 1_000;

type GroundOptions = {
  /** Where the ledger is to be; the embedded database without one. */
  readonly server?: TemporaryPostgres | undefined;
  /** Of processes on PostgreSQL. */
  readonly leaseMs?: number;
};

/** A data folder and, where it is given a server, a database; processes come and go on them. */
class Ground {
  readonly folder: GatewayFolder;
  readonly view: LedgerView;
  readonly #databaseUrl: string | undefined;

  private constructor(folder: GatewayFolder, databaseUrl: string | undefined) {
    this.folder = folder;
    this.#databaseUrl = databaseUrl;
    this.view = databaseUrl === undefined ? new SqliteView(folder.databasePath) : new PostgresView(databaseUrl);
  }

  static async open(providers: Providers, { server, leaseMs = SHORTEST_LEASE_MS }: GroundOptions): Promise<Ground> {
    return new Ground(folderFor(providers, leaseMs), await server?.createDatabase());
  }

  spawn(env: Readonly<Record<string, string>>): GatewayChild {
    const store = this.#databaseUrl === undefined ? {} : { DATABASE_URL: this.#databaseUrl };
    return this.folder.spawn({ ...store, ...env });
  }

  async remove(): Promise<void> {
    await this.view.close();
    this.folder.remove();
  }
}

export class CrashSite {
  readonly witness: Witness;
  readonly providers: Providers;
  readonly books: Books;
  readonly customers: Customer[] = [];
  readonly #options: GroundOptions;
  readonly #ground: Ground;
  readonly #random: SeededRandom;
  readonly #children: GatewayChild[] = [];
  #lastSinceMs = 0;

  private constructor(
    providers: Providers,
    witness: Witness,
    random: SeededRandom,
    ground: Ground,
    options: GroundOptions,
  ) {
    this.witness = witness;
    this.providers = providers;
    this.#random = random;
    this.#ground = ground;
    this.#options = options;
    this.books = new Books(ground.view, witness);
  }

  static async open(random: SeededRandom, options: GroundOptions = {}): Promise<CrashSite> {
    const witness = new Witness();
    const providers = await Providers.start(witness);
    const site = new CrashSite(providers, witness, random, await Ground.open(providers, options), options);
    const first = await site.start();
    for (let i = 0; i < CUSTOMERS; i++)
      site.customers.push(await first.customer('requests', { requests: FIRST_GRANT }));
    await first.kill();
    return site;
  }

  async close(): Promise<void> {
    await this.killAll();
    await this.#ground.remove();
    await this.providers.stop();
  }

  /** Ends whatever lives. */
  async killAll(): Promise<void> {
    const children = this.#children.splice(0);
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exited));
  }

  /** A process that nothing kills but the test, when it has taken over what the dead left. */
  async start(): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.ready(this.#spawn());
    if (!(await this.#hasTakenOver(gateway.child))) throw new Error('the process died by itself');
    return gateway;
  }

  /** Dies at the `pass`-th time that it comes by `point`, under load from its start on. Throws if it never does. */
  async killAt(point: CrashPoint, pass: number): Promise<void> {
    if (/\.migrat(ing|ed)$/.test(point)) return this.#killWhileMigrating(point, pass);
    // What is only passed where an earlier process has left something.
    if (point.endsWith('.orphans-voided')) await this.#killUntil(() => this.books.holdsOfProcesses());
    if (point === 'task.resumed' || point === 'postgres.tasks-taken')
      await this.#killUntil(() => this.books.queuedTasks());
    if (point.endsWith('.purged')) await this.books.ageEndedTasks();
    this.providers.mood = point === 'stop.interrupted' ? 'hanging' : 'faulty';
    const isStopping = /^stop\.|\.(closing|lease-ended)$/.test(point);
    await this.#loadUntilGone(this.spawnDying(point, pass), (child) =>
      isStopping ? this.#later(20, 60, () => child.kill('SIGTERM')) : undefined,
    );
  }

  /** Dies at any moment under load. */
  async killAtRandom(): Promise<void> {
    this.providers.mood = 'faulty';
    await this.#loadUntilGone(this.#spawn(), (child) => this.#later(0, 200, () => child.kill('SIGKILL')));
  }

  /** Dies at any moment while it comes up. */
  async killWhileStarting(): Promise<void> {
    const child = this.#spawn();
    await Bun.sleep(this.#random.whole(10, this.#ground.view.takesOverWithinMs));
    child.kill('SIGKILL');
    await ended(child);
  }

  spawnDying(point: CrashPoint, pass: number): GatewayChild {
    return this.#spawn({ TOLMACH_CRASH_AT: `${point}:${pass}` });
  }

  surroundings(gateway: GatewayClient, isOver: () => boolean): Surroundings {
    const { customers, witness } = this;
    return { gateway, customers, witness, random: this.#random, webhookUrl: this.providers.webhookUrl, isOver };
  }

  /** Two processes live through all that `act` does, under load, and stop in order. What was seen is compared when they are at rest. */
  async serveThrough(act: (at: readonly Surroundings[]) => Promise<void>): Promise<void> {
    const first = await this.start();
    await this.compare();
    const gateways = [first, await GatewayProcess.ready(this.#spawn())];
    let isOver = false;
    const at = gateways.map((gateway) => this.surroundings(gateway, () => isOver));
    const acting = act(at).finally(() => (isOver = true));
    await Promise.all([acting, ...at.map(callUntilGone)]);
    // Whoever asks a process that lives is told an end.
    expect(this.witness.calls.filter(({ ending }) => ending === 'cut')).toEqual([]);
    const untilMs = performance.now() + DRAIN_LIMIT_MS;
    const openCalls = async () => (await this.books.holdsOfProcesses()) + (await this.books.queuedTasks());
    while ((await openCalls()) > 0 && performance.now() < untilMs) await Bun.sleep(50);
    await this.compare();
    for (const { child } of gateways) {
      child.kill('SIGTERM');
      expect(await child.exited).toBe(0);
    }
  }

  /** Lets everything come to its end, compares all of it, and stops in order. */
  async settle(): Promise<void> {
    this.providers.mood = 'healthy';
    await this.books.letWebhooksBeDue();
    const last = await this.start();
    await this.compare();
    await giveAgain(this.surroundings(last, () => true));
    const untilMs = performance.now() + DRAIN_LIMIT_MS;
    while ((await this.books.unsettledTasks()) > 0 && performance.now() < untilMs) await Bun.sleep(50);
    expect(await this.books.unsettledTasks()).toBe(0);
    await this.books.compareTasks();
    expect(await this.books.agedTasks()).toBe(0);
    expect(await last.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    last.signal('SIGTERM');
    expect(await last.child.exited).toBe(0);
    const { grants } = this.witness;
    await this.books.compareSums(
      this.customers,
      (customer) => FIRST_GRANT + GRANT * grants.filter((given) => given.customer === customer).length,
    );
  }

  /** Everything that was seen since the last comparison is on disk: only on a process that has recovered. */
  async compare(): Promise<void> {
    for (const { picturePath } of this.witness.calls) {
      // Nobody pays for a picture that is not there.
      if (picturePath !== undefined) {
        const file = join(this.#ground.folder.path, 'files', basename(picturePath));
        expect(statSync(file).size).toBe(PIXEL.length);
      }
    }
    await this.books.compare();
    for (const upstream of this.providers.upstreams) upstream.clear();
  }

  async #loadUntilGone(child: GatewayChild, doom: (child: GatewayChild) => Promise<void> | undefined): Promise<void> {
    let isOver = false;
    const gone = ended(child).finally(() => (isOver = true));
    gone.catch(() => undefined);
    const gateway = await GatewayProcess.ready(child).catch(async (error) => {
      // A process that was killed before it was ready has done what it was asked to.
      await child.exited;
      if (child.signalCode !== 'SIGKILL') throw error;
    });
    if (gateway !== undefined && (await this.#hasTakenOver(child))) {
      await this.compare();
      await Promise.all([callUntilGone(this.surroundings(gateway, () => isOver)), doom(child)]);
    }
    await gone;
    expect(child.signalCode).toBe('SIGKILL');
  }

  #spawn(env: Readonly<Record<string, string>> = {}): GatewayChild {
    this.witness.generation += 1;
    this.#lastSinceMs = Date.now();
    const child = this.#ground.spawn(env);
    this.#children.push(child);
    return child;
  }

  /** Waits until the process has taken over what the dead left. Answers false where it has died before. */
  async #hasTakenOver(child: GatewayChild): Promise<boolean> {
    const untilMs = performance.now() + REACH_MS;
    while (!(await this.#ground.view.isTakenOver(this.#lastSinceMs))) {
      if (child.signalCode !== null) return false;
      if (performance.now() > untilMs) throw new Error('what the dead left was not taken over');
      await Bun.sleep(20);
    }
    return true;
  }

  #later(fromMs: number, toMs: number, act: () => void): Promise<void> {
    return Bun.sleep(this.#random.whole(fromMs, toMs)).then(act);
  }

  /** Kills until there is something left of what `count` counts. */
  async #killUntil(count: () => Promise<number>): Promise<void> {
    while ((await count()) === 0) await this.killAtRandom();
  }

  async #killWhileMigrating(point: CrashPoint, pass: number): Promise<void> {
    const ground = await Ground.open(this.providers, this.#options);
    const dying = ground.spawn({ TOLMACH_CRASH_AT: `${point}:${point === 'postgres.migrated' ? 1 : 1 + (pass % 3)}` });
    await ended(dying);
    expect(dying.signalCode).toBe('SIGKILL');
    const next = await GatewayProcess.ready(ground.spawn({}));
    expect(await next.audit()).toMatchObject({ ok: true });
    await next.customer('requests', { requests: 1 });
    await next.kill();
    await ground.remove();
  }
}

function folderFor(providers: Providers, processLeaseMs: number): GatewayFolder {
  return new GatewayFolder(providers.upstreams, {
    tasks: { model: 'strict', concurrency: 32, perAccount: 16 },
    webhooks: { allowHosts: [providers.webhookHost] },
    timeouts: { firstByteMs: 10_000, idleMs: 10_000, drainMs: 150, processLeaseMs },
  });
}

/** Waits for the end of a process that is to die. Kills it and throws if that takes too long. */
export async function ended(child: GatewayChild): Promise<void> {
  const isEnded = await Promise.race([child.exited.then(() => true), Bun.sleep(REACH_MS).then(() => false)]);
  if (!isEnded) {
    child.kill('SIGKILL');
    await child.exited;
    throw new Error('the process did not die: the point was never passed');
  }
  await Bun.sleep(LAST_BYTES_MS);
}
