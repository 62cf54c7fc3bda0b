// What was kept of answers is gone from the disk when it is forgotten, not only from the table.
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { account, CONTEXT, hold, NOON, RECORD, settle } from '../contract/store/operations.ts';

const KEY = 'order 17';
// Short enough that compressing it leaves its letters as they are.
const MARK = 'answer-mark-5f1c';

test('a kept answer is in no byte of the database once its name is forgotten', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-forgotten-'));
  const onDisk = () =>
    ['tolmach.db', 'tolmach.db-wal'].some((name) => {
      const path = join(dataDir, name);
      return existsSync(path) && readFileSync(path).includes(MARK);
    });
  const clock = { nowMs: () => NOON, monotonicMs: () => performance.now() };
  const { store } = await openSqliteStore({ dataDir, timeZone: 'Europe/Moscow', clock, maxWaiting: 10 });
  const context = { ...CONTEXT, idempotencyKey: KEY };
  await store.write(account('anna'));
  await store.write({ ...hold('c1', 0, { context }), idempotency: { key: KEY, fingerprint: 'f' } });
  const record = { ...RECORD, idempotencyKey: KEY };
  await store.write({ ...settle('c1', 0, { record }), answer: { status: 200, headers: {}, body: MARK } });
  expect(onDisk()).toBe(true);
  await store.write({ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON + 1 });
  // The writer forgets after it has answered; the next answer comes after that.
  await store.write({ kind: 'startTask', taskId: 1 });
  expect(onDisk()).toBe(false);
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});
