// What the PostgreSQL store guarantees when processes race, freeze and die, and when the server or the way to it
// breaks: nothing is lost, nothing is charged twice, nothing is oversold.
import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import type { Subprocess } from 'bun';
import { SQL } from 'bun';
import type { PostgresStoreOptions } from '../../src/store/postgres/postgres-store.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store, WriteOperation } from '../../src/store/store.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';
import { CuttingProxy } from './store/cutting-proxy.ts';
import { runLoad } from './store/load.ts';
import { account, hold, key, pack, settle, tally, writeAll } from './store/operations.ts';

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

const ACCOUNTS = ['anna', 'boris', 'vera'];
const LEASE_MS = 600;
const stores: Store[] = [];
const children: Subprocess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

async function open(url: string, changes: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const options = { url, timeZone: 'Europe/Moscow', clock, maxWaiting: 50_000, secretCheck: 'test', leaseMs: 15_000 };
  const { store } = await openPostgresStore({ ...options, ...changes });
  stores.push(store);
  return store;
}

async function openWithAccounts(url: string, changes: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const store = await open(url, changes);
  for (const accountId of ACCOUNTS) await writeAll(store, [account(accountId), pack('g', 1_000_000, null, accountId)]);
  return store;
}

/** Every call was charged once, nothing is open, and every invariant holds. */
async function expectChargedOnce(store: Store, callIds: readonly string[]): Promise<void> {
  const rows = await Promise.all(ACCOUNTS.map((accountId) => store.listUsage(accountId, 100_000)));
  const charged = rows.flat().filter((row) => row.charge === 2);
  expect(charged.map((row) => row.callId).sort()).toEqual([...callIds].sort());
  const report = await store.audit();
  expect(report).toMatchObject({ ok: true, findings: [], counted: { openHolds: 0, calls: callIds.length } });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 8_000;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error('it did not come to that');
    await Bun.sleep(30);
  }
}

/** Starts another process on the database, and answers how to give it an operation. */
function startProcess(url: string) {
  const program = new URL('./store/postgres-process.ts', import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, program, url, String(LEASE_MS)], { stdin: 'pipe', stdout: 'pipe' });
  children.push(child);
  const lines = child.stdout.getReader();
  const ask = async (operation: WriteOperation) => {
    await child.stdin.write(`${JSON.stringify(operation)}\n`);
    await child.stdin.flush();
    const { value } = await lines.read();
    return JSON.parse(new TextDecoder().decode(value)) as { outcome: unknown; notices: string[] };
  };
  return { child, ask };
}

if (server === undefined) test.skip('postgres: no server of a supported version is installed', () => undefined);
else describe('postgres', () => faults(server));

function faults(postgres: TemporaryPostgres): void {
  raceFaults(postgres);
  connectionFaults(postgres);
  leaseFaults(postgres);
  startFaults(postgres);
}

function raceFaults(postgres: TemporaryPostgres): void {
  test('two stores that race on one account never oversell it', async () => {
    const url = await postgres.createDatabase();
    const first = await open(url);
    const second = await open(url);
    await writeAll(first, [account('anna'), pack('g', 100)]);
    const claims = [{ subject: 's', perMinute: 150, perDay: null }];
    const holds = Array.from({ length: 400 }, (_, i) => [first, second].map((s, j) => s.write(hold(`c${j}-${i}`, 1))));
    expect(await tally(holds.flat())).toEqual({ held: 100, short: 700 });
    await first.write(pack('h', 1000));
    const limited = Array.from({ length: 200 }, (_, i) =>
      [first, second].map((s, j) => s.write(hold(`l${j}-${i}`, 1, { claims }))),
    );
    expect(await tally(limited.flat())).toEqual({ held: 150, limited: 250 });
    expect((await first.audit()).findings).toEqual([]);
  });

  test('two stores that are given the same operations at once apply each of them once', async () => {
    const url = await postgres.createDatabase();
    const first = await open(url);
    const second = await open(url);
    await Promise.all([first, second].map((store) => store.write(account('anna'))));
    const twice = (operation: WriteOperation) => [first, second].map((store) => store.write(operation));
    const ids = Array.from({ length: 50 }, (_, i) => `c${i}`);
    await Promise.all(ids.flatMap((id) => twice(pack(id, 2))));
    await Promise.all(ids.flatMap((id) => twice(hold(id, 2))));
    const finals = await Promise.all(ids.flatMap((id) => twice(settle(id, 1))));
    expect(finals.every((outcome) => outcome.kind === 'final')).toBe(true);
    expect(await first.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 50 } });
  });

  test('two stores that make accounts and change them at once come to an end', async () => {
    const url = await postgres.createDatabase();
    const both = [await open(url), await open(url)] as const;
    const ids = Array.from({ length: 40 }, (_, i) => `account-${i}`);
    const made = ids.flatMap((id, i) =>
      both.map((store) => store.write(account(id, { email: `${i % 20}@example.org` }))),
    );
    const counts = await tally(made);
    expect((counts['written'] ?? 0) + (counts['conflict'] ?? 0)).toBe(80);
    const accounts = await both[0].listAccounts(100);
    expect(accounts).toHaveLength(20);
    const changes = [...accounts, ...accounts.toReversed()].flatMap(({ accountId }, i) => [
      both[i % 2 === 0 ? 0 : 1].write({ kind: 'updateAccount', accountId, planId: 'free' }),
      both[i % 2 === 0 ? 1 : 0].write(pack(`g${i}`, 1, null, accountId)),
    ]);
    expect(await tally(changes)).toEqual({ written: 40, granted: 40 });
  });

  test('a key that one process changes or revokes is changed for the others at once', async () => {
    const url = await postgres.createDatabase();
    const first = await open(url);
    const second = await open(url);
    await writeAll(first, [account('anna'), key('k1')]);
    expect(await second.findKey('hmac of k1')).toMatchObject({ revoked: false });
    await first.write({ kind: 'updateKey', keyId: 'k1', usesCache: true });
    expect(await second.findKey('hmac of k1')).toMatchObject({ usesCache: true });
    await first.write({ kind: 'revokeKey', keyId: 'k1', revokedAtMs: Date.now() });
    expect(await second.findKey('hmac of k1')).toMatchObject({ revoked: true });
  });
}

function connectionFaults(postgres: TemporaryPostgres): void {
  const LOAD = { callers: 64, callsEach: 40, accounts: ACCOUNTS };

  test('connections that are ended in the middle of a load lose and double nothing', async () => {
    const url = await postgres.createDatabase();
    const both = [await openWithAccounts(url), await open(url)];
    let isRunning = true;
    const killing = (async () => {
      for (; isRunning; await Bun.sleep(15))
        await postgres.run(
          url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5`,
        );
    })();
    const callIds = await runLoad(both, LOAD);
    isRunning = false;
    await killing;
    await expectChargedOnce(both[0] as Store, callIds);
  });

  test('a server that crashes and restarts in the middle of a load loses and doubles nothing', async () => {
    const url = await postgres.createDatabase();
    const both = [await openWithAccounts(url), await open(url)];
    const load = runLoad(both, LOAD);
    for (const mode of ['immediate', 'fast'] as const) {
      await Bun.sleep(100);
      postgres.stopServer(mode);
      expect(await (both[0] as Store).ping()).toBe(false);
      postgres.startServer();
    }
    await expectChargedOnce(both[0] as Store, await load);
  });

  test('what cannot be read while the server is away is told as temporarily unavailable, never as our own fault', async () => {
    const store = await openWithAccounts(await postgres.createDatabase());
    const day = { fromMs: 0, toMs: 1, by: 'all' } as const;
    postgres.stopServer('immediate');
    const answers = await Promise.allSettled<unknown>([
      store.findKey('hmac'),
      store.findAccount('anna'),
      store.listAccounts(1),
      store.listKeys('anna'),
      store.listPlans(),
      store.listBuckets('anna', 1, Date.now()),
      store.listUsage('anna', 1),
      store.findCostBook(),
      store.sumUsage(day),
      store.findAnswer('anna', 'name'),
      store.findTask(1),
      store.findTaskWork(1),
      store.listDueWebhooks(Date.now(), 1),
      store.adoptTasks(),
    ]);
    postgres.startServer();
    const told = answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : answer.value));
    expect(told).toEqual(Array(14).fill('temporarily_unavailable'));
    expect(await store.findAccount('anna')).toMatchObject({ accountId: 'anna' });
  });

  test('commits whose answer is lost are repeated, and applied once', async () => {
    const url = await postgres.createDatabase();
    const { proxy, url: throughProxy } = await CuttingProxy.start(url);
    const store = await openWithAccounts(throughProxy);
    proxy.cutsOneOf = 3;
    const callIds = await runLoad([store], LOAD);
    expect(proxy.cut).toBeGreaterThan(10);
    proxy.cutsOneOf = Number.POSITIVE_INFINITY;
    await expectChargedOnce(store, callIds);
    await store.close();
    proxy.stop();
  });

  test('a hold whose caller was told that it failed, although it was committed, is voided', async () => {
    const url = await postgres.createDatabase();
    const { proxy, url: throughProxy } = await CuttingProxy.start(url);
    const store = await openWithAccounts(throughProxy, { giveUpMs: 300, leaseMs: LEASE_MS });
    proxy.goesDown = true;
    proxy.cutsOneOf = 1;
    expect(await tally([store.write(hold('c1', 5))])).toEqual({ temporarily_unavailable: 1 });
    expect(await postgres.run(url, 'SELECT call_id FROM hold')).toHaveLength(1);
    proxy.cutsOneOf = Number.POSITIVE_INFINITY;
    proxy.isDown = false;
    await until(async () => (await store.listUsage('anna', 9)).length === 1);
    const [row] = await store.listUsage('anna', 9);
    expect(row).toMatchObject({ callId: 'c1', outcome: 'void', charge: 0, errorCode: 'temporarily_unavailable' });
    expect(await store.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    await store.close();
    proxy.stop();
  });
}

function leaseFaults(postgres: TemporaryPostgres): void {
  test('the holds of a process that was killed are voided when its lease has lapsed, those of the living stay', async () => {
    const url = await postgres.createDatabase();
    const notices: unknown[] = [];
    const store = await openWithAccounts(url, { leaseMs: LEASE_MS, notice: (notice) => notices.push(notice) });
    const { child, ask } = startProcess(url);
    expect(await ask(hold('dead', 5))).toMatchObject({ outcome: { kind: 'held' } });
    await writeAll(store, [hold('living', 5), hold('task', 5)]);
    await postgres.run(url, "UPDATE hold SET owner = 'task' WHERE call_id = 'task'");
    child.kill('SIGKILL');
    await until(async () => (await store.listUsage('anna', 9)).length > 0);
    expect(await store.listUsage('anna', 9)).toMatchObject([
      { callId: 'dead', outcome: 'void', charge: 0, held: 5, status: 503, errorCode: 'gateway_restarted', usage: null },
    ]);
    await Bun.sleep(LEASE_MS);
    expect(await store.audit()).toMatchObject({ ok: true, counted: { openHolds: 2, calls: 1 } });
    expect(notices).toEqual([{ kind: 'holds_voided', count: 1 }]);
  });

  test('a process keeps its lease while the holds of a dead one cannot be ended', async () => {
    const url = await postgres.createDatabase();
    const notices: unknown[] = [];
    const store = await openWithAccounts(url, { leaseMs: LEASE_MS, notice: (notice) => notices.push(notice) });
    const { child, ask } = startProcess(url);
    expect(await ask(hold('dead', 5, { accountId: 'boris' }))).toMatchObject({ outcome: { kind: 'held' } });
    const other = new SQL(url, { max: 1 });
    await other.begin(async (transaction) => {
      await transaction.unsafe("SELECT account_id FROM account WHERE account_id = 'boris' FOR UPDATE");
      child.kill('SIGKILL');
      await Bun.sleep(3 * LEASE_MS);
    });
    await other.close();
    await until(async () => notices.length > 0);
    await Bun.sleep(LEASE_MS);
    expect(notices).toEqual([{ kind: 'holds_voided', count: 1 }]);
    expect(await store.listUsage('boris', 9)).toMatchObject([{ callId: 'dead', outcome: 'void', charge: 0 }]);
  });

  test('a process that was frozen for longer than its lease finds its call void, notices, and goes on', async () => {
    const url = await postgres.createDatabase();
    const store = await openWithAccounts(url, { leaseMs: LEASE_MS });
    const { child, ask } = startProcess(url);
    await ask(hold('frozen', 5));
    child.kill('SIGSTOP');
    await until(async () => (await store.listUsage('anna', 9)).length > 0);
    child.kill('SIGCONT');
    expect(await ask(settle('frozen', 5))).toMatchObject({ outcome: { final: { outcome: 'void', charge: 0 } } });
    await ask(hold('next', 5));
    await Bun.sleep(2 * LEASE_MS);
    const { outcome, notices } = await ask(settle('next', 4));
    expect(outcome).toMatchObject({ final: { outcome: 'settled', charge: 4 } });
    expect(notices).toContain('lease_lapsed');
    expect((await store.audit()).findings).toEqual([]);
  });
}

function startFaults(postgres: TemporaryPostgres): void {
  test('processes that start together on an empty database migrate it once', async () => {
    const url = await postgres.createDatabase();
    const opened = await Promise.all(Array.from({ length: 6 }, () => open(url)));
    expect(await Promise.all(opened.map((store) => store.ping()))).toEqual(Array(6).fill(true));
  });

  test('a process with another master secret than the keys were made with is refused', async () => {
    const url = await postgres.createDatabase();
    await open(url);
    const refusal = await open(url, { secretCheck: 'another' }).catch((error: Error) => error.message);
    expect(refusal).toContain('its keys were made with another master secret');
  });

  test('a database that a newer version has made is refused', async () => {
    const url = await postgres.createDatabase();
    await (await open(url)).close();
    await postgres.run(url, "INSERT INTO migration (name, applied_at) VALUES ('9999-later.sql', now())");
    const refusal = await open(url).catch((error: Error) => error.message);
    expect(refusal).toContain('the database was made by a newer version (it has 9999-later.sql)');
  });
}
