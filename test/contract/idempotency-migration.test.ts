// Names for requests that were given before they belonged to accounts: after the upgrade they stand for their tasks still.
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';
import { CONTEXT, hold } from './store/operations.ts';

const CLOCK = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const OPTIONS = { timeZone: 'Europe/Moscow', maxWaiting: 100, clock: CLOCK };
const LAST_BEFORE = '0003';

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

/** The schema as it was, with two keys of one account that have used one name; the newer one's is call c2. */
function before(kind: 'sqlite' | 'postgres', appliedAt: string): string[] {
  const folder = join(import.meta.dir, '..', '..', 'src', 'store', 'migrations', kind);
  const old = readdirSync(folder)
    .filter((name) => name.slice(0, 4) <= LAST_BEFORE)
    .sort();
  const now = Date.now();
  const name = (keyId: string, call: string, ageMs: number) =>
    `INSERT INTO idempotency (key_id, idempotency_key, fingerprint, account_id, call_id, created_at)
     VALUES ('${keyId}', 'order 17', 'f', 'anna', '${call}', ${now - ageMs})`;
  const owner =
    kind === 'postgres'
      ? ", owner) VALUES ('anna', 'c2', 'completed', '', 1, 2, 'p')"
      : ") VALUES ('anna', 'c2', 'completed', '', 1, 2)";
  return [
    ...old.map((file) => readFileSync(join(folder, file), 'utf8')),
    kind === 'postgres'
      ? 'CREATE TABLE migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL)'
      : 'CREATE TABLE migration (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
    ...old.map((file) => `INSERT INTO migration (name, applied_at) VALUES ('${file}', ${appliedAt})`),
    `INSERT INTO account (account_id, email, plan_id, status, created_at) VALUES ('anna', 'a@b.org', 'prestige', 'active', 1)`,
    name('key-1', 'c1', 2_000),
    name('key-2', 'c2', 1_000),
    `INSERT INTO task (account_id, call_id, status, request, created_at, ended_at${owner}`,
  ];
}

async function expectTheNewerName(store: Store): Promise<void> {
  const again = {
    ...hold('c3', 4),
    context: CONTEXT,
    task: { request: '{}' },
    idempotency: { key: 'order 17', fingerprint: 'f' },
  };
  expect(await store.write(again)).toEqual({ kind: 'repeated', taskId: 1 });
  expect(await store.write({ ...again, idempotency: { key: 'order 17', fingerprint: 'g' } })).toEqual({
    kind: 'mismatched',
  });
  await store.close();
}

describe('names from before an upgrade', () => {
  test('sqlite: stay with their account, the newer one where two had the same', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-migration-'));
    const db = new Database(join(dataDir, 'tolmach.db'), { create: true });
    for (const statement of before('sqlite', '1')) db.run(statement);
    db.close();
    await expectTheNewerName((await openSqliteStore({ ...OPTIONS, dataDir })).store);
    rmSync(dataDir, { recursive: true, force: true });
  });

  test.skipIf(server === undefined)(
    'postgres: stay with their account, the newer one where two had the same',
    async () => {
      if (server === undefined) return;
      const url = await server.createDatabase();
      for (const statement of before('postgres', 'now()')) await server.run(url, statement);
      await expectTheNewerName(
        (await openPostgresStore({ ...OPTIONS, url, secretCheck: 'test', leaseMs: 15_000 })).store,
      );
    },
  );
});
