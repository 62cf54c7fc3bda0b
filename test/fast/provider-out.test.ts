// F40 of the fault table: providers that have failed many times in a row. Their calls are refused at once instead of
// being kept waiting, and one call at a time finds out whether they are back.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { CallError } from '../../src/core/errors.ts';
import type { Health } from '../../src/core/routing.ts';
import { afterAnswer, afterFailure, isOut, isRested, WELL, whileTried } from '../../src/core/routing.ts';
import { healthy, json } from '../../src/testing/fault-scripts.ts';
import { FAMILIES } from '../../src/testing/faults/family.ts';
import type { CallKind } from '../../src/testing/faults/fault-row.ts';
import { faultRow } from '../../src/testing/faults/fault-table.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const OUT_AFTER = 3;

let gateway: TestGateway;
let customer: Customer;
let laterMs = 0;

beforeAll(async () => {
  gateway = await TestGateway.start({ upstreams: 2, config: { bounds: { failuresInRow: OUT_AFTER } } });
  const { clock } = gateway.running.gateway;
  // Time to rest passes when a test says so.
  const shifted = { nowMs: () => clock.nowMs() + laterMs, monotonicMs: () => clock.monotonicMs() };
  Object.assign(gateway.running.gateway, { clock: shifted, sleep: () => Bun.sleep(1) });
  customer = await gateway.customer('requests', { requests: 10_000 });
});
beforeEach(() => {
  laterMs += 120_000;
  for (const upstream of gateway.upstreams) {
    upstream.clear();
    upstream.answer = () => json('', 503, { 'retry-after': '30' });
  }
});
afterAll(() => gateway.stop());

const calls = () => gateway.upstreams.reduce((sum, upstream) => sum + upstream.calls.length, 0);
const family = FAMILIES[0] as (typeof FAMILIES)[number];
const ask = (kind: CallKind) => family.ask(gateway, customer, { kind, model: kind === 'image' ? 'picture' : 'both' });

describe('a model whose providers are all out', () => {
  test.each(family.kinds)('F40, %s: refused as the table says, at once and without asking them', async (kind) => {
    const outcome = faultRow('F40').ends[kind];
    for (let i = 0; i < OUT_AFTER; i++) await ask(kind === 'image' ? 'image' : 'whole');
    const before = calls();
    const startedMs = performance.now();
    const { status, code, headers } = await ask(kind);
    const tookMs = performance.now() - startedMs;
    expect({ status, code }).toEqual({ status: outcome?.status as number, code: outcome?.code as string });
    if (kind !== 'task') {
      expect(tookMs).toBeLessThan(1_000);
      expect(Number(headers.get('retry-after'))).toBeWithin(28, 31);
    }
    expect(calls()).toBe(before);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 10_000 });
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });

  test('is tried by one call when their rest is over, and served again once that one succeeds', async () => {
    for (let i = 0; i < OUT_AFTER; i++) await ask('whole');
    laterMs += 31_000;
    for (const upstream of gateway.upstreams) upstream.clear();
    const answered = Promise.withResolvers<void>();
    for (const upstream of gateway.upstreams)
      upstream.answer = () => async (wire, call) => {
        await answered.promise;
        await healthy()(wire, call);
      };
    const probes = [ask('whole'), ask('whole')];
    while (calls() < 2) await Bun.sleep(1);
    // One call for each of the two targets is on its way; whoever comes meanwhile is not kept waiting for them.
    expect(await ask('whole')).toMatchObject({ code: 'no_provider' });
    expect(calls()).toBe(2);
    answered.resolve();
    for (const { code } of await Promise.all(probes)) expect(code).toBeNull();
    for (let i = 0; i < 5; i++) expect(await ask('whole')).toMatchObject({ status: 200, code: null });
    const spent = 10_000 - (await gateway.balance(customer)).requests;
    expect(spent).toBe(7 * 2);
  });
});

describe('a target', () => {
  const NEW = WELL;
  const overloaded = new CallError('upstream_overloaded');
  const after = (health: Health, code: CallError, times: number) =>
    Array.from({ length: times }).reduce<Health>((one) => afterFailure(one, code, 1_000, OUT_AFTER), health);

  test('is out after so many failures in a row and not one before, until its rest is over', () => {
    expect(isOut(after(NEW, overloaded, OUT_AFTER - 1), 1_000, OUT_AFTER)).toBe(false);
    expect(isOut(after(NEW, overloaded, OUT_AFTER), 1_000, OUT_AFTER)).toBe(true);
    expect(isOut(after(NEW, overloaded, OUT_AFTER), 7_000, OUT_AFTER)).toBe(false);
  });

  test('that never answers is out as well, but rests only then', () => {
    const silent = new CallError('upstream_timeout');
    expect(after(NEW, silent, OUT_AFTER - 1).coolUntilMs).toBe(0);
    expect(isOut(after(NEW, silent, OUT_AFTER), 1_000, OUT_AFTER)).toBe(true);
  });

  test.each(['upstream_error', 'upstream_reset', 'upstream_bad_response'] as const)(
    'is never out by %s, which may be the fault of the one call, but after as many others are asked before it',
    (code) => {
      expect(isRested(after(NEW, new CallError(code), OUT_AFTER - 1), 1_000)).toBe(true);
      const tired = after(NEW, new CallError(code), 100);
      expect([isRested(tired, 1_000), isOut(tired, 1_000, OUT_AFTER), isRested(tired, 7_000)]).toEqual([
        false,
        false,
        true,
      ]);
    },
  );

  test.each(['upstream_rejected', 'client_closed'] as const)('is not changed by %s', (code) => {
    expect(after(NEW, new CallError(code), 100)).toEqual(NEW);
  });

  test('rests for as long as it asked, and for a minute at most', () => {
    const asked = (retryAfterS: number) => after(NEW, new CallError('upstream_rate_limited', { retryAfterS }), 1);
    expect(asked(7).coolUntilMs).toBe(8_000);
    expect(asked(3_600).coolUntilMs).toBe(61_000);
  });

  test('is tried by one call only after it was out', () => {
    const tried = whileTried(after(NEW, overloaded, OUT_AFTER), 7_000, OUT_AFTER);
    expect(isOut(tried, 7_000, OUT_AFTER)).toBe(true);
    expect(whileTried(NEW, 7_000, OUT_AFTER)).toEqual(NEW);
  });

  test('rests no more once that call has shown that it is back, unless it asked for rest meanwhile', () => {
    const tried = whileTried(after(NEW, overloaded, OUT_AFTER), 7_000, OUT_AFTER);
    expect(afterAnswer(tried, tried.coolUntilMs)).toEqual(WELL);
    expect(afterAnswer({ ...tried, coolUntilMs: 60_000 }, tried.coolUntilMs).coolUntilMs).toBe(60_000);
    expect(afterAnswer(tried, undefined).coolUntilMs).toBe(tried.coolUntilMs);
  });
});
