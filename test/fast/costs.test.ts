// What vendors charge us: the book of costs, its import, the cost beside each charge, the margin and the drift.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Usage } from '../../src/core/call.ts';
import { NO_USAGE } from '../../src/core/call.ts';
import type { CostRow } from '../../src/core/cost.ts';
import { COST_FIELDS, COST_MAX, costOf, inRoubles, MICRO_RUB_PER_USD_MAX } from '../../src/core/cost.ts';
import { driftOf, marginOf } from '../../src/core/margin.ts';
import { message, messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import { completion, json, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const FREE = Object.fromEntries(COST_FIELDS.map((field) => [field, 0])) as Pick<CostRow, (typeof COST_FIELDS)[number]>;
const CLAUDE: CostRow = {
  ...FREE,
  provider: 'claude',
  model: 'claude-*',
  currency: 'RUB',
  inputPerMTok: 100,
  cachedInputPerMTok: 10,
  cacheWritePerMTok: 125,
  longCacheWritePerMTok: 200,
  outputPerMTok: 500,
};

describe('the cost of a call', () => {
  test('counts fresh input, reads of a cache, and both kinds of writes to it, each at its own rate', () => {
    const usage: Usage = {
      ...NO_USAGE,
      inputTokens: 10_000_000,
      cachedInputTokens: 4_000_000,
      cacheWriteTokens: 3_000_000,
      longCacheWriteTokens: 1_000_000,
      outputTokens: 2_000_000,
    };
    expect(costOf(CLAUDE, usage)).toBe(3 * 100 + 4 * 10 + 2 * 125 + 1 * 200 + 2 * 500);
  });

  test('counts pictures, begun seconds, characters and the call itself', () => {
    const row = { ...FREE, ...{ perImage: 7, perSecond: 11, perMChar: 1_000_000, perCall: 3 } };
    const usage = { ...NO_USAGE, images: 2, audioSeconds: 4.2, characters: 5 };
    expect(costOf({ ...CLAUDE, ...row }, usage)).toBe(2 * 7 + 5 * 11 + 5 + 3);
  });

  test('is a whole amount that can be kept, whatever a vendor counts within the bounds', () => {
    const count = fc.integer({ min: 0, max: 100_000_000 });
    const amount = fc.integer({ min: 0, max: COST_MAX });
    const amounts = fc.record(Object.fromEntries(COST_FIELDS.map((field) => [field, amount])));
    const usages = fc.record({
      inputTokens: count,
      cachedInputTokens: count,
      cacheWriteTokens: count,
      longCacheWriteTokens: count,
      outputTokens: count,
      images: fc.integer({ min: 0, max: 10 }),
    });
    const rate = fc.integer({ min: 1, max: MICRO_RUB_PER_USD_MAX });
    fc.assert(
      fc.property(amounts, usages, rate, (fields, usage, microRubPerUsd) => {
        const row = inRoubles({ ...CLAUDE, ...fields, currency: 'USD' }, microRubPerUsd);
        const cost = costOf(row, { ...NO_USAGE, ...usage });
        expect(Number.isSafeInteger(cost) && cost >= 0).toBe(true);
      }),
    );
  });
});

test('a margin is what is left of money and of the worth of requests, and may be negative', () => {
  const paid = { chargedRequests: 10, chargedMicroRub: 500, costMicroRub: 2_000 };
  expect(marginOf(paid, 100)).toEqual({ revenueMicroRub: 1_500, marginMicroRub: -500, marginBasisPoints: -3_333 });
  expect(marginOf({ ...paid, chargedMicroRub: 0 }, 0)).toMatchObject({ marginBasisPoints: null });
});

test('a drift is far only where enough was counted', () => {
  expect(driftOf({ vendorTokens: 2_000, countedTokens: 1_000 })).toEqual({ vendorPercent: 200, isFar: true });
  expect(driftOf({ vendorTokens: 1_100, countedTokens: 1_000 })).toEqual({ vendorPercent: 110, isFar: false });
  expect(driftOf({ vendorTokens: 20, countedTokens: 1 })).toMatchObject({ isFar: false });
  expect(driftOf({ vendorTokens: 9_000, countedTokens: 0 })).toEqual({ vendorPercent: null, isFar: true });
});

const ROW = {
  provider: 'first',
  model: 'upstream-*',
  currency: 'USD',
  inputPerMTok: 2_000_000,
  outputPerMTok: 10_000_000,
};
const BOOK = {
  microRubPerUsd: 80_000_000,
  rows: [
    { ...ROW, cachedInputPerMTok: 500_000 },
    { ...CLAUDE, model: 'upstream-model', inputPerMTok: 1_000_000, outputPerMTok: 5_000_000 },
  ],
};

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ upstreams: 2 });
  await put({ ...BOOK, confirm: true });
});
afterEach(() => {
  for (const upstream of gateway.upstreams) upstream.clear();
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

type Put = { readonly version: number; readonly jumps: readonly unknown[] };
const put = (book: unknown) => gateway.admin<Put>('PUT', 'costs', book);
const version = async () => (await gateway.admin<{ version: number }>('GET', 'costs')).version;
const hello = { model: 'strict', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 };
const lastCall = async () => {
  await gateway.auditAtRest();
  return (await gateway.usage(customer))[0];
};

describe('the import of a book', () => {
  const rowWith = (fields: object) => ({ ...BOOK, rows: [{ ...ROW, ...fields }] });
  for (const strange of [-1, null, '', 'NaN', 1e308, 0.5, '2000000', undefined, {}, COST_MAX + 1]) {
    test(`refuses ${JSON.stringify(strange) ?? 'a missing amount'} as an amount, and keeps the book before`, async () => {
      const before = await version();
      const refused = put({ ...rowWith({ inputPerMTok: strange }), confirm: true });
      expect((await refused.catch(String)) as unknown).toContain('400');
      expect(await version()).toBe(before);
    });
  }

  for (const [what, book] of Object.entries({
    'a row that costs nothing and does not say so': rowWith({ inputPerMTok: 0, outputPerMTok: 0 }),
    'a row that costs something and says it is free': rowWith({ isFree: true }),
    'dollars without their rate': { ...BOOK, microRubPerUsd: null },
    'a model given twice': { ...BOOK, rows: [ROW, ROW] },
    'an unknown field': rowWith({ inputPerKTok: 1 }),
    'no rows': { ...BOOK, rows: [] },
  }))
    test(`refuses ${what}`, async () => {
      expect((await put({ ...book, confirm: true }).catch(String)) as unknown).toContain('400');
    });

  test('asks about a change of more than 20 %, a changed rate and a row that disappears; less passes', async () => {
    const before = await version();
    const [first, second] = BOOK.rows;
    const jumps = [
      { ...BOOK, rows: [{ ...first, outputPerMTok: 12_000_001 }, second] },
      { ...BOOK, rows: [{ ...first, inputPerMTok: 1_599_999 }, second] },
      { ...BOOK, microRubPerUsd: 100_000_000 },
      { ...BOOK, rows: [first] },
    ];
    for (const book of jumps) expect((await put(book).catch(String)) as unknown).toContain('409');
    expect(await version()).toBe(before);
    const near = { ...BOOK, rows: [{ ...first, outputPerMTok: 12_000_000 }, second] };
    expect(await put(near)).toMatchObject({ version: before + 1, jumps: [] });
    expect(await put({ ...BOOK, microRubPerUsd: 100_000_000, confirm: true })).toMatchObject({ version: before + 2 });
    expect(await put({ ...BOOK, confirm: true })).toMatchObject({ version: before + 3 });
  });
});

describe('the cost beside a charge', () => {
  const usage = { prompt_tokens: 1001, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 1000 } };

  test('is what the vendor counted at our own price, streamed or whole, whatever the customer pays', async () => {
    customer = await gateway.customer('requests', { requests: 100 });
    const cost = 160 * 1 + 40 * 1000 + 800 * 7;
    for (const streamed of [false, true]) {
      const body = streamed ? stream(streamFrames('Hello.', usage)) : json(completion('Hello.', { usage }));
      gateway.upstream.queue(body);
      await (await gateway.chat(customer, { ...hello, stream: streamed })).text();
      expect(await lastCall()).toMatchObject({ charge: 2, costMicroRub: cost, unpaidAttempts: 0 });
      expect((await lastCall())?.countedTokens).toBeGreaterThan(0);
    }
  });

  test('has writes to the cache at their own rates, streamed or whole', async () => {
    customer = await gateway.customer('money', { rub: '100' });
    const told = {
      input_tokens: 10,
      output_tokens: 4,
      cache_read_input_tokens: 1_000,
      cache_creation_input_tokens: 3_000,
      cache_creation: { ephemeral_5m_input_tokens: 2_000, ephemeral_1h_input_tokens: 1_000 },
    };
    const cost = Math.ceil((10 * 1_000_000 + 1_000 * 10 + 2_000 * 125 + 1_000 * 200 + 4 * 5_000_000) / 1_000_000);
    for (const streamed of [false, true]) {
      const { usage: _, ...whole } = message('Hello.');
      gateway.upstream.queue(streamed ? stream(messageFrames('Hello.', told)) : json({ ...whole, usage: told }));
      const messages = [{ role: 'user', content: 'Hello. '.repeat(1_000) }];
      const asked = { ...hello, messages, model: 'claude', stream: streamed };
      const headers = { authorization: `Bearer ${customer.key}` };
      await (
        await fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(asked) })
      ).text();
      expect(await lastCall()).toMatchObject({ costMicroRub: cost, usage: { cacheWriteTokens: 3_000 } });
    }
  });

  test('tells of an attempt that may be billed and was not paid for', async () => {
    customer = await gateway.customer('requests', { requests: 100 });
    gateway.upstreams[0]?.queue(json('', 500));
    gateway.upstreams[1]?.queue(json(completion('Hello.', { usage })));
    await (await gateway.chat(customer, { ...hello, model: 'both' })).text();
    // The book has nothing about the second provider.
    expect(await lastCall()).toMatchObject({ attempts: 2, unpaidAttempts: 1, costMicroRub: null, charge: 2 });
  });

  test('stands beside a call that its customer does not pay for', async () => {
    customer = await gateway.customer('requests', { requests: 100 });
    gateway.upstream.queue(json(completion('', { usage: { prompt_tokens: 1000, completion_tokens: 0 } })));
    await (await gateway.chat(customer, hello)).text();
    expect(await lastCall()).toMatchObject({ outcome: 'void', charge: 0, costMicroRub: 160_000, unpaidAttempts: 1 });
  });
});

test('the margin and the drift of an account are the sums of its calls', async () => {
  customer = await gateway.customer('money', { rub: '100' });
  for (const words of ['One.', 'Two.']) {
    gateway.upstream.queue(json(completion(words, { usage: { prompt_tokens: 100, completion_tokens: 10 } })));
    await (await gateway.chat(customer, hello)).text();
  }
  await gateway.auditAtRest();
  const query = `account=${customer.accountId}`;
  const paid = {
    calls: 2,
    revenueMicroRub: 2 * (100 * 50 + 10 * 200),
    costMicroRub: 2 * (100 * 160 + 10 * 800),
    marginMicroRub: 2 * (7_000 - 24_000),
    unknownCosts: 0,
  };
  for (const [by, name] of Object.entries({
    account: customer.accountId,
    model: 'strict',
    target: 'first/upstream-model',
  }))
    expect(await gateway.admin<unknown>('GET', `margin?by=${by}&${query}`)).toMatchObject({
      by,
      rows: [{ name, ...paid }],
    });
  const today = gateway.running.gateway.calendar.dayAt(Date.now()).name;
  const days = await gateway.admin<unknown>('GET', `margin?from=2026-01-01&to=${today}&${query}`);
  expect(days).toMatchObject({ by: 'day', rows: [{ name: today, ...paid }] });
  const drift = await gateway.admin<{ rows: unknown[] }>('GET', `drift?${query}`);
  expect(drift.rows).toMatchObject([{ name: 'first/upstream-model', vendorTokens: 20, isFar: false }]);
  expect((await gateway.admin('GET', 'margin?from=2026-02-02&to=2026-01-01').catch(String)) as unknown).toContain(
    '400',
  );
});
