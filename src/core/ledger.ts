// The ledger's decisions: hold, settle, void and grant over the loaded state of one account.
//
// This is the one place that decides about money and limits. Both stores run it inside their write transaction, and
// the simulator runs it with no store at all. It has no effects: it changes the book it is given and notes in
// `Changes` what must be written. A refusal changes nothing. Every operation may be replayed any number of times.
//
// Amounts are safe integers: requests, or micro-roubles (docs/decisions/0002-amounts-are-safe-integers.md).
import type { Allocation, Balance, Bucket, Unit } from './bucket.ts';
import { allocate, isLive, sumBalance } from './bucket.ts';
import type { Day, LimitClaim, LimitState } from './limits.ts';
import { admissibleAtMs, LimitWindow, limitState } from './limits.ts';

export type { Allocation, Balance, Bucket, BucketKind, Unit } from './bucket.ts';
export { sumBalance } from './bucket.ts';

export type Hold = {
  readonly callId: string;
  readonly unit: Unit;
  readonly amount: number;
  readonly allocation: Allocation;
};

export type FinalOutcome = 'settled' | 'void';

/** The terminal entry of a call. */
export type Final = {
  readonly callId: string;
  readonly outcome: FinalOutcome;
  readonly unit: Unit;
  readonly charge: number;
};

/** What an earlier grant of the same id gave. */
export type Granted = { readonly unit: Unit; readonly amount: number };

/** All of one account that a decision may touch. `finals` and `grants` hold those in question. */
export type AccountBook = {
  readonly accountId: string;
  readonly buckets: Map<string, Bucket>;
  readonly holds: Map<string, Hold>;
  readonly finals: Map<string, Final>;
  readonly grants: Map<string, Granted>;
  readonly windows: Map<string, LimitWindow>;
};

export type HoldOperation = {
  readonly kind: 'hold';
  readonly callId: string;
  readonly accountId: string;
  readonly unit: Unit;
  /** The most that the call can cost. 0 is a price. */
  readonly amount: number;
  /** The plan's allowance of requests a day; today's bucket is made from it. */
  readonly dailyRequests: number;
  readonly claims: readonly LimitClaim[];
};

export type SettleOperation = {
  readonly kind: 'settle';
  readonly callId: string;
  readonly accountId: string;
  readonly outcome: FinalOutcome;
  /** What the call cost. More than the hold is cut to the hold; a void costs nothing. */
  readonly charge: number;
};

export type GrantOperation = {
  readonly kind: 'grant';
  /** Made by the caller, for instance from a payment's id: the same grant is never applied twice to an account. */
  readonly grantId: string;
  readonly accountId: string;
  readonly bucketKind: 'pack' | 'wallet';
  readonly unit: Unit;
  readonly amount: number;
  readonly expiresAtMs: number | null;
};

export type LedgerOperation = HoldOperation | SettleOperation | GrantOperation;

export type LedgerOutcome =
  | { readonly kind: 'held'; readonly amount: number; readonly balance: Balance; readonly limit?: LimitState }
  | { readonly kind: 'short'; readonly needed: number; readonly balance: Balance }
  | {
      readonly kind: 'limited';
      readonly subject: string;
      readonly retryAtMs: number;
      readonly limit: LimitState | undefined;
    }
  | { readonly kind: 'final'; readonly final: Final; readonly balance: Balance }
  | { readonly kind: 'granted'; readonly balance: Balance }
  /** The id is that of an earlier grant of something else, so nothing was added. */
  | { readonly kind: 'grant_mismatch' }
  | { readonly kind: 'unknown_call' };

/** What the store must write so that the decisions of a batch become durable. */
export class Changes {
  readonly buckets = new Set<Bucket>();
  readonly newHolds: Hold[] = [];
  readonly endedHolds: Hold[] = [];
  readonly newFinals: { readonly final: Final; readonly allocation: Allocation; readonly held: number }[] = [];
  readonly newGrants: { readonly operation: GrantOperation; readonly bucketId: string }[] = [];
  readonly windows = new Map<string, LimitWindow>();
}

export function decide(
  book: AccountBook,
  operation: LedgerOperation,
  nowMs: number,
  day: Day,
  changes: Changes,
): LedgerOutcome {
  switch (operation.kind) {
    case 'hold':
      return hold(book, operation, nowMs, day, changes);
    case 'settle':
      return settle(book, operation, nowMs, changes);
    case 'grant':
      return grant(book, operation, nowMs, changes);
  }
}

/** What the book's live buckets have left. */
export function balanceOf(book: AccountBook, nowMs: number): Balance {
  return sumBalance([...book.buckets.values()].filter((bucket) => isLive(bucket, nowMs)));
}

export function dailyBucketId(day: Day): string {
  return `d:${day.name}`;
}

function hold(book: AccountBook, operation: HoldOperation, nowMs: number, day: Day, changes: Changes): LedgerOutcome {
  const final = book.finals.get(operation.callId);
  if (final !== undefined) return { kind: 'final', final, balance: balanceOf(book, nowMs) };
  const open = book.holds.get(operation.callId);
  if (open !== undefined) return { kind: 'held', amount: open.amount, balance: balanceOf(book, nowMs) };

  const refusal = refuseByLimits(book, operation.claims, nowMs, day);
  if (refusal !== undefined) return refusal;
  const spendable = spendableOf(book, operation.dailyRequests, nowMs, day);
  if (spendable[operation.unit] < operation.amount)
    return { kind: 'short', needed: operation.amount, balance: spendable };
  refreshAllowance(book, operation.dailyRequests, day, changes);
  const allocation = allocate(book.buckets.values(), operation.unit, operation.amount, nowMs);
  for (const [bucketId, amount] of allocation) {
    const bucket = book.buckets.get(bucketId) as Bucket;
    bucket.held += amount;
    changes.buckets.add(bucket);
  }
  const taken: Hold = { callId: operation.callId, unit: operation.unit, amount: operation.amount, allocation };
  book.holds.set(taken.callId, taken);
  changes.newHolds.push(taken);
  const limit = admitClaims(book, operation.claims, nowMs, day, changes);
  const balance = balanceOf(book, nowMs);
  return limit === undefined
    ? { kind: 'held', amount: taken.amount, balance }
    : { kind: 'held', amount: taken.amount, balance, limit };
}

function settle(book: AccountBook, operation: SettleOperation, nowMs: number, changes: Changes): LedgerOutcome {
  const earlier = book.finals.get(operation.callId);
  if (earlier !== undefined) return { kind: 'final', final: earlier, balance: balanceOf(book, nowMs) };
  const open = book.holds.get(operation.callId);
  if (open === undefined) return { kind: 'unknown_call' };

  const charge = operation.outcome === 'void' ? 0 : Math.min(operation.charge, open.amount);
  let left = charge;
  const spent: (readonly [string, number])[] = [];
  for (const [bucketId, amount] of open.allocation) {
    const bucket = book.buckets.get(bucketId) as Bucket;
    const part = Math.min(amount, left);
    left -= part;
    bucket.held -= amount;
    bucket.used += part;
    changes.buckets.add(bucket);
    if (part > 0) spent.push([bucketId, part]);
  }
  const final: Final = { callId: open.callId, outcome: operation.outcome, unit: open.unit, charge };
  book.holds.delete(open.callId);
  book.finals.set(final.callId, final);
  changes.endedHolds.push(open);
  changes.newFinals.push({ final, allocation: spent, held: open.amount });
  return { kind: 'final', final, balance: balanceOf(book, nowMs) };
}

function grant(book: AccountBook, operation: GrantOperation, nowMs: number, changes: Changes): LedgerOutcome {
  const { grantId, unit, amount } = operation;
  const earlier = book.grants.get(grantId);
  if (earlier !== undefined && (earlier.unit !== unit || earlier.amount !== amount)) return { kind: 'grant_mismatch' };
  if (earlier === undefined) addGrant(book, operation, changes);
  return { kind: 'granted', balance: balanceOf(book, nowMs) };
}

function addGrant(book: AccountBook, operation: GrantOperation, changes: Changes): void {
  const { grantId, bucketKind, unit, amount, expiresAtMs } = operation;
  const bucketId = bucketKind === 'wallet' ? `w:${unit}` : `p:${grantId}`;
  const empty = { bucketId, kind: bucketKind, unit, expiresAtMs, granted: 0, held: 0, used: 0 };
  const bucket = book.buckets.get(bucketId) ?? empty;
  if (!Number.isSafeInteger(bucket.granted + amount))
    throw new RangeError(`a grant of ${amount} on ${bucket.granted} cannot be counted exactly`);
  bucket.granted += amount;
  book.buckets.set(bucketId, bucket);
  book.grants.set(grantId, { unit, amount });
  changes.buckets.add(bucket);
  changes.newGrants.push({ operation, bucketId });
}

/** The balance with today's allowance as it would be after a refresh. It changes nothing, so a refusal can tell it. */
function spendableOf(book: AccountBook, dailyRequests: number, nowMs: number, day: Day): Balance {
  const balance = balanceOf(book, nowMs);
  const today = book.buckets.get(dailyBucketId(day));
  if (today === undefined) return { ...balance, requests: balance.requests + dailyRequests };
  const granted = Math.max(dailyRequests, today.held + today.used);
  return isLive(today, nowMs) ? { ...balance, requests: balance.requests + granted - today.granted } : balance;
}

/**
 * Makes today's bucket, or follows a change of the plan's allowance. It never falls below what is already held and
 * used, so a downgrade in the middle of a day takes nothing back.
 */
function refreshAllowance(book: AccountBook, dailyRequests: number, day: Day, changes: Changes): void {
  const bucketId = dailyBucketId(day);
  const today = book.buckets.get(bucketId);
  if (today === undefined) {
    if (dailyRequests === 0) return;
    const made: Bucket = {
      bucketId,
      kind: 'daily',
      unit: 'requests',
      expiresAtMs: day.endsAtMs,
      granted: dailyRequests,
      held: 0,
      used: 0,
    };
    book.buckets.set(bucketId, made);
    changes.buckets.add(made);
    return;
  }
  const granted = Math.max(dailyRequests, today.held + today.used);
  if (granted !== today.granted) {
    today.granted = granted;
    changes.buckets.add(today);
  }
}

function refuseByLimits(
  book: AccountBook,
  claims: readonly LimitClaim[],
  nowMs: number,
  day: Day,
): LedgerOutcome | undefined {
  let latest: { claim: LimitClaim; window: LimitWindow; atMs: number } | undefined;
  for (const claim of claims) {
    const window = book.windows.get(claim.subject);
    if (window === undefined && claim.perMinute !== 0 && claim.perDay !== 0) continue;
    const used = window ?? new LimitWindow();
    const atMs = admissibleAtMs(used, claim, nowMs, day);
    if (atMs > nowMs && (latest === undefined || atMs > latest.atMs)) latest = { claim, window: used, atMs };
  }
  if (latest === undefined) return undefined;
  const limit = limitState(latest.window, latest.claim, nowMs, day);
  return { kind: 'limited', subject: latest.claim.subject, retryAtMs: latest.atMs, limit };
}

function admitClaims(
  book: AccountBook,
  claims: readonly LimitClaim[],
  nowMs: number,
  day: Day,
  changes: Changes,
): LimitState | undefined {
  let tightest: LimitState | undefined;
  for (const claim of claims) {
    const window = book.windows.get(claim.subject) ?? new LimitWindow();
    window.admit(nowMs, day.name);
    book.windows.set(claim.subject, window);
    changes.windows.set(claim.subject, window);
    const state = limitState(window, claim, nowMs, day);
    if (state !== undefined && (tightest === undefined || state.remaining < tightest.remaining)) tightest = state;
  }
  return tightest;
}
