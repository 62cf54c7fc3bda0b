// Runs single statements that may be repeated, such as readings, on a few connections. So a broken connection is not
// the caller's concern; a server that is away or does not answer is, and is told as such.
import { SQL } from 'bun';
import { CallError } from '../../core/errors.ts';
import { isLostConnection, isUnavailable, NoAnswerError } from './connection.ts';

const CONNECTIONS = 4;
const CONNECT_S = 5;
const ANSWER_MS = 5_000;
/** Pauses before a statement is repeated whose connection broke. */
const REPEAT_MS = [0, 50, 250] as const;

export class StatementPool {
  readonly #url: string;
  #sql: SQL;

  constructor(url: string) {
    this.#url = url;
    this.#sql = this.#open();
  }

  /** Rejects with `temporarily_unavailable` where the database is, and with the error of a statement that is wrong. */
  async query<Row>(statement: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once(statement, parameters);
      } catch (error) {
        const pauseMs = REPEAT_MS[tries];
        if (pauseMs !== undefined && isLostConnection(error)) await Bun.sleep(pauseMs);
        else if (isUnavailable(error))
          throw new CallError('temporarily_unavailable', { retryAfterS: 1, detail: String(error) });
        else throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#sql.close({ timeout: 0 }).catch(() => undefined);
  }

  async #once<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    const sql = this.#sql;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswerError(ANSWER_MS)), ANSWER_MS);
    });
    try {
      return await Promise.race([sql.unsafe(statement, [...parameters]), late]);
    } catch (error) {
      if (error instanceof NoAnswerError && this.#sql === sql) this.#replace(sql);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A silent connection stays silent, so all of them are given up. */
  #replace(silent: SQL): void {
    this.#sql = this.#open();
    silent.close({ timeout: 0 }).catch(() => undefined);
  }

  #open(): SQL {
    return new SQL(this.#url, { max: CONNECTIONS, connectionTimeout: CONNECT_S, idleTimeout: 0 });
  }
}
