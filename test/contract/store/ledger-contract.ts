// What every store guarantees about holds, charges, voids and grants.
import { expect, test } from 'bun:test';
import type { WriteOperation } from '../../../src/store/store.ts';
import type { OpenStore } from './operations.ts';
import {
  account,
  DAY_MS,
  everythingOf,
  hold,
  key,
  leftOf,
  money,
  NOON,
  pack,
  RECORD,
  settle,
  tally,
  voidCall,
  writeAll,
} from './operations.ts';

export function ledgerContract(open: OpenStore): void {
  holdsContract(open);
  repetitionContract(open);
  refusalsContract(open);
  grantsContract(open);
  auditContract(open);
}

function holdsContract(open: OpenStore): void {
  test('a settle charges what was used and releases the rest of the hold', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 10)]);
    const held = await t.store.write(hold('c1', 4));
    expect(held).toEqual({ kind: 'held', amount: 4, balance: { requests: 6, microRub: 0 } });
    const final = { callId: 'c1', outcome: 'settled', unit: 'requests', charge: 3 } as const;
    expect(await t.store.write(settle('c1', 3))).toEqual({
      kind: 'final',
      final,
      balance: { requests: 7, microRub: 0 },
    });
    const usage = {
      ...RECORD,
      callId: 'c1',
      accountId: 'anna',
      outcome: 'settled',
      unit: 'requests',
      held: 4,
    } as const;
    expect(await t.store.listUsage('anna', 10)).toEqual([{ ...usage, charge: 3, endedAtMs: NOON }]);
  });

  test('a void releases the whole hold, charges nothing and leaves a record', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 10), hold('c1', 4), voidCall('c1')]);
    expect(await leftOf(t)).toEqual({ 'p:g': 10 });
    expect(await t.store.listUsage('anna', 10)).toMatchObject([
      { callId: 'c1', outcome: 'void', charge: 0, held: 4, usage: null, firstByteMs: null },
    ]);
  });

  test('a charge above the hold is cut to the hold', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 10), hold('c1', 4)]);
    expect(await t.store.write(settle('c1', 7))).toMatchObject({ final: { charge: 4 }, balance: { requests: 6 } });
  });

  test('a call of price 0 is held and settled on an empty account', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna')]);
    expect(await t.store.write(hold('c1', 0))).toMatchObject({ kind: 'held', amount: 0 });
    expect(await t.store.write(settle('c1', 0))).toMatchObject({ final: { outcome: 'settled', charge: 0 } });
  });

  test('today is spent before packs, packs by expiry, those that never expire last', async () => {
    const t = await open();
    const packs = [pack('never', 2), pack('late', 2, NOON + 9 * DAY_MS), pack('soon', 2, NOON + 2 * DAY_MS)];
    await writeAll(t.store, [account('anna'), ...packs]);
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      await writeAll(t.store, [hold(`c${i}`, 2, { dailyRequests: 2 }), settle(`c${i}`, 2)]);
      seen.push(Object.entries(await leftOf(t, 2)));
    }
    const row = (day: number, soon: number, late: number, never: number) => [
      ['d:2026-11-21', day],
      ['p:soon', soon],
      ['p:late', late],
      ['p:never', never],
    ];
    expect(seen).toEqual([row(0, 2, 2, 2), row(0, 0, 2, 2), row(0, 0, 0, 2), row(0, 0, 0, 0)]);
  });

  test('a hold over several buckets is charged to the first of them first', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('a', 2, NOON + DAY_MS), pack('b', 5), hold('c1', 6)]);
    await t.store.write(settle('c1', 3));
    expect(await leftOf(t)).toEqual({ 'p:a': 0, 'p:b': 4 });
  });

  test('the largest safe amount is held and charged to the last unit', async () => {
    const t = await open();
    const most = Number.MAX_SAFE_INTEGER;
    await writeAll(t.store, [account('anna'), money('g', most), hold('c1', most, { unit: 'microRub' })]);
    await t.store.write(settle('c1', most - 1));
    expect(await leftOf(t)).toEqual({ 'w:microRub': 1 });
  });
}

function repetitionContract(open: OpenStore): void {
  test('every operation given again in a later commit changes nothing and answers the same', async () => {
    const t = await open();
    const plan = {
      id: 'p',
      name: 'П',
      api: true,
      dailyRequests: 5,
      maxInputChars: null,
      prices: [],
      limits: [],
      aliases: [],
      maxInputDialects: ['*'],
    };
    const claims = [{ subject: 'key-1|all', perMinute: 100, perDay: 100 }];
    const operations: WriteOperation[] = [
      account('anna'),
      { kind: 'updateAccount', accountId: 'anna', planId: 'p', status: 'active' },
      key('key-1'),
      { kind: 'updateKey', keyId: 'key-1', usesCache: true },
      { kind: 'revokeKey', keyId: 'key-1', revokedAtMs: NOON + 1 },
      { kind: 'putPlan', plan: { ...plan, version: 3 } },
      pack('g', 10),
      money('m', 500),
      hold('settled', 4, { claims }),
      settle('settled', 3),
      hold('void', 2),
      voidCall('void'),
    ];
    const given = await writeAll(t.store, operations);
    const before = await everythingOf(t);
    for (const restart of [false, true]) {
      if (restart) await t.reopen();
      const again = await writeAll(t.store, operations);
      expect(await everythingOf(t)).toEqual(before);
      // A hold and a settle whose call has ended both answer how it ended; balances are those of now.
      const ended = { settled: given[9], void: given[11] } as Record<string, { final: unknown }>;
      for (const [i, operation] of operations.entries()) {
        if (operation.kind === 'grant') expect(again[i]).toMatchObject({ kind: 'granted' });
        else if ('callId' in operation)
          expect(again[i]).toMatchObject({ kind: 'final', final: ended[operation.callId]?.final });
        else expect(again[i]).toEqual(given[i]);
      }
    }
  });

  test('a hold given again while it is open answers the same and holds once', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 10)]);
    const outcomes = await writeAll(t.store, [hold('c1', 4), hold('c1', 4), hold('c1', 9)]);
    expect(outcomes).toEqual(Array(3).fill({ kind: 'held', amount: 4, balance: { requests: 6, microRub: 0 } }));
  });

  test('a call that was settled cannot be voided, nor the other way round', async () => {
    const t = await open();
    await writeAll(t.store, [
      account('anna'),
      pack('g', 10),
      hold('a', 4),
      settle('a', 3),
      hold('b', 4),
      voidCall('b'),
    ]);
    expect(await t.store.write(voidCall('a'))).toMatchObject({ final: { outcome: 'settled', charge: 3 } });
    expect(await t.store.write(settle('b', 4))).toMatchObject({ final: { outcome: 'void', charge: 0 } });
    expect(await leftOf(t)).toEqual({ 'p:g': 7 });
  });
}

function refusalsContract(open: OpenStore): void {
  test('a refused hold changes nothing', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3)]);
    const before = await everythingOf(t);
    const claims = [{ subject: 's', perMinute: 1, perDay: null }];
    expect(await t.store.write(hold('c1', 4, { claims }))).toEqual({
      kind: 'short',
      needed: 4,
      balance: { requests: 3, microRub: 0 },
    });
    const none = [{ subject: 's', perMinute: 0, perDay: null }];
    expect(await t.store.write(hold('c2', 1, { claims: none }))).toMatchObject({ kind: 'limited', subject: 's' });
    expect(await everythingOf(t)).toEqual(before);
    expect(await t.store.write(hold('c3', 1, { claims }))).toMatchObject({ kind: 'held' });
  });

  test('a settle of a call that was never held is refused, also where another account holds it', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), account('boris'), pack('g', 3), hold('c1', 2)]);
    expect(await t.store.write(settle('c9', 1))).toEqual({ kind: 'unknown_call' });
    expect(await t.store.write(settle('c1', 1, { accountId: 'boris' }))).toEqual({ kind: 'unknown_call' });
    expect(await leftOf(t)).toEqual({ 'p:g': 1 });
  });

  test('nothing is written for an account that does not exist', async () => {
    const t = await open();
    const before = await everythingOf(t);
    const written = [hold('c1', 0, { dailyRequests: 5 }), pack('g', 5)].map((operation) => t.store.write(operation));
    expect(await tally(written)).toEqual({ temporarily_unavailable: 2 });
    expect(await everythingOf(t)).toEqual(before);
  });
}

function grantsContract(open: OpenStore): void {
  test('a grant is applied once, and wallets add up', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3), pack('g', 3), money('m1', 40), money('m2', 2)]);
    await Promise.all([pack('h', 5), pack('h', 5), money('m2', 2)].map((operation) => t.store.write(operation)));
    expect(await leftOf(t)).toEqual({ 'p:g': 3, 'p:h': 5, 'w:microRub': 42 });
  });

  test('the id of a grant with another amount or unit adds nothing and is told, in one batch and in the next', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna')]);
    const first = [pack('g', 3), pack('g', 4), money('g', 3)].map((operation) => t.store.write(operation));
    expect((await Promise.all(first)).map(({ kind }) => kind)).toEqual(['granted', 'grant_mismatch', 'grant_mismatch']);
    expect(await t.store.write(pack('g', 30))).toEqual({ kind: 'grant_mismatch' });
    expect(await t.store.write(pack('g', 3))).toMatchObject({ kind: 'granted' });
    expect(await leftOf(t)).toEqual({ 'p:g': 3 });
  });

  test('requests are never paid with money, nor money with requests', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3), money('m', 40)]);
    expect(await t.store.write(hold('c1', 4))).toMatchObject({ kind: 'short' });
    expect(await t.store.write(hold('c2', 41, { unit: 'microRub' }))).toMatchObject({ kind: 'short' });
    expect(await t.store.write(hold('c3', 40, { unit: 'microRub' }))).toMatchObject({
      balance: { requests: 3, microRub: 0 },
    });
  });

  test('a grant that would outgrow a safe integer is refused', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), money('m', Number.MAX_SAFE_INTEGER)]);
    expect(await tally([t.store.write(money('one more', 1))])).toEqual({ temporarily_unavailable: 1 });
    expect(await leftOf(t)).toEqual({ 'w:microRub': Number.MAX_SAFE_INTEGER });
  });
}

function auditContract(open: OpenStore): void {
  const BREAKS = {
    'what a bucket has used is the sum of the charges on it': 'UPDATE bucket SET used = used + 1',
    'what a bucket holds is the sum of the open holds on it': 'UPDATE bucket SET held = held - 1',
    'what a pack or wallet was granted is the sum of its grants': 'UPDATE bucket SET granted = granted + 1',
    'a hold is the sum of its postings': 'UPDATE hold SET amount = amount + 1',
    'a charge is the sum of its postings and never more than the hold': 'UPDATE usage SET charge = charge - 1',
    'every posting belongs to a bucket of the same account': "UPDATE bucket SET bucket_id = 'p:other'",
  };
  const MENDS = {
    'UPDATE bucket SET used = used + 1': 'UPDATE bucket SET used = used - 1',
    'UPDATE bucket SET held = held - 1': 'UPDATE bucket SET held = held + 1',
    'UPDATE bucket SET granted = granted + 1': 'UPDATE bucket SET granted = granted - 1',
    'UPDATE hold SET amount = amount + 1': 'UPDATE hold SET amount = amount - 1',
    'UPDATE usage SET charge = charge - 1': 'UPDATE usage SET charge = charge + 1',
    "UPDATE bucket SET bucket_id = 'p:other'": "UPDATE bucket SET bucket_id = 'p:g'",
  } as Record<string, string>;

  test('an audit finds any row that was broken by hand', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), hold('a', 4), settle('a', 3), hold('b', 2)]);
    expect(await t.store.audit()).toEqual({
      ok: true,
      findings: [],
      counted: { accounts: 1, buckets: 1, openHolds: 1, calls: 1 },
    });
    for (const [invariant, statement] of Object.entries(BREAKS)) {
      await t.run(statement);
      const report = await t.store.audit();
      expect(report.ok).toBe(false);
      expect(report.findings.map((finding) => finding.invariant)).toContain(invariant);
      await t.run(MENDS[statement] as string);
    }
  });
}
