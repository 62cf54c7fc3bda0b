// `npm run test:crash`: `kill -9` of the real gateway, at every named point of its code (src/crash-point.ts) and at
// random moments, under whole and streamed calls, pictures, tasks and grants, with real sockets and a real disk. After
// each restart the ledger, the clients and the providers must tell one story: nothing lost, nothing doubled, nothing held.
//
// KILLS sets how many, SEED which history; SLICE=ci is each point once and a few more.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/crash-point.ts';
import { CRASH_POINTS } from '../../src/crash-point.ts';
import { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { PRICE } from './crash/books.ts';
import type { Surroundings } from './crash/clients.ts';
import { GRANT, grant, picture, streamed, submit, whole } from './crash/clients.ts';
import { CrashSite, ended } from './crash/crash-site.ts';
import type { Fate } from './crash/fates.ts';
import { FATES } from './crash/fates.ts';

const KILLS = Number(process.env['KILLS'] ?? (process.env['SLICE'] === 'ci' ? 90 : 1_000));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Kills on one data folder; then it is compared to the end, and the next one begins. */
const KILLS_A_FOLDER = 250;
/** Every so manieth kill comes at a random moment. */
const RANDOM_EVERY = 5;
const PASSES_MAX = 6;

describe('one lone call, and the process dies', () => {
  let site: CrashSite;
  beforeAll(async () => {
    site = await CrashSite.open(new SeededRandom(SEED));
  });
  afterEach(() => site.killLast());
  afterAll(() => site.close());

  for (const fate of FATES) {
    const { kind, point, pass, outcome, asked } = fate;
    test(`${kind} at ${point} (pass ${pass}): ${outcome}, and ${asked} requests to the provider`, async () => {
      site.providers.mood = kind === 'cancellation' ? 'hanging' : 'healthy';
      const askedBefore = askedInAll(site);
      const grantedBefore = site.books.grantedInAll();
      const dying = await GatewayProcess.ready(site.spawnDying(point, pass));
      await Promise.all([act(site, dying, fate), ended(dying.child)]);
      site.providers.mood = 'healthy';
      await site.start();
      while (site.books.unsettledTasks() > 0) await Bun.sleep(5);
      const entries = site.books.newEntries();
      const granted = site.books.grantedInAll() - grantedBefore;
      site.compare();
      const due = { outcome, charge: outcome === 'settled' ? PRICE : 0 };
      if (kind === 'grant') expect(granted).toBe(outcome === 'nothing' ? 0 : GRANT);
      else expect(entries).toMatchObject(outcome === 'nothing' ? [] : [due]);
      expect(askedInAll(site) - askedBefore).toBe(asked);
    }, 30_000);
  }
});

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

test(
  `${KILLS} kills at ${CRASH_POINTS.length} points and at random lose nothing, double nothing and leave nothing held (SEED=${SEED})`,
  async () => {
    const random = new SeededRandom(SEED);
    const passed = new Map<CrashPoint | 'at random' | 'while starting', number>();
    const totals: Record<string, number> = {};
    const startedMs = performance.now();
    let due: CrashPoint[] = [];
    for (let kills = 0; kills < KILLS; ) {
      const site = await CrashSite.open(random);
      try {
        for (const end = Math.min(KILLS, kills + KILLS_A_FOLDER); kills < end; kills++) {
          if (due.length === 0) due = shuffled(CRASH_POINTS, random);
          const killed = await killOnce(site, kills, due, random);
          passed.set(killed, (passed.get(killed) ?? 0) + 1);
        }
        await site.settle();
      } finally {
        await site.close();
      }
      for (const [name, count] of Object.entries(site.books.totals)) totals[name] = (totals[name] ?? 0) + count;
    }
    expect(CRASH_POINTS.filter((point) => !passed.has(point))).toEqual([]);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const points = CRASH_POINTS.length;
    process.stdout.write(`crash: ${JSON.stringify({ kills: KILLS, points, seed: SEED, seconds, ...totals })}\n`);
  },
  KILLS * 5_000 + 120_000,
);

/** Kills as the schedule says, and tells where. Each named point is proven: the process has died there by itself. */
async function killOnce(site: CrashSite, kills: number, due: CrashPoint[], random: SeededRandom) {
  if (kills % RANDOM_EVERY === RANDOM_EVERY - 1) {
    const isStarting = random.next() < 0.25;
    await (isStarting ? site.killWhileStarting() : site.killAtRandom());
    return isStarting ? 'while starting' : 'at random';
  }
  const point = due.pop() as CrashPoint;
  const pass = isPassedOnce(point) ? 1 : random.whole(1, PASSES_MAX);
  try {
    await site.killAt(point, pass);
  } catch (error) {
    throw new Error(`kill ${kills} at ${point}:${pass} (SEED=${SEED})`, { cause: error });
  }
  return point;
}

/** Points that a process comes by once in its life, or seldom. */
function isPassedOnce(point: CrashPoint): boolean {
  return /^(start|stop|webhook)\.|^writer\.(purged|closing|webhook)|^task\.(pausing|resumed)/.test(point);
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.whole(0, left.length - 1), 1)[0] as T);
}
