// What every store guarantees about calls that their clients named: held once, charged once, and answered again.
import { expect, test } from 'bun:test';
import { voidOrphan } from '../../../src/store/restart-record.ts';
import type { StoredAnswer, WriteOperation } from '../../../src/store/store.ts';
import type { OpenStore } from './operations.ts';
import {
  account,
  CONTEXT,
  DAY_MS,
  hold,
  leftOf,
  NOON,
  pack,
  RECORD,
  settle,
  tally,
  voidCall,
  writeAll,
} from './operations.ts';

const KEY = 'order 17';
const ANSWER: StoredAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"text":"Четыре\\u0000","half":"\\ud800"} \ud83d\ude00',
};

export function idempotencyContract(open: OpenStore): void {
  usesContract(open);
  endsContract(open);
  forgettingContract(open);
}

function usesContract(open: OpenStore): void {
  test('of 200 parallel calls with one name exactly one is held, and the others are told that it runs', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 900)]);
    const twins = Array.from({ length: 200 }, (_, i) => t.store.write(named(`c${i}`)));
    expect(await tally(twins)).toEqual({ held: 1, running: 199 });
    expect(await leftOf(t)).toEqual({ 'p:g': 896 });
  });

  test('a call whose name stands for another content is refused, and nothing is held', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1')]);
    expect(await t.store.write(named('c2', 'another'))).toEqual({ kind: 'mismatched' });
    await t.store.write(end('c1', 4));
    expect(await t.store.write(named('c3', 'another'))).toEqual({ kind: 'mismatched' });
    expect(await leftOf(t)).toEqual({ 'p:g': 5 });
  });

  test('a hold that is given again is the same hold, whatever its name has become', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1')]);
    expect(await t.store.write(named('c1'))).toMatchObject({ kind: 'held', amount: 4 });
    await t.store.write(end('c1', 4));
    expect(await t.store.write(named('c1'))).toMatchObject({ kind: 'final' });
    expect(await leftOf(t)).toEqual({ 'p:g': 5 });
  });

  test('one name means one thing for each account', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), account('boris'), pack('h', 9, null, 'boris')]);
    await writeAll(t.store, [named('c1'), end('c1', 4)]);
    expect(await t.store.write(named('c2', 'f', 'boris'))).toMatchObject({ kind: 'held' });
    expect(await t.store.findAnswer('boris', KEY)).toBeUndefined();
  });

  test('a call that is refused by balance takes no name', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3)]);
    expect((await t.store.write(named('c1'))).kind).toBe('short');
    await t.store.write(pack('h', 9));
    expect((await t.store.write(named('c2', 'another'))).kind).toBe('held');
  });

  test('a name is answered even where nothing is left to hold', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 4), named('c1'), end('c1', 4)]);
    expect(await leftOf(t)).toEqual({ 'p:g': 0 });
    expect(await t.store.write(named('c2'))).toEqual({ kind: 'answered' });
  });
}

function endsContract(open: OpenStore): void {
  test('the answer of a charged call is kept to the character, over a restart', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1')]);
    expect(await t.store.findAnswer('anna', KEY)).toBeUndefined();
    await t.store.write(end('c1', 4, ANSWER));
    await t.reopen();
    expect(await t.store.write(named('c2'))).toEqual({ kind: 'answered' });
    expect(await t.store.findAnswer('anna', KEY)).toEqual(ANSWER);
    expect(await leftOf(t)).toEqual({ 'p:g': 5 });
  });

  test('a charged call whose answer was not kept still has its name', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1'), end('c1', 4)]);
    expect(await t.store.write(named('c2'))).toEqual({ kind: 'answered' });
    expect(await t.store.findAnswer('anna', KEY)).toBeUndefined();
  });

  test('a call that costs nothing keeps its answer as well', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), named('c1', 'f', 'anna', 0), end('c1', 0, ANSWER)]);
    expect(await t.store.write(named('c2', 'f', 'anna', 0))).toEqual({ kind: 'answered' });
    expect(await t.store.findAnswer('anna', KEY)).toEqual(ANSWER);
  });

  test('a call that is voided frees its name, in the same batch too', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1')]);
    const outcomes = await Promise.all([t.store.write(voided('c1')), t.store.write(named('c2', 'another'))]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['final', 'held']);
    // What the first call's owner still says changes nothing of the second one's name.
    await t.store.write(end('c1', 4, ANSWER));
    expect(await t.store.write(named('c3', 'another'))).toEqual({ kind: 'running' });
    await t.store.write(end('c2', 4, ANSWER));
    expect(await t.store.findAnswer('anna', KEY)).toEqual(ANSWER);
  });

  test('the void of a call whose process ended frees its name', async () => {
    const t = await open();
    const left = named('c1');
    await writeAll(t.store, [account('anna'), pack('g', 9), left]);
    await t.store.write(voidOrphan(left, NOON));
    expect(await t.store.write(named('c2'))).toMatchObject({ kind: 'held' });
    expect(await t.store.listUsage('anna', 10)).toMatchObject([{ callId: 'c1', errorCode: 'gateway_restarted' }]);
  });

  test('the void of a task that its client was told to have failed frees its name', async () => {
    const t = await open();
    const left = { ...named('c1'), context: CONTEXT, task: { request: '{}' } };
    await writeAll(t.store, [account('anna'), pack('g', 9), left]);
    await t.store.write(voidOrphan(left, NOON, 'temporarily_unavailable'));
    expect(await t.store.write({ ...left, callId: 'c2' })).toMatchObject({ kind: 'held' });
  });

  test('a name is taken in the commit of the hold, and answered in that of the charge', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    // An operation that breaks takes its own name with it, and leaves its batch mates theirs.
    const broken = { ...named('c1'), accountId: 'nobody' };
    const outcomes = await Promise.allSettled([t.store.write(broken), t.store.write(named('c2'))]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled']);
    expect(await t.store.write(named('c3'))).toEqual({ kind: 'running' });
  });
}

function forgettingContract(open: OpenStore): void {
  test('a name and its answer are remembered for a day, and then forgotten', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1'), end('c1', 4, ANSWER)]);
    await t.setNow(NOON + DAY_MS - 1);
    await t.store.write({ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON });
    expect(await t.store.write(named('c2'))).toEqual({ kind: 'answered' });
    await t.setNow(NOON + DAY_MS);
    await t.store.write({ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON + 1 });
    expect(await t.store.findAnswer('anna', KEY)).toBeUndefined();
    expect(await t.store.write(named('c3', 'another'))).toMatchObject({ kind: 'held' });
  });

  test('a name is free after a day even before it is purged, and its old answer is gone with it', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1'), end('c1', 4, ANSWER)]);
    await t.setNow(NOON + DAY_MS);
    expect(await t.store.write(named('c2', 'another'))).toMatchObject({ kind: 'held' });
    expect(await t.store.findAnswer('anna', KEY)).toBeUndefined();
  });
}

type Hold = WriteOperation & { kind: 'hold' };

function named(callId: string, fingerprint = 'f', accountId = 'anna', amount = 4): Hold {
  const context = { ...CONTEXT, idempotencyKey: KEY };
  return { ...hold(callId, amount, { accountId, context }), idempotency: { key: KEY, fingerprint } };
}

function end(callId: string, charge: number, answer?: StoredAnswer) {
  const record = { ...RECORD, idempotencyKey: KEY };
  return { ...settle(callId, charge, { record }), ...(answer === undefined ? {} : { answer }) };
}

function voided(callId: string) {
  const operation = voidCall(callId);
  return { ...operation, record: { ...operation.record, idempotencyKey: KEY } };
}
