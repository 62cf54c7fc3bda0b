// What every store guarantees about accounts, keys, plans and the list of calls.
import { expect, test } from 'bun:test';
import type { OpenStore } from './operations.ts';
import { account, hold, key, NOON, pack, settle, tally, writeAll } from './operations.ts';

export function recordsContract(open: OpenStore): void {
  test('a key is found by its HMAC, with the plan and state of its account as they are now', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), key('k1')]);
    const owner = {
      keyId: 'k1',
      accountId: 'anna',
      planId: 'prestige',
      revoked: false,
      accountStatus: 'active',
      usesCache: false,
    } as const;
    expect(await t.store.findKey('hmac of k1')).toEqual(owner);
    expect(await t.store.findKey('hmac of another')).toBeUndefined();
    await t.store.write({ kind: 'updateAccount', accountId: 'anna', planId: 'free' });
    await t.store.write({ kind: 'updateAccount', accountId: 'anna', status: 'blocked' });
    await t.store.write({ kind: 'revokeKey', keyId: 'k1', revokedAtMs: NOON + 5 });
    expect(await t.store.findKey('hmac of k1')).toEqual({
      ...owner,
      planId: 'free',
      revoked: true,
      accountStatus: 'blocked',
    });
  });

  test('the first revocation of a key counts', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), key('k1'), key('k2', { createdAtMs: NOON + 1 })]);
    for (const revokedAtMs of [NOON + 5, NOON + 9])
      await t.store.write({ kind: 'revokeKey', keyId: 'k1', revokedAtMs });
    expect(await t.store.listKeys('anna')).toEqual([
      { ...key('k1').key, revokedAtMs: NOON + 5 },
      { ...key('k2').key, createdAtMs: NOON + 1 },
    ]);
  });

  test('a key says whether its calls use the response cache, as it was made and as it was changed last', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), key('k1'), key('k2', { usesCache: true, createdAtMs: NOON + 1 })]);
    const told = async () => ({
      found: await Promise.all(['k1', 'k2'].map(async (id) => (await t.store.findKey(`hmac of ${id}`))?.usesCache)),
      listed: (await t.store.listKeys('anna')).map(({ usesCache }) => usesCache),
    });
    expect(await told()).toEqual({ found: [false, true], listed: [false, true] });
    await writeAll(t.store, [
      { kind: 'updateKey', keyId: 'k1', usesCache: true },
      { kind: 'updateKey', keyId: 'k2', usesCache: false },
    ]);
    expect(await told()).toEqual({ found: [true, false], listed: [true, false] });
    expect(await t.store.write({ kind: 'updateKey', keyId: 'none', usesCache: true })).toEqual({ kind: 'missing' });
  });

  test('an email belongs to one account, also among accounts made at once', async () => {
    const t = await open();
    const twice = ['anna', 'boris', 'vera'].map((id) => t.store.write(account(id, { email: 'one@example.org' })));
    expect(await tally(twice)).toEqual({ written: 1, conflict: 2 });
    expect(await t.store.listAccounts(10)).toHaveLength(1);
  });

  test('what does not exist is answered as missing', async () => {
    const t = await open();
    expect(await t.store.write({ kind: 'updateAccount', accountId: 'nobody' })).toEqual({ kind: 'missing' });
    expect(await t.store.write(key('k1'))).toEqual({ kind: 'missing' });
    expect(await t.store.write({ kind: 'revokeKey', keyId: 'none', revokedAtMs: NOON })).toEqual({ kind: 'missing' });
    expect(await t.store.findAccount('nobody')).toBeUndefined();
  });

  test('accounts are listed newest first, up to the limit', async () => {
    const t = await open();
    const ids = ['anna', 'boris', 'vera'];
    await writeAll(
      t.store,
      ids.map((id, i) => account(id, { createdAtMs: NOON + i })),
    );
    const listed = await t.store.listAccounts(2);
    expect(listed.map((row) => row.accountId)).toEqual(['vera', 'boris']);
    expect(listed[0]).toEqual(await t.store.findAccount('vera'));
  });

  test('a plan is read back as it was written, and the later version replaces it', async () => {
    const t = await open();
    const plan = {
      id: 'p',
      name: 'Престиж «плюс»',
      api: true,
      dailyRequests: 2 ** 40,
      maxInputChars: null,
      prices: [],
      limits: [],
      aliases: [],
      maxInputDialects: ['*'],
    };
    for (const version of [1, 2]) await t.store.write({ kind: 'putPlan', plan: { ...plan, version } });
    expect(await t.store.listPlans()).toEqual([{ ...plan, version: 2 }]);
  });

  test('of two that change a plan at once one is told that it came too late', async () => {
    const t = await open();
    const plan = { id: 'p', api: true, dailyRequests: 1, maxInputChars: null, prices: [], limits: [], aliases: [] };
    const put = (version: number, name: string) =>
      t.store.write({ kind: 'putPlan', plan: { ...plan, maxInputDialects: ['*'], version, name } });
    const told = await Promise.all([put(2, 'One'), put(2, 'Other')]);
    expect(told.map(({ kind }) => kind).sort()).toEqual(['conflict', 'written']);
    const [kept] = await t.store.listPlans();
    expect((await put(2, String(kept?.name))).kind).toBe('written');
    expect((await put(1, 'Late')).kind).toBe('conflict');
    expect(await t.store.listPlans()).toEqual([kept] as never);
  });

  test('calls are listed newest first, and page by page', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const ids = Array.from({ length: 5 }, (_, i) => `0190-${i}`);
    for (const id of ids) await writeAll(t.store, [hold(id, 1), settle(id, 1)]);
    const page = async (before?: string) => (await t.store.listUsage('anna', 2, before)).map((row) => row.callId);
    expect([await page(), await page('0190-3'), await page('0190-1')]).toEqual([
      ['0190-4', '0190-3'],
      ['0190-2', '0190-1'],
      ['0190-0'],
    ]);
  });

  test('a store that works answers a ping', async () => {
    const t = await open();
    expect(await t.store.ping()).toBe(true);
  });
}
