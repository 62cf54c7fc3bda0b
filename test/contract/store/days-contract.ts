// What every store guarantees where days end, packs expire and plans change.
import { expect, test } from 'bun:test';
import type { OpenStore } from './operations.ts';
import { account, DAY_MS, hold, leftOf, NOON, pack, settle, voidCall, writeAll } from './operations.ts';

const MIDNIGHT = Date.parse('2026-11-22T00:00:00+03:00');
const daily = (dailyRequests: number) => ({ dailyRequests });

export function daysContract(open: OpenStore): void {
  test('a new day brings a new allowance, and a hold kept over midnight is charged to its own day', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna')]);
    await t.setNow(MIDNIGHT - 1);
    expect(await t.store.write(hold('c1', 4, daily(5)))).toMatchObject({ balance: { requests: 1 } });
    expect(await t.store.write(hold('c2', 2, daily(5)))).toMatchObject({ kind: 'short' });
    await t.setNow(MIDNIGHT);
    expect(await t.store.write(hold('c3', 2, daily(5)))).toMatchObject({ balance: { requests: 3 } });
    // What is left of yesterday's hold disappears with its day.
    expect(await t.store.write(settle('c1', 1))).toMatchObject({ final: { charge: 1 }, balance: { requests: 3 } });
    expect(await leftOf(t, 5)).toEqual({ 'd:2026-11-22': 3 });
  });

  test('an expired pack is not spent, and what is released into it is gone', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 5, NOON + 1000), hold('c1', 3)]);
    await t.setNow(NOON + 1000);
    expect(await t.store.write(hold('c2', 1))).toMatchObject({ kind: 'short', balance: { requests: 0 } });
    expect(await t.store.write(voidCall('c1'))).toMatchObject({ final: { charge: 0 }, balance: { requests: 0 } });
    expect(await leftOf(t)).toEqual({});
  });

  test('a smaller plan in the middle of a day takes nothing back that was held or used', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), hold('c1', 6, daily(10)), settle('c1', 6), hold('c2', 2, daily(10))]);
    expect(await t.store.write(hold('c3', 1, daily(3)))).toMatchObject({ kind: 'short', balance: { requests: 0 } });
    await t.store.write(voidCall('c2'));
    expect(await leftOf(t, 3)).toEqual({ 'd:2026-11-21': 0 });
    expect(await t.store.write(hold('c4', 1, daily(3)))).toMatchObject({ kind: 'short' });
  });

  test('a larger plan in the middle of a day counts what was used', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), hold('c1', 3, daily(3)), settle('c1', 3)]);
    expect(await t.store.write(hold('c2', 8, daily(10)))).toMatchObject({ kind: 'short', balance: { requests: 7 } });
    expect(await t.store.write(hold('c3', 7, daily(10)))).toMatchObject({ kind: 'held' });
  });

  test('a change of the time zone never gives the same day twice', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), hold('c1', 5, daily(5)), settle('c1', 5)]);
    // In Moscow the 21st is over; in London it is not.
    await t.setNow(MIDNIGHT + 1000);
    await t.reopen({ timeZone: 'Europe/London' });
    expect(await t.store.write(hold('c2', 1, daily(5)))).toMatchObject({ kind: 'short' });
    await t.setNow(MIDNIGHT + DAY_MS / 2);
    expect(await t.store.write(hold('c3', 5, daily(5)))).toMatchObject({ kind: 'held' });
  });

  test('a clock that jumps back reopens no day', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 5, MIDNIGHT)]);
    await t.setNow(MIDNIGHT + 1000);
    expect(await t.store.write(hold('c1', 1))).toMatchObject({ kind: 'short' });
    await t.setNow(MIDNIGHT - 1000);
    expect(await t.store.write(hold('c2', 1))).toMatchObject({ kind: 'short' });
  });
}
