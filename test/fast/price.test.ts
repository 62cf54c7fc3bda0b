// What a call costs, at the edges of what can be counted.
import { describe, expect, test } from 'bun:test';
import type { Usage } from '../../src/core/call.ts';
import { NO_USAGE } from '../../src/core/call.ts';
import type { Price } from '../../src/core/price.ts';
import { actualCost, worstCost } from '../../src/core/price.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const DEAREST = {
  unit: 'microRub',
  perCall: MAX,
  inputPerMTok: MAX,
  cachedInputPerMTok: MAX,
  outputPerMTok: MAX,
} as const;
/** As much as a vendor is believed. */
const MOST: Usage = {
  ...NO_USAGE,
  inputTokens: 100_000_000,
  outputTokens: 100_000_000,
  images: 10,
  audioSeconds: 1_000_000,
};

describe('what a call cost', () => {
  test.each([
    ['in money', { ...DEAREST, perImage: MAX, perMChar: MAX, perSecond: MAX }],
    ['in requests', { unit: 'requests', perCall: MAX }],
  ] as const)('%s is told, and no more than the hold, whatever the price and the usage', (_, price: Price) => {
    for (const held of [0, 1, 1_000, MAX]) expect(actualCost(price, MOST, 128, held)).toBe(held);
  });

  test('is exact to the last unit below the hold', () => {
    const price: Price = { ...DEAREST, perCall: 0, inputPerMTok: MAX, perImage: 0 };
    const usage = { ...NO_USAGE, inputTokens: 1_000_000 };
    expect(actualCost(price, usage, 1, MAX)).toBe(MAX);
    expect(actualCost({ ...price, inputPerMTok: MAX - 1 }, usage, 1, MAX)).toBe(MAX - 1);
  });
});

test('a worst case that cannot be counted exactly is no amount to hold', () => {
  const worst = { inputTokens: 1_000_001, outputTokens: 0, images: 0, generations: 1 };
  expect(() => worstCost({ ...DEAREST, perCall: 0, perImage: 0 }, worst)).toThrow(RangeError);
});
