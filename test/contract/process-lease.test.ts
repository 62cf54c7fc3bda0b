// What a process may take from others whose lease has lapsed, on a PostgreSQL whose clock is turned by the test. While
// the database was away nobody could renew: whoever is back first must not take the others for dead.
import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { Connection } from '../../src/store/postgres/connection.ts';
import { migrate } from '../../src/store/postgres/migrate.ts';
import { ProcessLease } from '../../src/store/postgres/process-lease.ts';
import { StatementPool } from '../../src/store/postgres/statement-pool.ts';
import { TaskReader } from '../../src/store/postgres/task-reader.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';

const LEASE_MS = 60_000;
const BEAT_MS = LEASE_MS / 4;
const START_MS = 1_800_000_000_000;

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

if (server === undefined) test.skip('postgres: no server of a supported version is installed', () => undefined);
else describe('postgres', () => takingOver(server));

function takingOver(postgres: TemporaryPostgres): void {
  let url: string;
  let pool: StatementPool;
  let nowMs: number;
  /** The process that looks, and one whose call and task it finds. */
  let own: ProcessLease;
  let other: ProcessLease;
  let tasks: TaskReader;

  beforeEach(async () => {
    url = await postgres.createDatabase();
    const connection = new Connection(url);
    await connection.use(10_000, migrate);
    await connection.close();
    pool = new StatementPool(url);
    own = new ProcessLease(pool, LEASE_MS, () => undefined);
    other = new ProcessLease(pool, LEASE_MS, () => undefined);
    tasks = new TaskReader(pool, own);
    nowMs = START_MS;
    // Both have lived for longer than a lease, so that each may take over from the dead.
    for (let beat = 0; beat < 6; beat++) {
      await pass(BEAT_MS);
      await Promise.all([own.renew(), other.renew()]);
    }
    const owner = other.processId;
    await postgres.run(
      url,
      `INSERT INTO hold (account_id, call_id, unit, amount, allocation, owner, context)
       VALUES ('anna', 'call', 'requests', 0, '[]', '${owner}', '{"admittedAtMs":1}')`,
    );
    await postgres.run(
      url,
      `INSERT INTO task (account_id, call_id, status, owner, request, created_at)
       VALUES ('anna', 'of a task', 'queued', '${owner}', '{}', 1)`,
    );
  });

  async function pass(ms: number): Promise<void> {
    nowMs += ms;
    await postgres.run(
      url,
      `CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql AS 'SELECT ${nowMs}::bigint'`,
    );
  }

  /** How many calls and tasks are taken over now. */
  async function taken(): Promise<{ calls: number; tasks: number }> {
    const voided: string[] = [];
    await own.sweep(async ({ callId }) => voided.push(callId));
    return { calls: voided.length, tasks: (await tasks.adopt()).length };
  }

  test('the calls and tasks of a process that has stopped renewing are taken over when its lease has lapsed', async () => {
    for (let beat = 0; beat < 4; beat++) {
      expect(await taken()).toEqual({ calls: 0, tasks: 0 });
      await pass(BEAT_MS);
      await own.renew();
    }
    expect(await taken()).toEqual({ calls: 1, tasks: 1 });
  });

  test('nothing is taken before the own lease was renewed after a pause in which nobody could', async () => {
    await pass(2 * LEASE_MS);
    expect(await taken()).toEqual({ calls: 0, tasks: 0 });
  });

  test('a process that comes back before its own lease has lapsed gives those time whose lease has', async () => {
    await pass(BEAT_MS);
    await own.renew();
    await pass(LEASE_MS - BEAT_MS + 1);
    expect(await taken()).toEqual({ calls: 0, tasks: 0 });
    await own.renew();
    expect(await taken()).toEqual({ calls: 0, tasks: 0 });
    await pass(BEAT_MS);
    await Promise.all([own.renew(), other.renew()]);
    expect(await taken()).toEqual({ calls: 0, tasks: 0 });
  });

  test('that time is one lease', async () => {
    await pass(2 * LEASE_MS);
    await own.renew();
    for (let beat = 0; beat < 4; beat++) {
      expect(await taken()).toEqual({ calls: 0, tasks: 0 });
      await pass(BEAT_MS);
      await own.renew();
    }
    expect(await taken()).toEqual({ calls: 1, tasks: 1 });
  });
}
