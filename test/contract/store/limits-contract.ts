// What every store guarantees about limits of requests.
import { expect, test } from 'bun:test';
import type { LimitClaim } from '../../../src/core/limits.ts';
import type { OpenStore } from './operations.ts';
import { account, hold, NOON, pack, tally, voidCall, writeAll } from './operations.ts';

const MIDNIGHT = Date.parse('2026-11-22T00:00:00+03:00');
const perMinute = (limit: number, subject = 's'): LimitClaim => ({ subject, perMinute: limit, perDay: null });
const perDay = (limit: number, subject = 's'): LimitClaim => ({ subject, perMinute: null, perDay: limit });

export function limitsContract(open: OpenStore): void {
  test('of 1,000 parallel holds on a limit of 100 a minute, exactly 100 are taken, and 100 more a minute later', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 10_000)]);
    const burst = (name: string) =>
      tally(
        Array.from({ length: 1000 }, (_, i) => t.store.write(hold(`${name}${i}`, 1, { claims: [perMinute(100)] }))),
      );
    expect(await burst('a')).toEqual({ held: 100, limited: 900 });
    await t.setNow(NOON + 59_999);
    expect(await burst('b')).toEqual({ limited: 1000 });
    await t.setNow(NOON + 60_000);
    expect(await burst('c')).toEqual({ held: 100, limited: 900 });
  });

  test('a limit of a day is counted from midnight to midnight, and over a restart', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 100)]);
    const day = { claims: [perDay(2)] };
    expect(await writeAll(t.store, [hold('c1', 1, day), hold('c2', 1, day)])).toMatchObject([
      { kind: 'held', limit: { limit: 2, remaining: 1 } },
      { kind: 'held', limit: { limit: 2, remaining: 0 } },
    ]);
    await t.reopen();
    expect(await t.store.write(hold('c3', 1, day))).toMatchObject({ kind: 'limited', retryAtMs: MIDNIGHT });
    await t.setNow(MIDNIGHT);
    expect(await t.store.write(hold('c4', 1, day))).toMatchObject({ kind: 'held' });
  });

  test('a limit of a minute is counted over a restart', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 100), hold('c1', 1, { claims: [perMinute(1)] })]);
    await t.reopen();
    await t.setNow(NOON + 30_000);
    expect(await t.store.write(hold('c2', 1, { claims: [perMinute(1)] }))).toMatchObject({
      kind: 'limited',
      retryAtMs: NOON + 60_000,
    });
  });

  test('a hold that one limit refuses is not counted by the others', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 100)]);
    const claims = [perMinute(5, 'wide'), perMinute(1, 'narrow')];
    expect(await tally(Array.from({ length: 4 }, (_, i) => t.store.write(hold(`c${i}`, 1, { claims }))))).toEqual({
      held: 1,
      limited: 3,
    });
    const wide = Array.from({ length: 9 }, (_, i) =>
      t.store.write(hold(`w${i}`, 1, { claims: [perMinute(5, 'wide')] })),
    );
    expect(await tally(wide)).toEqual({ held: 4, limited: 5 });
  });

  test('a void gives no admission back, and accounts do not share counters', async () => {
    const t = await open();
    const boris = { accountId: 'boris', claims: [perMinute(1)] };
    await writeAll(t.store, [account('anna'), account('boris'), pack('g', 9), pack('g', 9, null, 'boris')]);
    await writeAll(t.store, [hold('c1', 1, { claims: [perMinute(1)] }), voidCall('c1')]);
    expect(await t.store.write(hold('c2', 1, { claims: [perMinute(1)] }))).toMatchObject({ kind: 'limited' });
    expect(await t.store.write(hold('c3', 1, boris))).toMatchObject({ kind: 'held' });
  });
}
