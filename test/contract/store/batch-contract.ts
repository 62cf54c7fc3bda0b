// What every store guarantees to callers who write at the same time.
import { expect, test } from 'bun:test';
import type { OpenStore } from './operations.ts';
import { account, everythingOf, hold, leftOf, money, pack, settle, tally, writeAll } from './operations.ts';

export function batchContract(open: OpenStore): void {
  test('of 200 parallel holds on a balance for one, exactly one is taken', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 1)]);
    const holds = Array.from({ length: 200 }, (_, i) => t.store.write(hold(`c${i}`, 1)));
    expect(await tally(holds)).toEqual({ held: 1, short: 199 });
  });

  test('a call is held and settled within one commit', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 5)]);
    const both = [t.store.write(hold('c1', 4)), t.store.write(settle('c1', 3)), t.store.write(hold('c2', 2))];
    expect(await Promise.all(both)).toMatchObject([{ kind: 'held' }, { final: { charge: 3 } }, { kind: 'held' }]);
    expect(await leftOf(t)).toEqual({ 'p:g': 0 });
  });

  test('the same operation given 50 times at once is applied once', async () => {
    const t = await open();
    await t.store.write(account('anna'));
    const many = <T>(write: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, write));
    await many(() => t.store.write(pack('g', 9)));
    await many(() => t.store.write(hold('c1', 4)));
    await many(() => t.store.write(settle('c1', 3)));
    expect(await leftOf(t)).toEqual({ 'p:g': 6 });
    expect(await t.store.listUsage('anna', 10)).toHaveLength(1);
  });

  test('a poisonous operation is refused alone while those beside it pass', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), account('boris'), pack('g', 100), pack('b', 9, null, 'boris')]);
    await writeAll(t.store, [money('m', Number.MAX_SAFE_INTEGER), hold("boris's", 1, { accountId: 'boris' })]);
    const poison = [
      pack('zero', 0),
      money('too much', 1),
      hold('no account', 1, { accountId: 'vera' }),
      pack('no account', 1, null, 'vera'),
    ];
    const mates = Array.from({ length: 40 }, (_, i) => hold(`c${i}`, 1));
    const mixed = mates.flatMap((mate, i) => (i % 10 === 5 ? [mate, poison[(i - 5) / 10] ?? mate] : [mate]));
    expect(await tally(mixed.map((operation) => t.store.write(operation)))).toEqual({
      held: 40,
      temporarily_unavailable: 4,
    });
    expect(await leftOf(t)).toEqual({ 'p:g': 60, 'w:microRub': Number.MAX_SAFE_INTEGER });
  });

  test('accounts may use the same call id, each for a call of its own', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), account('boris'), pack('g', 9), pack('g', 9, null, 'boris')]);
    const boris = { accountId: 'boris' };
    const both = [hold('c1', 4), hold('c1', 5, boris), settle('c1', 1), hold('c2', 2), hold('c2', 3, boris)];
    await Promise.all(both.map((operation) => t.store.write(operation)));
    expect([await leftOf(t), await leftOf(t, 0, 'boris')]).toEqual([{ 'p:g': 6 }, { 'p:g': 1 }]);
    await writeAll(t.store, [settle('c1', 2, boris), settle('c2', 2)]);
    expect([await leftOf(t), await leftOf(t, 0, 'boris')]).toEqual([{ 'p:g': 6 }, { 'p:g': 4 }]);
  });

  test('what is no amount is refused and changes nothing', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 100), hold('c1', 5)]);
    const before = await everythingOf(t);
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, 2 ** 53]) {
      const operations = [settle('c1', amount), hold('c2', amount), pack('p', amount)];
      expect(await tally(operations.map((operation) => t.store.write(operation)))).toEqual({
        temporarily_unavailable: 3,
      });
    }
    expect(await everythingOf(t)).toEqual(before);
  });

  test('an account can be made and used at once', async () => {
    const t = await open();
    const written = [t.store.write(account('anna')), t.store.write(pack('g', 2)), t.store.write(hold('c1', 2))];
    expect(await tally(written)).toEqual({ written: 1, granted: 1, held: 1 });
  });

  test('more than the bound of waiting operations are refused as overloaded, and nothing is written for them', async () => {
    const t = await open({ maxWaiting: 20 });
    await writeAll(t.store, [account('anna'), pack('g', 100)]);
    const counts = await tally(Array.from({ length: 50 }, (_, i) => t.store.write(hold(`c${i}`, 1))));
    expect(counts).toEqual({ held: 20, overloaded: 30 });
    expect(await leftOf(t)).toEqual({ 'p:g': 80 });
  });

  test('close writes what waits, and refuses what comes later', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 1000)]);
    const grants = Array.from({ length: 900 }, (_, i) => t.store.write(pack(`g${i}`, 1)));
    const { store } = t;
    const reopened = t.reopen();
    expect(await tally([store.write(pack('late', 1))])).toEqual({ temporarily_unavailable: 1 });
    expect(await tally(grants)).toEqual({ granted: 900 });
    await reopened;
    expect(Object.keys(await leftOf(t))).toHaveLength(901);
  });

  test('what was acknowledged is there after a restart', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), hold('c1', 4), settle('c1', 3)]);
    const before = await everythingOf(t);
    await t.reopen();
    expect(await everythingOf(t)).toEqual(before);
  });
}
