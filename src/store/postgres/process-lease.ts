// The lease of this process, and the end of those that let theirs lapse. A lease is one row, renewed four times in
// its length, whatever the number of calls. The database's clock decides.
//
// A lease that has lapsed tells that its process is gone only if that one could have renewed it. While the database was
// away nobody could, and whoever is back first would end the calls of all the others. So a process that has missed a
// renewal itself, whether its own lease has lapsed by it or not, gives the others the length of a lease to come back.
import type { SettleOperation } from '../../core/ledger.ts';
import { crashPoint } from '../../crash-point.ts';
import type { OrphanedHold } from '../restart-record.ts';
import { voidOrphan } from '../restart-record.ts';
import type { CallContext, CallRecord, StoreNotice } from '../store.ts';
import { LEASE_BEATS } from '../store.ts';
import { toInteger, toIntegerOrNull } from './connection.ts';
import type { StatementPool } from './statement-pool.ts';

/** Holds voided in one go. */
const SWEEP_MAX = 500;

const RENEW = `WITH earlier AS (SELECT lease_until FROM process WHERE process_id = $1::text)
  INSERT INTO process (process_id, lease_until) VALUES ($1::text, now_ms() + $2::bigint)
  ON CONFLICT (process_id) DO UPDATE SET lease_until = excluded.lease_until
  RETURNING lease_until, (SELECT lease_until FROM earlier) AS earlier_until`;
/**
 * SQL: whether process `$1` may take over from those whose lease has lapsed: it has as much of its own left as `$2`
 * says (`takingNeedsMs`). It is asked in the very statement that takes, which may run long after the last renewal.
 */
export const MAY_TAKE = `EXISTS (SELECT 1 FROM process
  WHERE process_id = $1::text AND lease_until > (SELECT now_ms()) + $2::bigint)`;
// Holds that nobody will end: their process has no row, or let its lease lapse. Those of tasks outlive processes.
const ORPHANS = `SELECT call_id, account_id, context FROM hold WHERE owner <> 'task' AND owner NOT IN
  (SELECT process_id FROM process WHERE lease_until > (SELECT now_ms())) AND ${MAY_TAKE} LIMIT ${SWEEP_MAX}`;
// A process that comes back after an hour makes its row anew.
const FORGET = 'DELETE FROM process WHERE lease_until < (SELECT now_ms()) - 3600000';
const END = 'DELETE FROM process WHERE process_id = $1';

export class ProcessLease {
  readonly processId = `process:${crypto.randomUUID()}`;
  readonly #pool: StatementPool;
  readonly #leaseMs: number;
  readonly #notice: (notice: StoreNotice) => void;
  #untilMs = 0;
  #takeFromMs = 0;
  #isRenewed = false;

  constructor(pool: StatementPool, leaseMs: number, notice: (notice: StoreNotice) => void) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
    this.#notice = notice;
  }

  /** Renewing this often keeps the lease. */
  get beatMs(): number {
    return this.#leaseMs / LEASE_BEATS;
  }

  /**
   * How much of the lease must be left where something is taken over: half of it, which is there unless a renewal was
   * missed; or all of it, which is never there, while the others have time to come back.
   */
  get takingNeedsMs(): number {
    const mayTake = this.#untilMs - this.#leaseMs >= this.#takeFromMs;
    return mayTake ? Math.floor(this.#leaseMs / 2) : this.#leaseMs;
  }

  /** Renews the lease, and notices if it had lapsed. */
  async renew(): Promise<void> {
    type Row = { lease_until: string; earlier_until: string | null };
    const [row] = await this.#pool.query<Row>(RENEW, [this.processId, this.#leaseMs]);
    if (row === undefined) throw new Error('the lease was not written');
    crashPoint('postgres.lease-renewed');
    const untilMs = toInteger(row.lease_until);
    const nowMs = untilMs - this.#leaseMs;
    const earlierMs = toIntegerOrNull(row.earlier_until) ?? Math.min(this.#untilMs, nowMs);
    // Where this process could not renew, others could not either: they have one lease's length to come back.
    if (!this.#isRenewed || earlierMs <= nowMs + this.#leaseMs / 2) this.#takeFromMs = untilMs;
    if (this.#isRenewed && earlierMs <= nowMs) this.#notice({ kind: 'lease_lapsed', byMs: nowMs - earlierMs });
    this.#isRenewed = true;
    this.#untilMs = untilMs;
  }

  /**
   * Voids the holds of processes whose lease has lapsed. Several processes may do so at once: a hold ends once. One
   * whose process comes back in this very moment is voided too; its settle then finds that, and nothing is charged.
   */
  async sweep(write: (operation: SettleOperation & { record: CallRecord }) => Promise<unknown>): Promise<void> {
    const nowMs = this.#untilMs - this.#leaseMs;
    type Row = { call_id: string; account_id: string; context: CallContext };
    const rows = await this.#pool.query<Row>(ORPHANS, [this.processId, this.takingNeedsMs]);
    const orphans = rows.map(
      (row): OrphanedHold => ({ callId: row.call_id, accountId: row.account_id, context: row.context }),
    );
    const voided = await Promise.allSettled(orphans.map((orphan) => write(voidOrphan(orphan, nowMs))));
    const count = voided.filter((result) => result.status === 'fulfilled').length;
    if (count > 0) {
      crashPoint('postgres.orphans-voided');
      this.#notice({ kind: 'holds_voided', count });
    }
    await this.#pool.query(FORGET);
  }

  /** Gives the lease back, so that what this process left open is voided by others at once. */
  async end(): Promise<void> {
    await this.#pool.query(END, [this.processId]);
    crashPoint('postgres.lease-ended');
  }
}
