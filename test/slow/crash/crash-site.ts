// A data folder on which one gateway after the other is killed, with its providers, its customers and all that was seen.
import { expect } from 'bun:test';
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CrashPoint } from '../../../src/crash-point.ts';
import { PIXEL } from '../../../src/testing/fault-scripts.ts';
import type { Customer, GatewayClient } from '../../../src/testing/gateway-client.ts';
import type { GatewayChild } from '../../../src/testing/gateway-process.ts';
import { GatewayFolder, GatewayProcess } from '../../../src/testing/gateway-process.ts';
import type { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { Books } from './books.ts';
import type { Surroundings } from './clients.ts';
import { callUntilGone, GRANT, giveAgain } from './clients.ts';
import { Providers } from './providers.ts';
import { Witness } from './witness.ts';

const CUSTOMERS = 3;
const FIRST_GRANT = 1_000_000;
/** Within so much a process under load passes every point. */
const REACH_MS = 15_000;
const DRAIN_LIMIT_MS = 60_000;
/** What a dead process has sent is read before the next one is counted as alive. */
const LAST_BYTES_MS = 3;

export class CrashSite {
  readonly witness: Witness;
  readonly providers: Providers;
  readonly books: Books;
  readonly customers: Customer[] = [];
  readonly #folder: GatewayFolder;
  readonly #random: SeededRandom;
  #last: GatewayChild | undefined;

  private constructor(providers: Providers, witness: Witness, random: SeededRandom) {
    this.witness = witness;
    this.providers = providers;
    this.#random = random;
    this.#folder = folderFor(providers);
    this.books = new Books(this.#folder.databasePath, witness);
  }

  static async open(random: SeededRandom): Promise<CrashSite> {
    const witness = new Witness();
    const site = new CrashSite(await Providers.start(witness), witness, random);
    const first = await site.start();
    for (let i = 0; i < CUSTOMERS; i++)
      site.customers.push(await first.customer('requests', { requests: FIRST_GRANT }));
    await first.kill();
    return site;
  }

  async close(): Promise<void> {
    await this.killLast();
    this.#folder.remove();
    await this.providers.stop();
  }

  /** Ends the process that was started last, if it lives. */
  async killLast(): Promise<void> {
    this.#last?.kill('SIGKILL');
    await this.#last?.exited;
  }

  /** A process that nothing kills but the test. */
  start(): Promise<GatewayProcess> {
    return GatewayProcess.ready(this.#spawn());
  }

  /** Dies at the `pass`-th time that it comes by `point`, under load from its start on. Throws if it never does. */
  async killAt(point: CrashPoint, pass: number): Promise<void> {
    if (point === 'start.migrating' || point === 'start.migrated') return this.#killWhileMigrating(point, pass);
    // What is only passed where an earlier process has left something.
    if (point === 'start.orphans-voided') await this.#killUntil(() => this.books.holdsOfProcesses() > 0);
    if (point === 'task.resumed') await this.#killUntil(() => this.books.queuedTasks() > 0);
    if (point === 'writer.purged') this.books.ageEndedTasks();
    this.providers.mood = point === 'stop.interrupted' ? 'hanging' : 'faulty';
    const isStopping = point.startsWith('stop.') || point === 'writer.closing';
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
    await Bun.sleep(this.#random.whole(10, 250));
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

  /** Lets everything come to its end, compares all of it, and stops in order. */
  async settle(): Promise<void> {
    this.providers.mood = 'healthy';
    this.books.letWebhooksBeDue();
    const last = await this.start();
    this.compare();
    await giveAgain(this.surroundings(last, () => true));
    const untilMs = performance.now() + DRAIN_LIMIT_MS;
    while (this.books.unsettledTasks() > 0 && performance.now() < untilMs) await Bun.sleep(50);
    expect(this.books.unsettledTasks()).toBe(0);
    this.books.compareTasks();
    expect(this.books.agedTasks()).toBe(0);
    expect(await last.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    last.signal('SIGTERM');
    expect(await last.child.exited).toBe(0);
    const { grants } = this.witness;
    this.books.compareSums(
      this.customers,
      (customer) => FIRST_GRANT + GRANT * grants.filter((given) => given.customer === customer).length,
    );
  }

  /** Everything that was seen since the last comparison is on disk: only on a process that has recovered. */
  compare(): void {
    for (const { picturePath } of this.witness.calls) {
      // Nobody pays for a picture that is not there.
      if (picturePath !== undefined) {
        const file = join(dirname(this.#folder.databasePath), 'files', basename(picturePath));
        expect(statSync(file).size).toBe(PIXEL.length);
      }
    }
    this.books.compare();
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
    if (gateway !== undefined) {
      this.compare();
      await Promise.all([callUntilGone(this.surroundings(gateway, () => isOver)), doom(child)]);
    }
    await gone;
    expect(child.signalCode).toBe('SIGKILL');
  }

  #spawn(env: Readonly<Record<string, string>> = {}): GatewayChild {
    this.witness.generation += 1;
    this.#last = this.#folder.spawn(env);
    return this.#last;
  }

  #later(fromMs: number, toMs: number, act: () => void): Promise<void> {
    return Bun.sleep(this.#random.whole(fromMs, toMs)).then(act);
  }

  async #killUntil(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await this.killAtRandom();
  }

  async #killWhileMigrating(point: CrashPoint, pass: number): Promise<void> {
    const folder = folderFor(this.providers);
    const dying = folder.spawn({ TOLMACH_CRASH_AT: `${point}:${1 + (pass % 3)}` });
    await ended(dying);
    expect(dying.signalCode).toBe('SIGKILL');
    const next = await folder.start();
    expect(await next.audit()).toMatchObject({ ok: true });
    await next.customer('requests', { requests: 1 });
    await next.kill();
    folder.remove();
  }
}

function folderFor(providers: Providers): GatewayFolder {
  return new GatewayFolder(providers.upstreams, {
    tasks: { model: 'strict', concurrency: 32, perAccount: 16 },
    webhooks: { allowHosts: [providers.webhookHost] },
    timeouts: { firstByteMs: 10_000, idleMs: 10_000, drainMs: 150 },
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
