// Brings an SQLite database to the newest schema. Migrations are numbered SQL files that never change once released;
// each runs in one transaction together with the row that records it.
import type { Database } from 'bun:sqlite';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../../crash-point.ts';

const FOLDER = join(import.meta.dir, '..', 'migrations', 'sqlite');

export function migrate(db: Database): void {
  db.run('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT');
  const applied = new Set(
    db
      .query<{ name: string }, []>('SELECT name FROM migration')
      .all()
      .map((row) => row.name),
  );
  const known = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const newer = [...applied].filter((name) => !known.includes(name));
  if (newer.length > 0) throw new Error(`the database was made by a newer version (it has ${newer.join(', ')})`);
  for (const name of known) {
    if (applied.has(name)) continue;
    db.transaction(() => {
      db.run(readFileSync(join(FOLDER, name), 'utf8'));
      crashPoint('start.migrating');
      db.query("INSERT INTO migration (name, applied_at) VALUES (?, unixepoch('subsec') * 1000)").run(name);
    })();
    crashPoint('start.migrated');
  }
}
