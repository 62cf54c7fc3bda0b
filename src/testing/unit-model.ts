// The ledger as a child would keep it: every single unit is a coin that lies in a purse, is held by a call, or is
// spent. It is slow and obviously right, and the real ledger is compared with it.
import type { BucketKind, GrantOperation, HoldOperation, SettleOperation, Unit } from '../core/ledger.ts';

type Coin = { heldBy: string | undefined; spentBy: string | undefined };
type Purse = {
  readonly id: string;
  readonly kind: BucketKind;
  readonly unit: Unit;
  readonly expiresAtMs: number;
  coins: Coin[];
};

export type ModelAnswer =
  | { readonly kind: 'held'; readonly amount: number }
  | { readonly kind: 'short' }
  | { readonly kind: 'final'; readonly outcome: 'settled' | 'void'; readonly charge: number }
  | { readonly kind: 'granted' }
  | { readonly kind: 'grant_mismatch' }
  | { readonly kind: 'unknown_call' };

/** One account. */
export class UnitModel {
  readonly #purses: Purse[] = [];
  readonly #held = new Map<string, Coin[]>();
  readonly #ended = new Map<string, ModelAnswer>();
  readonly #grants = new Map<string, GrantOperation>();

  hold(operation: HoldOperation, nowMs: number, day: { name: string; endsAtMs: number }): ModelAnswer {
    const { callId, unit, amount } = operation;
    const ended = this.#ended.get(callId);
    if (ended !== undefined) return ended;
    const open = this.#held.get(callId);
    if (open !== undefined) return { kind: 'held', amount: open.length };
    const purses = this.#withAllowance(operation.dailyRequests, day);
    const free = purses
      .filter((p) => p.unit === unit && p.expiresAtMs > nowMs)
      .sort(inSpendingOrder)
      .flatMap(freeCoins);
    if (free.length < amount) return { kind: 'short' };
    this.#purses.splice(0, this.#purses.length, ...purses);
    const coins = free.slice(0, amount);
    for (const coin of coins) coin.heldBy = callId;
    this.#held.set(callId, coins);
    return { kind: 'held', amount };
  }

  settle({ callId, outcome, charge }: SettleOperation): ModelAnswer {
    const ended = this.#ended.get(callId);
    if (ended !== undefined) return ended;
    const coins = this.#held.get(callId);
    if (coins === undefined) return { kind: 'unknown_call' };
    const spent = outcome === 'void' ? [] : coins.slice(0, charge);
    for (const coin of coins) coin.heldBy = undefined;
    for (const coin of spent) coin.spentBy = callId;
    this.#held.delete(callId);
    const answer: ModelAnswer = { kind: 'final', outcome, charge: spent.length };
    this.#ended.set(callId, answer);
    return answer;
  }

  grant(operation: GrantOperation): ModelAnswer {
    const earlier = this.#grants.get(operation.grantId);
    if (earlier !== undefined) {
      const isSame = earlier.unit === operation.unit && earlier.amount === operation.amount;
      return { kind: isSame ? 'granted' : 'grant_mismatch' };
    }
    this.#grants.set(operation.grantId, operation);
    const { bucketKind: kind, unit, amount, grantId } = operation;
    const id = kind === 'wallet' ? `w:${unit}` : `p:${grantId}`;
    const expiresAtMs = operation.expiresAtMs ?? Number.POSITIVE_INFINITY;
    const purse = this.#purses.find((p) => p.id === id);
    if (purse === undefined) this.#purses.push({ id, kind, unit, expiresAtMs, coins: coins(amount) });
    else purse.coins.push(...coins(amount));
    return { kind: 'granted' };
  }

  /** What lies in each purse, as the real buckets say it. */
  counts(): Map<string, { granted: number; held: number; used: number }> {
    const count = (purse: Purse) => ({
      granted: purse.coins.length,
      held: purse.coins.filter((coin) => coin.heldBy !== undefined).length,
      used: purse.coins.filter((coin) => coin.spentBy !== undefined).length,
    });
    return new Map(this.#purses.map((purse) => [purse.id, count(purse)]));
  }

  /** The purses with today's allowance in its present size; nothing is changed. */
  #withAllowance(dailyRequests: number, day: { name: string; endsAtMs: number }): Purse[] {
    const id = `d:${day.name}`;
    const today = this.#purses.find((purse) => purse.id === id);
    if (today === undefined && dailyRequests === 0) return [...this.#purses];
    const taken = today?.coins.filter((coin) => coin.heldBy !== undefined || coin.spentBy !== undefined) ?? [];
    const all = [...taken, ...coins(Math.max(0, dailyRequests - taken.length))];
    const made: Purse = { id, kind: 'daily', unit: 'requests', expiresAtMs: day.endsAtMs, coins: all };
    return [...this.#purses.filter((purse) => purse !== today), made];
  }
}

function coins(count: number): Coin[] {
  return Array.from({ length: count }, () => ({ heldBy: undefined, spentBy: undefined }));
}

function freeCoins(purse: Purse): Coin[] {
  return purse.coins.filter((coin) => coin.heldBy === undefined && coin.spentBy === undefined);
}

function inSpendingOrder(a: Purse, b: Purse): number {
  const rank = { daily: 0, pack: 1, wallet: 2 };
  if (a.kind !== b.kind) return rank[a.kind] - rank[b.kind];
  if (a.expiresAtMs !== b.expiresAtMs) return a.expiresAtMs - b.expiresAtMs;
  return a.id < b.id ? -1 : 1;
}
