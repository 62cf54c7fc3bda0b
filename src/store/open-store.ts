// Chooses the store: PostgreSQL where `DATABASE_URL` is set, else the embedded database in the data folder.
import type { Config } from '../config.ts';
import type { Clock } from '../core/clock.ts';
import { openPostgresStore } from './postgres/postgres-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store, StoreNotice } from './store.ts';

/**
 * @param secretCheck tells one master secret from another without telling it: processes on one database must share it.
 * @param notice told what happens to the store afterwards.
 */
export async function openStore(
  config: Config,
  clock: Clock,
  secretCheck: string,
  notice: (notice: StoreNotice) => void,
): Promise<{ store: Store; voidedHolds: number }> {
  const { dataDir, databaseUrl, timeZone, bounds, timeouts } = config;
  const options = { timeZone, clock, maxWaiting: bounds.waitingWrites };
  return databaseUrl === undefined
    ? openSqliteStore({ ...options, dataDir })
    : openPostgresStore({ ...options, url: databaseUrl, secretCheck, notice, leaseMs: timeouts.processLeaseMs });
}
