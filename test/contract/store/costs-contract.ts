// What every store guarantees about costs: versions of the book, and sums over calls.
import { expect, test } from 'bun:test';
import type { Usage } from '../../../src/core/call.ts';
import type { CostBook } from '../../../src/core/cost.ts';
import type { CallRecord } from '../../../src/store/store.ts';
import type { UsageQuestion } from '../../../src/store/usage-sums.ts';
import type { OpenStore } from './operations.ts';
import { account, DAY_MS, hold, money, NOON, pack, RECORD, settle, tally, voidCall, writeAll } from './operations.ts';

const BOOK: CostBook = {
  version: 1,
  createdAtMs: NOON,
  microRubPerUsd: 81_500_000,
  rows: [
    {
      provider: 'openai',
      model: 'gpt-*',
      currency: 'USD',
      inputPerMTok: 2_500_000,
      cachedInputPerMTok: 1_250_000,
      cacheWritePerMTok: 2_500_000,
      longCacheWritePerMTok: 2_500_000,
      outputPerMTok: 10_000_000,
      perMChar: 0,
      perSecond: 0,
      perImage: 0,
      perCall: 0,
    },
  ],
};

/** An id as the gateway makes them: it begins with its time. */
function idAt(timeMs: number, tail: string): string {
  const digits = timeMs.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${tail.padStart(12, '0')}`;
}

const SUMMED: UsageQuestion = { by: 'all', fromMs: NOON, toMs: NOON + DAY_MS };

export function costsContract(open: OpenStore): void {
  test('the newest book of costs is in force, and a version never changes', async () => {
    const t = await open();
    expect(await t.store.findCostBook()).toBeUndefined();
    expect(await t.store.write({ kind: 'addCostBook', book: BOOK })).toEqual({ kind: 'written' });
    expect(await t.store.write({ kind: 'addCostBook', book: BOOK })).toEqual({ kind: 'written' });
    const other = { ...BOOK, microRubPerUsd: 90_000_000 };
    expect(await t.store.write({ kind: 'addCostBook', book: other })).toEqual({ kind: 'conflict', field: 'version' });
    expect(await t.store.findCostBook()).toEqual(BOOK);
    await t.store.write({ kind: 'addCostBook', book: { ...other, version: 2 } });
    expect(await t.store.findCostBook()).toEqual({ ...other, version: 2 });
  });

  test('calls are summed up by account, model, target or all together, and only those of the time asked for', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), account('boris'), pack('g1', 100), pack('g2', 100, null, 'boris')]);
    await t.store.write(money('g3', 1_000_000));
    const record = (changes: Partial<CallRecord>): CallRecord => ({ ...RECORD, ...changes });
    const plain = { ...RECORD.usage, source: 'exact', reasoningTokens: 0, outputTokens: 20 } as const;
    const first = idAt(NOON, '1');
    const second = idAt(NOON + 1, '2');
    const third = idAt(NOON + 2, '3');
    const late = idAt(NOON + DAY_MS, '4');
    await writeAll(t.store, [
      hold(first, 5),
      settle(first, 3, { record: record({ usage: plain as CallRecord['usage'] }) }),
      hold(second, 500, { unit: 'microRub' }),
      settle(second, 400, { record: record({ model: 'claude', provider: 'anthropic', costMicroRub: 99 }) }),
      hold(third, 5, { accountId: 'boris' }),
      {
        ...voidCall(third),
        accountId: 'boris',
        record: record({ usage: null, costMicroRub: null, countedTokens: null }),
      },
      hold(late, 5),
      settle(late, 5, { record: record({ admittedAtMs: NOON + DAY_MS }) }),
    ]);
    const all = {
      name: 'all',
      calls: 3,
      chargedRequests: 3,
      chargedMicroRub: 400,
      costMicroRub: 1_234 + 99,
      unknownCosts: 1,
      unpaidAttempts: 6,
      inputTokens: 22,
      cachedInputTokens: 6,
      cacheWriteTokens: 8,
      outputTokens: 20,
      images: 2,
      characters: 10,
      audioSeconds: 14,
      vendorTokens: 20,
      countedTokens: 9,
    };
    expect(await t.store.sumUsage(SUMMED)).toEqual([all]);
    const namesBy = async (by: UsageQuestion['by'], accountId?: string) => {
      const sums = await t.store.sumUsage({ ...SUMMED, by, ...(accountId === undefined ? {} : { accountId }) });
      return sums.map(({ name, calls, costMicroRub }) => [name, calls, costMicroRub]);
    };
    expect(await namesBy('account')).toEqual([
      ['anna', 2, 1_333],
      ['boris', 1, 0],
    ]);
    expect(await namesBy('model')).toEqual([
      ['claude', 1, 99],
      ['gpt-4o-mini', 2, 1_234],
    ]);
    expect(await namesBy('target', 'anna')).toEqual([
      ['anthropic/demo-1', 1, 99],
      ['demo/demo-1', 1, 1_234],
    ]);
    expect(await t.store.sumUsage({ ...SUMMED, fromMs: NOON - 2 * DAY_MS, toMs: NOON })).toEqual([]);
  });

  test('a call tells what it was counted in, and nothing of what it was not', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g1', 10), hold('c1', 2), hold('c2', 2)]);
    const { characters, audioSeconds, cacheWriteTokens, ...tokens } = RECORD.usage as Usage;
    await t.store.write(settle('c1', 2, { record: { ...RECORD, usage: { ...tokens, audioSeconds: 2 ** 40 } } }));
    await t.store.write(settle('c2', 2, { record: { ...RECORD, usage: { ...tokens, characters: 0 } } }));
    expect((await t.store.listUsage('anna', 2)).map(({ usage }) => usage)).toEqual([
      { ...tokens, characters: 0 },
      { ...tokens, audioSeconds: 2 ** 40 },
    ]);
  });

  test('a negative cost is refused by the database itself', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g1', 10), hold('c1', 2)]);
    const negative = settle('c1', 2, { record: { ...RECORD, costMicroRub: -1 } });
    expect(await tally([t.store.write(negative)])).toEqual({ temporarily_unavailable: 1 });
    await t.store.write(settle('c1', 2));
    expect(await t.store.listUsage('anna', 1)).toMatchObject([{ charge: 2, costMicroRub: 1_234 }]);
  });
}
