// An SQLite database in memory that fails when it is told to: at any statement of a batch, at its commit, or for good.
// What was committed is there when the next process opens it.
import type { Statement } from 'bun:sqlite';
import { Database } from 'bun:sqlite';

/** What goes wrong with the next batch. Statements are counted from 1, its `BEGIN` being the first. */
export type DatabaseFault =
  /** One statement fails, for instance by an I/O error; what comes after it works. */
  | { readonly kind: 'fails_once'; readonly atStatement: number }
  /** The process dies at a statement: neither that one nor any later one happens. */
  | { readonly kind: 'dies'; readonly atStatement: number }
  /** No statement that writes works until the disk is healed. */
  | { readonly kind: 'down' };

/** In the message of every error of this disk. */
export const DISK_TROUBLE = 'the disk';

class DiskError extends Error {
  readonly code = 'SQLITE_IOERR';
}

export class FaultyDatabase extends Database {
  #fault: DatabaseFault | undefined;
  #statements = 0;
  readonly #watched = new WeakSet<Statement>();

  constructor() {
    super(':memory:', { strict: true });
  }

  /** From now on this goes wrong; `undefined` is nothing. */
  break(fault: DatabaseFault | undefined): void {
    this.#fault = fault;
    this.#statements = 0;
  }

  get fault(): DatabaseFault | undefined {
    return this.#fault;
  }

  override run(...[sql, ...bindings]: Parameters<Database['run']>) {
    // A dead process rolls nothing back; that what it began has no effect is what the rollback stands for.
    if (sql === 'ROLLBACK') return super.run(sql);
    this.#mayFail();
    return super.run(sql, ...bindings);
  }

  override prepare: Database['prepare'] = (sql, params) => this.#watch(super.prepare(sql, params));

  override query: Database['query'] = (sql) => this.#watch(super.query(sql));

  #watch<S extends Statement>(statement: S): S {
    if (this.#watched.has(statement)) return statement;
    this.#watched.add(statement);
    const run = statement.run.bind(statement);
    statement.run = ((...bindings: Parameters<S['run']>) => {
      this.#mayFail();
      return run(...bindings);
    }) as S['run'];
    return statement;
  }

  #mayFail(): void {
    const fault = this.#fault;
    if (fault === undefined) return;
    if (fault.kind === 'down') throw new DiskError(`${DISK_TROUBLE} is down`);
    this.#statements += 1;
    if (this.#statements < fault.atStatement) return;
    if (fault.kind === 'fails_once') this.#fault = undefined;
    throw new DiskError(`${DISK_TROUBLE} failed`);
  }
}
