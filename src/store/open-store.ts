// Chooses the store: PostgreSQL where `DATABASE_URL` is set, else the embedded database in the data folder.
import type { Config } from '../config.ts';
import type { Clock } from '../core/clock.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';

export async function openStore(config: Config, clock: Clock): Promise<{ store: Store; voidedHolds: number }> {
  const { dataDir, timeZone, bounds } = config;
  return openSqliteStore({ dataDir, timeZone, clock, maxWaiting: bounds.waitingWrites });
}
