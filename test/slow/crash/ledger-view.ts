// The disk of a gateway that is killed, read beside the gateway itself: one view for each store, which take the same
// questions in SQL, with `$1` for the first value.
import { Database } from 'bun:sqlite';
import { SQL } from 'bun';
import { auditDatabase as auditPostgres } from '../../../src/store/postgres/audit.ts';
import { auditDatabase as auditSqlite } from '../../../src/store/sqlite/audit.ts';
import type { AuditReport } from '../../../src/store/store.ts';

export type LedgerView = {
  /** Integers of every size come as numbers. */
  rows<Row>(sql: string, ...values: readonly string[]): Promise<Row[]>;
  /** Changes rows. Only while no process runs. */
  change(sql: string): Promise<void>;
  audit(): Promise<AuditReport>;
  /** The text that a task's column `result` stands for. */
  readResult(result: string): string;
  /**
   * Whether all that dead processes left is taken over by the one that was started last.
   * @param sinceMs when that one was started.
   */
  isTakenOver(sinceMs: number): Promise<boolean>;
  /** How long after its start a process may be busy with that. */
  readonly takesOverWithinMs: number;
  close(): Promise<void>;
};

/** The embedded database. A process is ready when it has taken over. */
export class SqliteView implements LedgerView {
  readonly takesOverWithinMs = 250;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async rows<Row>(sql: string, ...values: readonly string[]): Promise<Row[]> {
    return this.#read((db) => db.query<Row, string[]>(sql.replace(/\$(\d)/g, '?$1')).all(...values));
  }

  async change(sql: string): Promise<void> {
    const db = new Database(this.#path, { strict: true });
    db.run(sql);
    db.close();
  }

  async audit(): Promise<AuditReport> {
    return this.#read(auditSqlite);
  }

  readResult(result: string): string {
    return result;
  }

  async isTakenOver(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {
    // Every reading has a connection of its own.
  }

  #read<T>(question: (db: Database) => T): T {
    const db = new Database(this.#path, { readonly: true, strict: true });
    try {
      return question(db);
    } finally {
      db.close();
    }
  }
}

// What a process had sent before it died may be carried out after its death: until its connections are gone the ledger is not at rest.
const CONNECTIONS_OF_THE_DEAD = `SELECT count(*) AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start < to_timestamp($1::float8 / 1000)`;
const HOLDS_OF_THE_DEAD = "SELECT count(*) AS n FROM hold WHERE owner NOT IN ('task', (SELECT process_id FROM living))";
const TASKS_OF_THE_DEAD =
  "SELECT count(*) AS n FROM task WHERE status = 'queued' AND owner <> (SELECT process_id FROM living)";
// Processes come one after the other, so the last one to renew its lease is the one that lives.
const LIVING = 'WITH living AS (SELECT process_id FROM process ORDER BY lease_until DESC LIMIT 1)';

/** A database on a PostgreSQL server. What the dead left is taken over when their leases have lapsed. */
export class PostgresView implements LedgerView {
  readonly takesOverWithinMs = 2_500;
  readonly #sql: SQL;

  constructor(url: string) {
    this.#sql = new SQL(url, { max: 1, bigint: true, idleTimeout: 0 });
  }

  async rows<Row>(sql: string, ...values: readonly string[]): Promise<Row[]> {
    const rows: Record<string, unknown>[] = await this.#sql.unsafe(sql, [...values]);
    return rows.map(withNumbers) as Row[];
  }

  async change(sql: string): Promise<void> {
    await this.#sql.unsafe(sql);
  }

  async audit(): Promise<AuditReport> {
    const session = await this.#sql.reserve();
    try {
      return await auditPostgres(session);
    } finally {
      await session.release();
    }
  }

  readResult(result: string): string {
    return JSON.parse(result);
  }

  async isTakenOver(sinceMs: number): Promise<boolean> {
    const counts = await Promise.all([
      this.rows<{ n: number }>(CONNECTIONS_OF_THE_DEAD, String(sinceMs)),
      this.rows<{ n: number }>(`${LIVING} ${HOLDS_OF_THE_DEAD}`),
      this.rows<{ n: number }>(`${LIVING} ${TASKS_OF_THE_DEAD}`),
    ]);
    return counts.flat().every(({ n }) => n === 0);
  }

  close(): Promise<void> {
    return this.#sql.close({ timeout: 0 });
  }
}

function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(row);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]));
}
