// What vendors charge us. A book of costs lists it by provider and model, in roubles or dollars; a call's cost is worked
// out from it in whole micro-roubles, so that it stands in one unit beside the customer's charge. A book is one version
// and never changes: a new price is a new book.
import type { Usage } from './call.ts';
import { matches } from './plan.ts';
import { TOKENS_PER_MTOK } from './price.ts';

/** The amounts of a row, in millionths of its currency. */
export const COST_FIELDS = [
  'inputPerMTok',
  'cachedInputPerMTok',
  'cacheWritePerMTok',
  'longCacheWritePerMTok',
  'outputPerMTok',
  'perMChar',
  'perSecond',
  'perImage',
  'perCall',
] as const;
export type CostField = (typeof COST_FIELDS)[number];

export type CostRow = Readonly<Record<CostField, number>> & {
  readonly provider: string;
  /** What the provider calls the model; a prefix may end in `*`. The first row that fits counts. */
  readonly model: string;
  readonly currency: 'RUB' | 'USD';
};

export type CostBook = {
  readonly version: number;
  readonly createdAtMs: number;
  /** Micro-roubles that a dollar costs; `null` where no row is in dollars. */
  readonly microRubPerUsd: number | null;
  readonly rows: readonly CostRow[];
};

/** Amounts beyond these are mistakes. Within them every cost of a call can be counted exactly. */
export const COST_MAX = 10_000_000_000;
export const MICRO_RUB_PER_USD_MAX = 1_000_000_000;

const MICRO = 1_000_000n;

/** The row's amounts in micro-roubles, rounded up. */
export function inRoubles(row: CostRow, microRubPerUsd: number | null): CostRow {
  if (row.currency === 'RUB') return row;
  const convert = (amount: number) => Number(roundedUp(BigInt(amount) * BigInt(microRubPerUsd ?? 0), MICRO));
  const amounts = Object.fromEntries(COST_FIELDS.map((field) => [field, convert(row[field])]));
  return { ...row, ...amounts, currency: 'RUB' };
}

/** The row of a provider's model, in micro-roubles. */
export function costRowFor(book: CostBook, provider: string, model: string): CostRow | undefined {
  const row = book.rows.find((candidate) => candidate.provider === provider && matches([candidate.model], model));
  return row === undefined ? undefined : inRoubles(row, book.microRubPerUsd);
}

/**
 * What a call cost, in micro-roubles, rounded up once. It never throws, because a call is settled whatever it cost us:
 * counts that cannot be are cut to what can.
 * @param row in micro-roubles.
 */
export function costOf(row: CostRow, usage: Usage): number {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cached);
  const writtenForLong = Math.min(usage.longCacheWriteTokens ?? 0, written);
  const tokens =
    product(usage.inputTokens - cached - written, row.inputPerMTok) +
    product(cached, row.cachedInputPerMTok) +
    product(written - writtenForLong, row.cacheWritePerMTok) +
    product(writtenForLong, row.longCacheWritePerMTok) +
    product(usage.outputTokens, row.outputPerMTok) +
    product(usage.characters ?? 0, row.perMChar);
  const pieces = product(usage.images, row.perImage) + product(Math.ceil(usage.audioSeconds ?? 0), row.perSecond);
  const cost = roundedUp(tokens, TOKENS_PER_MTOK) + pieces + BigInt(row.perCall);
  return cost > MOST ? Number.MAX_SAFE_INTEGER : Number(cost);
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

function product(count: number, amount: number): bigint {
  return BigInt(count) * BigInt(amount);
}

function roundedUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** A cost that the next book would change by more than may pass unasked, in micro-roubles; `null` is none. */
export type CostJump = {
  readonly provider: string;
  readonly model: string;
  readonly field: CostField;
  readonly before: number;
  readonly after: number | null;
};

/** Vendors seldom change a price by more; a slip of the pen nearly always does. */
export const JUMP_PERCENT = 20;

/** What should be asked about before a book takes another's place. A row that is new has nothing to jump from. */
export function costJumps(before: CostBook, after: CostBook): CostJump[] {
  const next = new Map(after.rows.map((row) => [keyOf(row), inRoubles(row, after.microRubPerUsd)]));
  return before.rows.flatMap((listed) => {
    const old = inRoubles(listed, before.microRubPerUsd);
    const row = next.get(keyOf(old));
    return COST_FIELDS.flatMap((field) => {
      const amount = row?.[field] ?? null;
      if (amount !== null && Math.abs(amount - old[field]) * 100 <= old[field] * JUMP_PERCENT) return [];
      if (amount === null && old[field] === 0) return [];
      return [{ provider: old.provider, model: old.model, field, before: old[field], after: amount }];
    });
  });
}

/** Rows are told apart by what they are about. */
export function keyOf({ provider, model }: Pick<CostRow, 'provider' | 'model'>): string {
  return JSON.stringify([provider, model]);
}
