// Prices and the two amounts that come from them: the most a call can cost, which is held, and what it did cost.
//
// Money is counted in micro-roubles (1 ₽ = 1 000 000 µ₽) and token prices are µ₽ per million tokens, so that every
// price is an integer. The products are worked out in bigint and rounded up once, to a whole µ₽, in the house's
// favour by less than one µ₽ a call. A price of 0 is a price; no price at all is a refusal (`model_not_priced`).

import type { Usage } from './call.ts';
import type { Measures } from './work.ts';

export type RequestPrice = { readonly unit: 'requests'; readonly perCall: number };

export type MoneyPrice = {
  readonly unit: 'microRub';
  readonly perCall: number;
  readonly inputPerMTok: number;
  readonly cachedInputPerMTok: number;
  readonly outputPerMTok: number;
  readonly perImage: number;
  /** µ₽ per million characters that are said aloud, and per second of a recording; absent is 0. */
  readonly perMChar?: number;
  readonly perSecond?: number;
};

export type Price = RequestPrice | MoneyPrice;

/** Upper bounds on what a call can use. */
export type WorstCase = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly images: number;
  /** Answers asked for (`n`): a request price is for each of them. */
  readonly generations: number;
} & Measures;

export const TOKENS_PER_MTOK = 1_000_000n;

/** The most that a call can cost: what is held. Request prices have the whole price once any output exists. */
export function worstCost(price: Price, worst: WorstCase): number {
  if (price.unit === 'requests') return price.perCall * worst.generations;
  const cost = moneyCost(price, {
    ...worst,
    input: worst.inputTokens,
    cached: 0,
    output: worst.outputTokens,
  });
  return toAmount(cost);
}

/**
 * What a call cost, given what it used, and never more than is held for it. It never throws, for a call must be settled
 * whatever a vendor says it used.
 */
export function actualCost(price: Price, usage: Usage, generations: number, held: number): number {
  if (price.unit === 'requests') return Math.min(price.perCall * generations, held);
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const cost = moneyCost(price, {
    ...usage,
    input: usage.inputTokens - cached,
    cached,
    output: usage.outputTokens,
  });
  return cost > BigInt(held) ? held : Number(cost);
}

/** A share of an amount, rounded up: 10 % of 2 requests is 1 request. */
export function shareOf(amount: number, percent: number): number {
  if (percent === 100) return amount;
  return toAmount((BigInt(amount) * BigInt(percent) + 99n) / 100n);
}

type Used = { readonly input: number; readonly cached: number; readonly output: number; readonly images: number };

function moneyCost(price: MoneyPrice, used: Used & Measures): bigint {
  // A cached token is never dearer than a fresh one, so that the worst case needs no guess about the cache.
  const cachedPrice = Math.min(price.cachedInputPerMTok, price.inputPerMTok);
  const tokens =
    BigInt(used.input) * BigInt(price.inputPerMTok) +
    BigInt(used.cached) * BigInt(cachedPrice) +
    BigInt(used.output) * BigInt(price.outputPerMTok) +
    BigInt(used.characters ?? 0) * BigInt(price.perMChar ?? 0);
  const rounded = (tokens + TOKENS_PER_MTOK - 1n) / TOKENS_PER_MTOK;
  const seconds = BigInt(used.audioSeconds ?? 0) * BigInt(price.perSecond ?? 0);
  return rounded + seconds + BigInt(used.images) * BigInt(price.perImage) + BigInt(price.perCall);
}

/** Amounts are safe integers; anything larger is a mistake that must not be charged. */
export function toAmount(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`amount out of range: ${value}`);
  return Number(value);
}
