// Temporary stores for tests: an SQLite database in a folder of its own, or a PostgreSQL database on a server of its
// own. Both have a clock that stands still until a test moves it.
import { Database } from 'bun:sqlite';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import type { TemporaryPostgres } from './temporary-postgres.ts';

export type TemporaryStore = {
  readonly store: Store;
  /** The wall clock that decides in this store. */
  readonly nowMs: number;
  setNow(nowMs: number): Promise<void>;
  /** Closes the store and opens it again, as a restart of the program does. */
  reopen(changes?: StoreChanges): Promise<void>;
  /** Runs one statement beside the store, for instance to break a row. */
  run(statement: string): Promise<void>;
  remove(): Promise<void>;
};

export type StoreChanges = { readonly timeZone?: string; readonly maxWaiting?: number };

const DEFAULTS = { timeZone: 'Europe/Moscow', maxWaiting: 50_000 };

/** A wall clock that only tests move; durations are measured truly. */
class StandingClock implements Clock {
  current: number;

  constructor(nowMs: number) {
    this.current = nowMs;
  }

  nowMs(): number {
    return this.current;
  }

  monotonicMs(): number {
    return performance.now();
  }
}

export async function openTemporarySqlite(nowMs: number, changes: StoreChanges = {}): Promise<TemporaryStore> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-sqlite-'));
  const clock = new StandingClock(nowMs);
  const open = async (now: StoreChanges) => (await openSqliteStore({ ...DEFAULTS, ...now, dataDir, clock })).store;
  let store = await open(changes);
  return {
    get store() {
      return store;
    },
    get nowMs() {
      return clock.current;
    },
    setNow: async (ms) => {
      clock.current = ms;
    },
    reopen: async (now = {}) => {
      await store.close();
      store = await open(now);
    },
    run: async (statement) => {
      const db = new Database(join(dataDir, 'tolmach.db'), { strict: true });
      db.run(statement);
      db.close();
    },
    remove: async () => {
      await store.close();
      await removeFolder(dataDir);
    },
  };
}

/** The database's own clock decides in this store, so that is what stands still. */
export async function openTemporaryPostgres(
  server: TemporaryPostgres,
  nowMs: number,
  changes: StoreChanges = {},
): Promise<TemporaryStore> {
  const url = await server.createDatabase();
  const clock = new StandingClock(nowMs);
  const open = async (now: StoreChanges) =>
    (await openPostgresStore({ ...DEFAULTS, ...now, url, clock, secretCheck: 'test', leaseMs: 15_000 })).store;
  let store = await open(changes);
  const setNow = async (ms: number) => {
    clock.current = ms;
    await server.run(url, `CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql AS 'SELECT ${ms}::bigint'`);
  };
  // The lease was taken by the true clock; the store takes another when it finds that lapsed or gone.
  await setNow(nowMs);
  return {
    get store() {
      return store;
    },
    get nowMs() {
      return clock.current;
    },
    setNow,
    reopen: async (now = {}) => {
      await store.close();
      store = await open(now);
    },
    run: async (statement) => {
      await server.run(url, statement);
    },
    remove: async () => {
      await store.close();
      await server.dropDatabase(url);
    },
  };
}

/** The writer's thread may still be deleting files of its own, and then a folder is left behind without an error. */
async function removeFolder(path: string): Promise<void> {
  for (let tries = 0; existsSync(path) && tries < 100; tries++) {
    if (tries > 0) await Bun.sleep(10);
    rmSync(path, { recursive: true, force: true });
  }
}
