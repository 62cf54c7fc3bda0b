// Watches the ledger from outside: it is told what was given to the database and what truly came of it, keeps the same
// books with single coins (unit-model.ts) and a plain list of admissions, and compares both with the database's rows
// after every batch. Nothing of it is the product's own reckoning but the calendar.
import type { Database } from 'bun:sqlite';
import type { Calendar } from '../../core/calendar.ts';
import type { HoldOperation } from '../../core/ledger.ts';
import type { LimitClaim } from '../../core/limits.ts';
import type { Outcome, Refused } from '../../store/group-commit.ts';
import type { CallRecord, WriteOperation } from '../../store/store.ts';
import type { ModelAnswer } from '../unit-model.ts';
import { UnitModel } from '../unit-model.ts';
import { DISK_TROUBLE } from './faulty-database.ts';
import type { Committed } from './simulated-store.ts';
import { promise } from './violation.ts';

const MINUTE_MS = 60_000;
/** A cell of a limit's window counts in full, so that a limit may be stricter than a perfect log by less than this. */
const CELL_MS = 1_000;

type Settle = Extract<WriteOperation, { kind: 'settle' }>;
type Final = { readonly outcome: 'settled' | 'void'; readonly charge: number };
/** `atMs` as it was, and as it counts after clocks were set back; a day that was begun is not left for an earlier one. */
type Admitted = { readonly atMs: number; countsFromMs: number; readonly day: string };
type CallState = { readonly accountId: string; readonly held: number; final: Final | undefined };

export class LedgerWitness {
  readonly calls = new Map<string, CallState>();
  readonly #models = new Map<string, UnitModel>();
  readonly #admissions = new Map<string, Admitted[]>();
  readonly #calendar: Calendar;
  readonly #rows: ReturnType<typeof prepareRows>;
  #lastMs = 0;

  constructor(db: Database, calendar: Calendar) {
    this.#calendar = calendar;
    this.#rows = prepareRows(db);
  }

  /**
   * Another process begins; its clock may have been set back meanwhile. What was admitted in the last minute of the old
   * one then counts for a minute of the new one; what had expired stays expired.
   */
  restart(nowMs: number): void {
    for (const one of [...this.#admissions.values()].flat()) {
      const isLive = one.countsFromMs > this.#lastMs - MINUTE_MS;
      one.countsFromMs = isLive ? Math.min(one.countsFromMs, nowMs) : Number.NEGATIVE_INFINITY;
    }
    this.#lastMs = 0;
  }

  /** Follows a batch, then compares. */
  see({ operations, result, nowMs }: Committed): void {
    promise(nowMs >= this.#lastMs, () => `the time of batches went back by ${this.#lastMs - nowMs} ms`);
    this.#lastMs = nowMs;
    if ('failed' in result) return;
    const touched = new Set<string>();
    for (const [i, operation] of operations.entries()) {
      const outcome = result.outcomes[i] as Outcome | Refused;
      if (operation.kind !== 'hold' && operation.kind !== 'settle' && operation.kind !== 'grant') continue;
      touched.add(operation.accountId);
      if (outcome.kind !== 'refused') this.#follow(operation, outcome, nowMs);
      // The disk may refuse anything. Nothing else in these histories gives a reason to.
      else promise(outcome.detail.includes(DISK_TROUBLE), () => `refused: ${outcome.detail}`);
    }
    for (const accountId of touched) this.#compare(accountId);
  }

  /** Follows what a start of a process has voided, by the rows themselves. */
  seeRecovery(): void {
    const touched = new Set<string>();
    for (const [callId, call] of this.calls) {
      if (call.final !== undefined || this.#rows.hold.get(call.accountId, callId) !== null) continue;
      const row = this.#rows.final.get(call.accountId, callId);
      promise(row?.outcome === 'void', () => `${callId} was open at a crash and is ${row?.outcome ?? 'nowhere'}`);
      const settle = { kind: 'settle', callId, accountId: call.accountId, outcome: 'void', charge: 0 } as const;
      this.#modelOf(call.accountId).settle(settle);
      call.final = { outcome: 'void', charge: 0 };
      touched.add(call.accountId);
    }
    for (const accountId of touched) this.#compare(accountId);
    const foreign = this.#rows.foreignHolds.get()?.n ?? 0;
    promise(foreign === 0, () => `${foreign} holds of dead processes are open after a start`);
  }

  /** Every call that was ever held, once in the database, and nothing else; as many open as are told. */
  compareAll(): void {
    const open = [...this.calls.values()].filter((call) => call.final === undefined).length;
    const counted = this.#rows.counts.get();
    const wanted = `${open} open, ${this.calls.size - open} ended`;
    const found = `${counted?.open} open, ${counted?.ended} ended`;
    promise(wanted === found, () => `of all calls are ${wanted}; the database says ${found}`);
    for (const accountId of this.#models.keys()) this.#compare(accountId);
    for (const [callId, { accountId, final }] of this.calls)
      if (final !== undefined) this.#compareFinal(accountId, callId, final);
  }

  /** Whether something is held for a call at this moment, by the database. */
  isHeld(callId: string): boolean {
    const call = this.calls.get(callId);
    return call !== undefined && this.#rows.hold.get(call.accountId, callId) !== null;
  }

  #follow(
    operation: Extract<WriteOperation, { kind: 'hold' | 'settle' | 'grant' }>,
    outcome: Outcome,
    nowMs: number,
  ): void {
    const model = this.#modelOf(operation.accountId);
    if (operation.kind === 'grant') {
      const answer = model.grant(operation);
      promise(outcome.kind === answer.kind, () => `${operation.grantId}: ${outcome.kind} instead of ${answer.kind}`);
    } else if (operation.kind === 'settle') {
      this.#expect(operation.callId, outcome, model.settle(operation));
      this.#followSettle(operation, outcome);
    } else if (outcome.kind === 'limited') {
      this.#checkRefusal(operation, nowMs);
    } else if (outcome.kind !== 'repeated' && outcome.kind !== 'mismatched') {
      const isNew = !this.calls.has(operation.callId);
      this.#expect(operation.callId, outcome, model.hold(operation, nowMs, this.#calendar.dayAt(nowMs)));
      if (outcome.kind !== 'held' || !isNew) return;
      const { callId, accountId, amount, claims } = operation;
      this.calls.set(callId, { accountId, held: amount, final: undefined });
      for (const claim of claims) this.#admit(accountId, claim, nowMs);
    }
  }

  #expect(callId: string, outcome: Outcome, wanted: ModelAnswer): void {
    const told =
      outcome.kind === 'final'
        ? `final ${outcome.final.outcome} ${outcome.final.charge}`
        : outcome.kind === 'held'
          ? `held ${outcome.amount}`
          : outcome.kind;
    const right =
      wanted.kind === 'final'
        ? `final ${wanted.outcome} ${wanted.charge}`
        : wanted.kind === 'held'
          ? `held ${wanted.amount}`
          : wanted.kind;
    promise(told === right, () => `${callId}: the ledger says «${told}», the coins say «${right}»`);
  }

  #followSettle({ callId, record }: Settle, outcome: Outcome): void {
    const call = this.calls.get(callId);
    if (outcome.kind !== 'final' || call === undefined) return;
    const { outcome: how, charge } = outcome.final;
    promise(charge >= 0 && charge <= call.held, () => `${callId}: charged ${charge} of ${call.held} held`);
    if (call.final === undefined) {
      call.final = { outcome: how, charge };
      const right = how === 'void' ? 0 : Math.min(call.held, chargeOf(record));
      promise(charge === right, () => `${callId}: charged ${charge}; by its price and usage it is ${right}`);
    }
    promise(
      call.final.outcome === how && call.final.charge === charge,
      () => `${callId}: was ${call.final?.outcome} ${call.final?.charge}, is now ${how} ${charge}`,
    );
  }

  /** Never more than the limit in any minute, nor in a day, by the times of the ledger. */
  #admit(accountId: string, { subject, perMinute, perDay }: LimitClaim, nowMs: number): void {
    const log = this.#logOf(accountId, subject);
    const today = this.#calendar.dayAt(nowMs).name;
    const day = [today, ...log.map((one) => one.day)].sort().at(-1) as string;
    log.push({ atMs: nowMs, countsFromMs: nowMs, day });
    const inMinute = log.filter((one) => one.countsFromMs > nowMs - MINUTE_MS).length;
    promise(
      perMinute === null || inMinute <= perMinute,
      () => `${subject}: ${inMinute} admitted within a minute, where ${perMinute} may be`,
    );
    const inDay = log.filter((one) => one.day === day).length;
    promise(perDay === null || inDay <= perDay, () => `${subject}: ${inDay} admitted in a day, where ${perDay} may be`);
  }

  /** Nobody is refused by a limit that has room, but for what a clock that was set back makes uncertain. */
  #checkRefusal({ accountId, claims, callId }: HoldOperation, nowMs: number): void {
    const day = this.#calendar.dayAt(nowMs).name;
    const isFull = claims.some(({ subject, perMinute, perDay }) => {
      const log = this.#logOf(accountId, subject);
      const inMinute = log.filter(({ atMs }) => atMs > nowMs - MINUTE_MS - CELL_MS).length;
      const isDayFull = perDay !== null && log.filter((one) => one.day >= day).length >= perDay;
      return (perMinute !== null && inMinute >= perMinute) || isDayFull;
    });
    promise(isFull, () => `${callId} was refused by a limit that has room`);
  }

  #logOf(accountId: string, subject: string): Admitted[] {
    const name = `${accountId} ${subject}`;
    const log = this.#admissions.get(name) ?? [];
    this.#admissions.set(name, log);
    return log;
  }

  #modelOf(accountId: string): UnitModel {
    const model = this.#models.get(accountId) ?? new UnitModel();
    this.#models.set(accountId, model);
    return model;
  }

  /** The buckets and open holds of an account as the database has them, against the coins. */
  #compare(accountId: string): void {
    const coins = this.#modelOf(accountId).counts();
    const rows = this.#rows.buckets.all(accountId);
    for (const { bucketId, granted, held, used } of rows) {
      const right = coins.get(bucketId);
      promise(
        right !== undefined && right.granted === granted && right.held === held && right.used === used,
        () =>
          `${accountId} ${bucketId}: ${JSON.stringify({ granted, held, used })}, the coins say ${JSON.stringify(right)}`,
      );
    }
    promise(rows.length === coins.size, () => `${accountId} has ${rows.length} buckets, the coins say ${coins.size}`);
    const open = new Map(this.#rows.holds.all(accountId).map(({ callId, amount }) => [callId, amount]));
    for (const [callId, amount] of open) {
      const call = this.calls.get(callId);
      promise(
        call !== undefined && call.final === undefined && call.held === amount,
        () => `${callId}: ${amount} are held, which should be ${call?.final === undefined ? call?.held : 'ended'}`,
      );
    }
  }

  #compareFinal(accountId: string, callId: string, { outcome, charge }: Final): void {
    const row = this.#rows.final.get(accountId, callId);
    promise(
      row !== null && row.outcome === outcome && row.charge === charge,
      () => `${callId} was ${outcome} ${charge}; its record says ${row?.outcome} ${row?.charge}`,
    );
  }
}

/** The charge by what the record keeps: the price's name and the usage. The prices are those of simulated-gateway.ts. */
function chargeOf({ priceVersion, usage }: CallRecord): number {
  if (usage === null) return 0;
  if (!priceVersion.startsWith('money')) return 2;
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  return Math.ceil(((usage.inputTokens - cached) * 100 + cached * 50 + usage.outputTokens * 200) / 1_000);
}

function prepareRows(db: Database) {
  return {
    buckets: db.prepare<{ bucketId: string; granted: number; held: number; used: number }, [string]>(
      'SELECT bucket_id AS bucketId, granted, held, used FROM bucket WHERE account_id = ?',
    ),
    holds: db.prepare<{ callId: string; amount: number }, [string]>(
      'SELECT call_id AS callId, amount FROM hold WHERE account_id = ?',
    ),
    hold: db.prepare<{ amount: number }, [string, string]>(
      'SELECT amount FROM hold WHERE account_id = ? AND call_id = ?',
    ),
    final: db.prepare<Final, [string, string]>(
      'SELECT outcome, charge FROM usage WHERE account_id = ? AND call_id = ?',
    ),
    foreignHolds: db.prepare<{ n: number }, []>("SELECT count(*) AS n FROM hold WHERE owner <> 'task'"),
    counts: db.prepare<{ open: number; ended: number }, []>(
      'SELECT (SELECT count(*) FROM hold) AS open, (SELECT count(*) FROM usage) AS ended',
    ),
  };
}
