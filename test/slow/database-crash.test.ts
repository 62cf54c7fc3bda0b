// The database server dies under load and comes back, again and again, and two processes of the gateway live on: what
// clients, providers and the ledger have seen is compared as after the gateway's own deaths (crash.test.ts).
//
// STOPS sets how many, SEED which history; SLICE=ci is a short run.
import { afterAll, expect, test } from 'bun:test';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';
import type { Surroundings } from './crash/clients.ts';
import { whole } from './crash/clients.ts';
import { CrashSite } from './crash/crash-site.ts';

const STOPS = Number(process.env['STOPS'] ?? (process.env['SLICE'] === 'ci' ? 2 : 20));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Long enough for a process on a busy machine to keep it, so that none is rightly taken for dead. */
const LEASE_MS = 3_000;
/** Every other time the server is away for longer than commits are tried; else for less than a lease, or just as long. */
const LONG_MS = 10_000;
/** Within so much of the server's return a call is answered again. */
const RESUME_LIMIT_MS = 5_000;
/** What a call may be told while there is no database, and what ChatInfo's clients are in its stead. */
const REFUSAL = /^503 (temporarily_unavailable$|.*Сервис временно недоступен)/;

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

test.skipIf(server === undefined)(
  `${STOPS} crashes of the database server under load lose nothing, double nothing and leave nothing held (SEED=${SEED})`,
  async () => {
    if (server === undefined) return;
    const random = new SeededRandom(SEED);
    const site = await CrashSite.open(random, { server, leaseMs: LEASE_MS });
    const resumedMs: number[] = [];
    try {
      site.providers.mood = 'healthy';
      await site.serveThrough(async (at) => {
        for (let i = 0; i < STOPS; i++) {
          await Bun.sleep(random.whole(100, 1_000));
          server.stopServer('immediate');
          await Bun.sleep(i % 2 === 1 ? LONG_MS : random.whole(0, LEASE_MS));
          server.startServer();
          resumedMs.push(...(await Promise.all(at.map(untilAnswered))));
        }
      });
      const { refusals } = site.witness;
      expect(Object.keys(refusals).filter((refusal) => !REFUSAL.test(refusal))).toEqual([]);
      // Nobody has died, so nobody was taken for dead.
      expect(site.books.totals.voidedByRestart).toBe(0);
      await site.settle();
      const figures = { stops: STOPS, seed: SEED, resumedMs: Math.max(...resumedMs), refusals, ...site.books.totals };
      process.stdout.write(`database crash: ${JSON.stringify(figures)}\n`);
      expect(Math.max(...resumedMs)).toBeLessThan(RESUME_LIMIT_MS);
    } finally {
      await site.close();
    }
  },
  STOPS * 20_000 + 120_000,
);

/** Asks until a call is answered, and tells how long that took. */
async function untilAnswered(at: Surroundings): Promise<number> {
  const [customer] = at.customers;
  if (customer === undefined) throw new Error('there is no customer');
  const sinceMs = performance.now();
  while ((await whole(at, customer)).ending !== 'complete') await Bun.sleep(20);
  return Math.round(performance.now() - sinceMs);
}
