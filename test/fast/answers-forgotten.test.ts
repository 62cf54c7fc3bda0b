// What was kept of answers is gone from the disk when it is forgotten, not only from the table.
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calendar } from '../../src/core/calendar.ts';
import { BatchWriter } from '../../src/store/sqlite/batch.ts';
import { migrate } from '../../src/store/sqlite/migrate.ts';
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

test('what cannot be wiped for now is wiped the next time, and no error of that leaves the writer', () => {
  const db = new FullDisk(':memory:', { strict: true });
  migrate(db);
  const writer = new BatchWriter(db, new Calendar('Europe/Moscow'), 'process:1');
  const context = { ...CONTEXT, idempotencyKey: KEY };
  const named = { ...hold('c1', 0, { context }), idempotency: { key: KEY, fingerprint: 'f' } };
  writer.apply({
    nowMs: NOON,
    operations: [account('anna'), named, settle('c1', 0, { record: { ...RECORD, ...context } })],
  });
  writer.apply({ nowMs: NOON, operations: [{ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON + 1 }] });
  expect(() => writer.forget()).not.toThrow();
  expect(db.checkpoints).toBe(1);
  db.isFull = false;
  writer.forget();
  writer.forget();
  expect(db.checkpoints).toBe(2);
  db.close();
});

/** A database whose log cannot be emptied, for there is no room for what is in it. */
class FullDisk extends Database {
  isFull = true;
  checkpoints = 0;

  override query: Database['query'] = (sql) => {
    if (String(sql).startsWith('PRAGMA wal_checkpoint')) {
      this.checkpoints += 1;
      if (this.isFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    }
    return super.query(sql);
  };
}
