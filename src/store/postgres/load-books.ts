// Loads the books of the accounts that a batch touches, with everything that its operations may look at.
import type { AccountBook, Allocation, BucketKind, FinalOutcome, Unit } from '../../core/ledger.ts';
import { LimitWindow } from '../../core/limits.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { Session } from './connection.ts';
import { allOf, textArray, toInteger, toIntegerOrNull } from './connection.ts';

/**
 * Locks the accounts in the order of their ids, so that no two batches wait for each other, and answers those that
 * exist. NO KEY UPDATE leaves foreign keys to the row unhindered.
 */
export const LOCK_ACCOUNTS =
  'SELECT account_id FROM account WHERE account_id = ANY($1::text[]) ORDER BY account_id FOR NO KEY UPDATE';

// Everything that can still be spent or released: an expired bucket with something held stays visible. Wallets, and
// buckets that ended less than two days ago, come along even when nothing can be done with them, so that a wallet or
// a day is never begun anew over an earlier row, even after a change of the time zone.
const BUCKETS = `SELECT account_id, bucket_id, kind, unit, expires_at, granted, held, used FROM bucket
  WHERE account_id = ANY($1::text[])
    AND (held > 0 OR kind = 'wallet' OR expires_at IS NULL OR expires_at > (SELECT now_ms()) - 172800000)`;
const ASKED_CALLS =
  'jsonb_to_recordset($1::text::jsonb) AS asked(account_id text, call_id text) USING (account_id, call_id)';
const HOLDS = `SELECT account_id, call_id, unit, amount, allocation FROM hold JOIN ${ASKED_CALLS}`;
const FINALS = `SELECT account_id, call_id, outcome, unit, charge FROM usage JOIN ${ASKED_CALLS}`;
const GRANTS = `SELECT account_id, grant_id, unit, amount FROM grant_ JOIN jsonb_to_recordset($1::text::jsonb)
  AS asked(account_id text, grant_id text) USING (account_id, grant_id)`;
const WINDOWS = `SELECT account_id, subject, cells, day, day_count FROM limit_window
  JOIN jsonb_to_recordset($1::text::jsonb) AS asked(account_id text, subject text) USING (account_id, subject)`;
// Read after the locks, so that the times of an account's decisions follow each other on every process.
const CLOCK = 'SELECT now_ms() AS now_ms, (SELECT lease_until FROM process WHERE process_id = $1) AS lease_until';

type AccountRow = { readonly account_id: string };
type BucketColumns = AccountRow & {
  readonly bucket_id: string;
  readonly kind: BucketKind;
  readonly unit: Unit;
  readonly expires_at: string | null;
  readonly granted: string;
  readonly held: string;
  readonly used: string;
};
type HoldColumns = AccountRow & { call_id: string; unit: Unit; amount: string; allocation: Allocation };
type FinalColumns = AccountRow & { call_id: string; outcome: FinalOutcome; unit: Unit; charge: string };
type GrantColumns = AccountRow & { grant_id: string; unit: Unit; amount: string };
type WindowColumns = AccountRow & { subject: string; cells: Uint8Array; day: string; day_count: string };

export type Loaded = {
  /** One for each account that exists. */
  readonly books: Map<string, AccountBook>;
  readonly nowMs: number;
  /** Whether the process may take holds: nobody else will void them meanwhile. */
  readonly isLeaseLive: boolean;
};

/**
 * The locks are taken by a statement of their own, before the others begin. Under READ COMMITTED a statement that
 * waited for a lock would see the locked row anew but everything else as it was before the wait.
 * @param opening statements that go before these, in the same round trip.
 */
export async function loadBooks(
  session: Session,
  opening: readonly PromiseLike<unknown>[],
  operations: readonly LedgerWrite[],
  processId: string,
): Promise<Loaded> {
  const asked = collectQuestions(operations);
  const accountIds = textArray(asked.accountIds);
  const calls = JSON.stringify([...asked.calls.values()]);
  const ask = <Row>(statement: string, parameter: string, isAsked = true): PromiseLike<Row[]> =>
    isAsked ? session.unsafe<Row[]>(statement, [parameter]) : Promise.resolve([]);
  const results = await allOf(
    [
      ask<AccountRow>(LOCK_ACCOUNTS, accountIds),
      ask<BucketColumns>(BUCKETS, accountIds),
      ask<HoldColumns>(HOLDS, calls, asked.calls.size > 0),
      ask<FinalColumns>(FINALS, calls, asked.calls.size > 0),
      ask<GrantColumns>(GRANTS, JSON.stringify(asked.grants), asked.grants.length > 0),
      ask<WindowColumns>(WINDOWS, JSON.stringify([...asked.windows.values()]), asked.windows.size > 0),
      ask<{ now_ms: string; lease_until: string | null }>(CLOCK, processId),
    ],
    opening,
  );
  const [accounts, buckets, holds, finals, grants, windows, [clock]] = results;
  if (clock === undefined) throw new Error('the database told no time');
  const books = new Map(accounts.map((row) => [row.account_id, emptyBook(row.account_id)]));
  fillBooks(books, buckets, holds, finals);
  for (const { account_id, grant_id, unit, amount } of grants)
    books.get(account_id)?.grants.set(grant_id, { unit, amount: toInteger(amount) });
  for (const row of windows) books.get(row.account_id)?.windows.set(row.subject, toWindow(row));
  const nowMs = toInteger(clock.now_ms);
  return { books, nowMs, isLeaseLive: clock.lease_until !== null && toInteger(clock.lease_until) > nowMs };
}

function collectQuestions(operations: readonly LedgerWrite[]) {
  const accountIds = new Set<string>();
  const calls = new Map<string, { account_id: string; call_id: string }>();
  const grants: { account_id: string; grant_id: string }[] = [];
  const windows = new Map<string, { account_id: string; subject: string }>();
  for (const operation of operations) {
    const { accountId } = operation;
    accountIds.add(accountId);
    if (operation.kind === 'grant') grants.push({ account_id: accountId, grant_id: operation.grantId });
    else calls.set(JSON.stringify([accountId, operation.callId]), { account_id: accountId, call_id: operation.callId });
    if (operation.kind !== 'hold') continue;
    for (const { subject } of operation.claims)
      windows.set(JSON.stringify([accountId, subject]), { account_id: accountId, subject });
  }
  return { accountIds, calls, grants, windows };
}

function emptyBook(accountId: string): AccountBook {
  return {
    accountId,
    buckets: new Map(),
    holds: new Map(),
    finals: new Map(),
    grants: new Map(),
    windows: new Map(),
  };
}

function fillBooks(
  books: ReadonlyMap<string, AccountBook>,
  buckets: readonly BucketColumns[],
  holds: readonly HoldColumns[],
  finals: readonly FinalColumns[],
): void {
  for (const row of buckets)
    books.get(row.account_id)?.buckets.set(row.bucket_id, {
      bucketId: row.bucket_id,
      kind: row.kind,
      unit: row.unit,
      expiresAtMs: toIntegerOrNull(row.expires_at),
      granted: toInteger(row.granted),
      held: toInteger(row.held),
      used: toInteger(row.used),
    });
  for (const { call_id: callId, account_id, unit, amount, allocation } of holds)
    books.get(account_id)?.holds.set(callId, { callId, unit, amount: toInteger(amount), allocation });
  for (const { call_id: callId, account_id, outcome, unit, charge } of finals)
    books.get(account_id)?.finals.set(callId, { callId, outcome, unit, charge: toInteger(charge) });
}

/** The driver's bytes may be a view into a larger buffer at any offset, so they are copied. */
function toWindow(row: WindowColumns): LimitWindow {
  return new LimitWindow(new Uint8Array(row.cells).buffer as ArrayBuffer, row.day, toInteger(row.day_count));
}
