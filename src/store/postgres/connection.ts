// Connections to PostgreSQL. One that saw an error, or did not answer in time, is never used again: the next use
// opens a fresh one. So no statement can land outside the transaction that it was written for.
import type { ReservedSQL } from 'bun';
import { SQL } from 'bun';

/** What statements are given to. Statements given without waiting go in one round trip and run in their order. */
export type Session = Pick<ReservedSQL, 'unsafe'>;

const CONNECT_S = 5;

/** A server that does not answer within the bound. What it did with the last statement is unknown. */
export class NoAnswerError extends Error {
  constructor(withinMs: number) {
    super(`the database did not answer within ${withinMs} ms`);
    this.name = 'NoAnswerError';
  }
}

/** One connection, for one user at a time. */
export class Connection {
  readonly #url: string;
  #sql: SQL | undefined;
  #session: ReservedSQL | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Rejects with what `work` rejects with, or with `NoAnswerError`; either ends the connection and what it had begun. */
  async use<T>(withinMs: number, work: (session: Session) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswerError(withinMs)), withinMs);
    });
    try {
      return await Promise.race([this.#open().then(work), late]);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const sql = this.#sql;
    this.#sql = undefined;
    this.#session = undefined;
    await sql?.close({ timeout: 0 }).catch(() => undefined);
  }

  async #open(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const sql = new SQL(this.#url, { max: 1, connectionTimeout: CONNECT_S, idleTimeout: 0 });
    this.#sql = sql;
    const session = await sql.reserve();
    // A use that was given up meanwhile has closed it.
    if (this.#sql !== sql) throw new Error('the connection was given up');
    this.#session = session;
    return session;
  }
}

/**
 * Sends the statements in their order, in one round trip, and waits for all of them, so that none is left running;
 * then rejects with the first failure, since the later ones only follow from it.
 * @param opening statements that go first and whose answers are of no interest.
 */
export async function allOf<const T extends readonly PromiseLike<unknown>[]>(
  statements: T,
  opening: readonly PromiseLike<unknown>[] = [],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled([...opening, ...statements]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.slice(opening.length).map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
}

/**
 * Whether an error is the operation's own fault: a value that does not fit (class 22) or breaks a constraint (23), or
 * input that the decision cannot read. Everything else, a lost connection or a full disk, is the database's trouble.
 */
export function isOperationsFault(error: unknown): boolean {
  if (error instanceof SQL.PostgresError) return /^2[23]/.test(error.errno ?? '');
  return error instanceof TypeError || error instanceof RangeError;
}

/** SQLSTATE classes 08 (connection) and 57P (the server stops, starts or ends the session), and the driver's own. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof SQL.PostgresError)) return false;
  return error.errno === undefined ? error.code.startsWith('ERR_POSTGRES_CONNECTION') : /^(08|57P)/.test(error.errno);
}

/**
 * Whether it is the database's trouble, which may pass: it is away or silent, or says of itself that it lacks something
 * (SQLSTATE class 53), is in another state or stopped the statement (55, 57), or cannot use its disk (58).
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof NoAnswerError || isLostConnection(error)) return true;
  return error instanceof SQL.PostgresError && /^5[3578]/.test(error.errno ?? '');
}

/** Whether the server itself said that the transaction is rolled back. */
export function isRolledBack(error: unknown): boolean {
  return error instanceof SQL.PostgresError && error.errno !== undefined && !isLostConnection(error);
}

/** An int8 as the driver gives it. Amounts are safe integers, which the CHECK constraints keep. */
export function toInteger(text: string | number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`the database holds ${text}, which is no safe integer`);
  return value;
}

export function toIntegerOrNull(text: string | number | null): number | null {
  return text === null ? null : toInteger(text);
}

/** An array of text as one parameter, for `= ANY($1::text[])`. */
export function textArray(values: Iterable<string>): string {
  return `{${Array.from(values, (value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
