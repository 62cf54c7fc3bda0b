// Brings a PostgreSQL database to the newest schema. Migrations are numbered SQL files that never change once
// released. All missing ones run in one transaction under a lock, so processes that start together are safe: one
// migrates, the others wait and find nothing to do.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../../crash-point.ts';
import type { Session } from './connection.ts';

const FOLDER = join(import.meta.dir, '..', 'migrations', 'postgres');

/** Names the lock among all advisory locks of the database: 'tolmach' as a number. */
const LOCK = 0x746f6c6d616368n.toString();

export async function migrate(session: Session): Promise<void> {
  await session.unsafe('BEGIN ISOLATION LEVEL READ COMMITTED');
  // Held until the transaction ends, however it ends.
  await session.unsafe('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK]);
  await session.unsafe('CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL)');
  const rows: { name: string }[] = await session.unsafe('SELECT name FROM migration');
  const applied = new Set(rows.map((row) => row.name));
  const known = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const newer = [...applied].filter((name) => !known.includes(name));
  if (newer.length > 0) throw new Error(`the database was made by a newer version (it has ${newer.join(', ')})`);
  for (const name of known) {
    if (applied.has(name)) continue;
    await session.unsafe(readFileSync(join(FOLDER, name), 'utf8')).simple();
    await session.unsafe('INSERT INTO migration (name, applied_at) VALUES ($1, clock_timestamp())', [name]);
    crashPoint('postgres.migrating');
  }
  await session.unsafe('COMMIT');
  crashPoint('postgres.migrated');
}
