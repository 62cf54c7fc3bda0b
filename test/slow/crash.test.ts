// `npm run test:crash`: `kill -9` of the real gateway, at every named point of its code (src/crash-point.ts) and at
// random moments, under whole and streamed calls, pictures, tasks and grants, with real sockets and a real disk, on both
// stores. After each restart the ledger, the clients and the providers must tell one story: nothing lost, nothing
// doubled, nothing held.
//
// KILLS sets how many (a third of them on PostgreSQL, where each restart waits for the lease of the dead), SEED which
// history, STORE one store alone; SLICE=ci is each point of the embedded store once, and a few of PostgreSQL's.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/crash-point.ts';
import { CRASH_POINTS } from '../../src/crash-point.ts';
import { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';
import type { Entry } from './crash/books.ts';
import { PRICE } from './crash/books.ts';
import type { Surroundings } from './crash/clients.ts';
import { GRANT, grant, picture, streamed, submit, whole } from './crash/clients.ts';
import { CrashSite, ended } from './crash/crash-site.ts';
import type { Fate, Outcome } from './crash/fates.ts';
import { FATES } from './crash/fates.ts';

const IS_SLICE = process.env['SLICE'] === 'ci';
const KILLS = Number(process.env['KILLS'] ?? (IS_SLICE ? 90 : 1_000));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Kills on one store; then it is compared to the end, and the next one begins. */
const KILLS_A_SITE = 250;
/** Every so manieth kill comes at a random moment. */
const RANDOM_EVERY = 5;
const PASSES_MAX = 6;
/** A process of PostgreSQL commits that often before its clients come, where the dead left it much. */
const COMMITS_MAX = 40;

type StoreName = keyof typeof CRASH_POINTS;

const server = wants('postgres') ? TemporaryPostgres.start() : undefined;
afterAll(() => server?.remove());

if (wants('sqlite'))
  suite('sqlite', { server: undefined, kills: KILLS, points: CRASH_POINTS.sqlite, fates: FATES.sqlite });
if (server !== undefined) {
  const own = <T>(items: readonly T[], pointOf: (item: T) => CrashPoint) =>
    IS_SLICE ? items.filter((item) => pointOf(item).startsWith('postgres.')) : items;
  suite('postgres', {
    server,
    kills: Math.ceil(KILLS / (IS_SLICE ? 9 : 3)),
    points: own<CrashPoint>(CRASH_POINTS.postgres, (point) => point),
    fates: IS_SLICE ? [] : FATES.postgres,
  });
} else if (wants('postgres')) test.skip('postgres: no server of a supported version is installed', () => undefined);

function wants(name: StoreName): boolean {
  return (process.env['STORE'] ?? name) === name;
}

type Scope = {
  readonly server: TemporaryPostgres | undefined;
  readonly kills: number;
  readonly points: readonly CrashPoint[];
  readonly fates: readonly Fate[];
};

function suite(name: StoreName, scope: Scope): void {
  describe(name, () => {
    if (scope.fates.length > 0) loneCalls(scope);
    test(
      `${scope.kills} kills at ${scope.points.length} points and at random lose nothing, double nothing and leave nothing held (SEED=${SEED})`,
      () => killAgainAndAgain(name, scope),
      scope.kills * 10_000 + 120_000,
    );
  });
}

function loneCalls({ server: on, fates }: Scope): void {
  describe('one lone call, and the process dies', () => {
    let site: CrashSite;
    beforeAll(async () => {
      site = await CrashSite.open(new SeededRandom(SEED), { server: on });
    });
    afterEach(() => site.killAll());
    afterAll(() => site.close());

    for (const fate of fates) {
      const { kind, point, pass, outcomes, asked } = fate;
      test(`${kind} at ${point} (pass ${pass}): ${outcomes.join(' or ')}, and ${asked} requests to the provider`, async () => {
        site.providers.mood = kind === 'cancellation' ? 'hanging' : 'healthy';
        const askedBefore = askedInAll(site);
        const grantedBefore = await site.books.grantedInAll();
        const dying = await GatewayProcess.ready(site.spawnDying(point, pass));
        await Promise.all([act(site, dying, fate), ended(dying.child)]);
        site.providers.mood = 'healthy';
        await site.start();
        while ((await site.books.unsettledTasks()) > 0) await Bun.sleep(5);
        const entries = await site.books.newEntries();
        const granted = (await site.books.grantedInAll()) - grantedBefore;
        await site.compare();
        expect(outcomes).toContain(kind === 'grant' ? outcomeOfGrant(granted) : outcomeOf(entries));
        expect(askedInAll(site) - askedBefore).toBe(asked);
      }, 30_000);
    }
  });
}

/** What the ledger says of the one call that there was. */
function outcomeOf([entry, ...others]: readonly Entry[]): Outcome {
  expect(others).toEqual([]);
  if (entry === undefined) return 'nothing';
  expect(entry.charge).toBe(entry.outcome === 'settled' ? PRICE : 0);
  return entry.outcome;
}

function outcomeOfGrant(granted: number): Outcome {
  expect([0, GRANT]).toContain(granted);
  return granted === 0 ? 'nothing' : 'settled';
}

function askedInAll({ witness }: CrashSite): number {
  return [...witness.askedProviders.values()].reduce((sum, calls) => sum + calls.length, 0);
}

async function act(site: CrashSite, gateway: GatewayProcess, { kind }: Fate): Promise<void> {
  const [customer] = site.customers;
  if (customer === undefined) throw new Error('there is no customer');
  const at = site.surroundings(gateway, () => true);
  if (kind === 'cancellation') return cancel(site, at);
  const actions = { whole, streamed, picture, task: submit, grant };
  await actions[kind](at, customer);
  // What had no answer is not given again here.
  site.witness.unsure.length = 0;
  site.witness.unsureGrants.length = 0;
}

/** Cancels a task whose provider is at work. */
async function cancel(site: CrashSite, at: Surroundings): Promise<void> {
  const askedBefore = askedInAll(site);
  await submit(at, at.customers[0] as Surroundings['customers'][number]);
  while (askedInAll(site) === askedBefore) await Bun.sleep(1);
  const [taskId, { customer }] = [...site.witness.tasks].at(-1) as [number, { customer: { key: string } }];
  const headers = { authorization: `Bearer ${customer.key}` };
  await fetch(`${at.gateway.url}/v1/tasks/${taskId}`, { method: 'DELETE', headers }).catch(() => undefined);
}

async function killAgainAndAgain(store: StoreName, { server: on, kills, points }: Scope): Promise<void> {
  const random = new SeededRandom(SEED);
  const passed = new Map<CrashPoint | 'at random' | 'while starting', number>();
  const totals: Record<string, number> = {};
  const startedMs = performance.now();
  let due: CrashPoint[] = [];
  for (let done = 0; done < kills; ) {
    const site = await CrashSite.open(random, { server: on });
    try {
      for (const end = Math.min(kills, done + KILLS_A_SITE); done < end; done++) {
        if (due.length === 0) due = shuffled(points, random);
        const killed = await killOnce(site, done, due, random);
        passed.set(killed, (passed.get(killed) ?? 0) + 1);
      }
      await site.settle();
    } finally {
      await site.close();
    }
    for (const [name, count] of Object.entries(site.books.totals)) totals[name] = (totals[name] ?? 0) + count;
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const figures = { store, kills, points: points.length, seed: SEED, seconds, ...totals };
  process.stdout.write(`crash: ${JSON.stringify(figures)}\n`);
  if (kills * (1 - 1 / RANDOM_EVERY) >= points.length) expect(points.filter((point) => !passed.has(point))).toEqual([]);
}

/** Kills as the schedule says, and tells where. Each named point is proven: the process has died there by itself. */
async function killOnce(site: CrashSite, kills: number, due: CrashPoint[], random: SeededRandom) {
  if (kills % RANDOM_EVERY === RANDOM_EVERY - 1) {
    const isStarting = random.next() < 0.25;
    await (isStarting ? site.killWhileStarting() : site.killAtRandom());
    return isStarting ? 'while starting' : 'at random';
  }
  const point = due.pop() as CrashPoint;
  const passesMax = point.startsWith('postgres.') ? COMMITS_MAX : PASSES_MAX;
  const pass = isPassedOnce(point) ? 1 : random.whole(1, passesMax);
  try {
    await site.killAt(point, pass);
  } catch (error) {
    throw new Error(`kill ${kills} at ${point}:${pass} (SEED=${SEED})`, { cause: error });
  }
  return point;
}

/** Points that a process comes by once in its life, or seldom. */
function isPassedOnce(point: CrashPoint): boolean {
  return /^(start|stop|webhook)\.|\.(purged|closing|webhook-claimed|orphans-voided|tasks-taken|lease-)|^task\.(pausing|resumed)/.test(
    point,
  );
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.whole(0, left.length - 1), 1)[0] as T);
}
