// Limits against a perfect log of admissions: never too many, never too strict by more than a second, and the time told
// to a refused caller is true.
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Calendar } from '../../src/core/calendar.ts';
import type { LimitClaim } from '../../src/core/limits.ts';
import { admissibleAtMs, LimitWindow, limitState } from '../../src/core/limits.ts';
import type { LimitRule, Plan } from '../../src/core/plan.ts';
import { claimsFor } from '../../src/core/plan.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';

const MOSCOW = new Calendar('Europe/Moscow');
const NOON = Date.parse('2026-11-21T12:00:00+03:00');
const MIDNIGHT = Date.parse('2026-11-22T00:00:00+03:00');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

function perMinute(limit: number): LimitClaim {
  return { subject: 'key|chat', perMinute: limit, perDay: null };
}

/** Asks at `nowMs`, and counts where it is allowed. */
function ask(window: LimitWindow, claim: LimitClaim, nowMs: number): boolean {
  const day = MOSCOW.dayAt(nowMs);
  if (admissibleAtMs(window, claim, nowMs, day) > nowMs) return false;
  window.admit(nowMs, day.name);
  return true;
}

const inLastMinute = (log: readonly number[], nowMs: number) => log.filter((at) => at > nowMs - MINUTE && at <= nowMs);

const limits = fc.integer({ min: 1, max: 20 });
/** Bursts, trickles and pauses, in milliseconds between questions. */
const gaps = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 9_000 }),
    fc.integer({ min: 50_000, max: 70_000 }),
  ),
  {
    minLength: 1,
    maxLength: 200,
  },
);

describe('a limit per minute', () => {
  test('never admits more than its number in any 60 seconds', () => {
    fc.assert(
      fc.property(limits, gaps, fc.integer({ min: 0, max: 999 }), (limit, waits, offset) => {
        const window = new LimitWindow();
        const log: number[] = [];
        let nowMs = NOON + offset;
        for (const wait of waits) {
          nowMs += wait;
          if (ask(window, perMinute(limit), nowMs)) log.push(nowMs);
          expect(inLastMinute(log, nowMs).length).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is stricter than a perfect log by less than a second', () => {
    fc.assert(
      fc.property(limits, gaps, (limit, waits) => {
        const window = new LimitWindow();
        const log: number[] = [];
        let nowMs = NOON;
        for (const wait of waits) {
          nowMs += wait;
          const wide = log.filter((at) => at > nowMs - MINUTE - SECOND);
          const isAdmitted = ask(window, perMinute(limit), nowMs);
          if (isAdmitted) log.push(nowMs);
          else expect(wide.length).toBeGreaterThanOrEqual(limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('equals the perfect log where calls come at whole seconds', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 150 }),
        (limit, waits) => {
          const window = new LimitWindow();
          const log: number[] = [];
          let nowMs = NOON;
          for (const wait of waits) {
            nowMs += wait * SECOND;
            const wanted = inLastMinute(log, nowMs).length < limit;
            expect(ask(window, perMinute(limit), nowMs)).toBe(wanted);
            if (wanted) log.push(nowMs);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('tells the true time of the next admission: then yes, a millisecond before no', () => {
    fc.assert(
      fc.property(limits, gaps, (limit, waits) => {
        const window = new LimitWindow();
        let nowMs = NOON;
        for (const wait of waits) {
          nowMs += wait;
          if (ask(window, perMinute(limit), nowMs)) continue;
          const day = MOSCOW.dayAt(nowMs);
          const atMs = admissibleAtMs(window, perMinute(limit), nowMs, day);
          expect(atMs - nowMs).toBeLessThanOrEqual(MINUTE);
          expect(admissibleAtMs(window, perMinute(limit), atMs, day)).toBe(atMs);
          expect(admissibleAtMs(window, perMinute(limit), atMs - 1, day)).toBe(atMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('lets a full minute go again exactly when its oldest call is 60 seconds old', () => {
    const window = new LimitWindow();
    for (let i = 0; i < 3; i++) expect(ask(window, perMinute(3), NOON + i * 10 * SECOND)).toBe(true);
    expect(ask(window, perMinute(3), NOON + 59_999)).toBe(false);
    expect(ask(window, perMinute(3), NOON + MINUTE)).toBe(true);
    expect(ask(window, perMinute(3), NOON + MINUTE)).toBe(false);
    expect(ask(window, perMinute(3), NOON + MINUTE + 10 * SECOND)).toBe(true);
  });

  test('of 0 never admits and tells a time in the future', () => {
    const window = new LimitWindow();
    expect(ask(window, perMinute(0), NOON)).toBe(false);
    expect(admissibleAtMs(window, perMinute(0), NOON, MOSCOW.dayAt(NOON))).toBeGreaterThan(NOON);
  });

  test('survives a wall clock that is set back: the calls of the last minute still count', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 59_000 }), (limit, backMs) => {
        const window = new LimitWindow();
        for (let i = 0; i < limit; i++) expect(ask(window, perMinute(limit), NOON + i)).toBe(true);
        expect(ask(window, perMinute(limit), NOON - backMs)).toBe(false);
      }),
    );
  });

  test('is kept through storage', () => {
    const window = new LimitWindow();
    for (let i = 0; i < 5; i++) window.admit(NOON + i * 7_000, '2026-11-21');
    const read = new LimitWindow(window.bytes().slice().buffer as ArrayBuffer, window.day, window.dayCount);
    for (const atMs of [NOON + 28_000, NOON + 61_000, NOON + 75_500, NOON + 90_000])
      expect(read.countLastMinute(atMs)).toBe(window.countLastMinute(atMs));
    expect(read.countOfDay('2026-11-21')).toBe(5);
  });
});

describe('a limit per day', () => {
  const claim: LimitClaim = { subject: 'key|chat', perMinute: null, perDay: 2 };

  test('ends with the calendar day in Moscow, not with UTC nor after 24 hours', () => {
    const window = new LimitWindow();
    expect(ask(window, claim, MIDNIGHT - 2)).toBe(true);
    expect(ask(window, claim, MIDNIGHT - 1)).toBe(true);
    expect(ask(window, claim, MIDNIGHT - 1)).toBe(false);
    expect(admissibleAtMs(window, claim, MIDNIGHT - 1, MOSCOW.dayAt(MIDNIGHT - 1))).toBe(MIDNIGHT);
    expect(ask(window, claim, MIDNIGHT)).toBe(true);
    expect(ask(window, claim, Date.parse('2026-11-22T00:00:00Z'))).toBe(true);
    expect(ask(window, claim, Date.parse('2026-11-22T23:59:59+03:00'))).toBe(false);
  });

  test('and one per minute together tell the later of their two times', () => {
    const both: LimitClaim = { subject: 'key|chat', perMinute: 2, perDay: 2 };
    const window = new LimitWindow();
    expect(ask(window, both, MIDNIGHT - 2 * SECOND)).toBe(true);
    expect(ask(window, both, MIDNIGHT - SECOND)).toBe(true);
    const atMs = admissibleAtMs(window, both, MIDNIGHT - 1, MOSCOW.dayAt(MIDNIGHT - 1));
    expect(atMs).toBe(MIDNIGHT - 2 * SECOND + MINUTE);
    expect(ask(window, both, atMs)).toBe(true);
  });

  test('counts what was admitted that day, whatever the order of the days asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 * 3_600_000 }), { maxLength: 60 }), (waits) => {
        const window = new LimitWindow();
        const log: string[] = [];
        let nowMs = NOON;
        for (const wait of waits) {
          nowMs += wait;
          const day = MOSCOW.dayAt(nowMs).name;
          const wanted = log.filter((other) => other === day).length < 2;
          expect(ask(window, claim, nowMs)).toBe(wanted);
          if (wanted) log.push(day);
        }
      }),
    );
  });
});

describe('what is left', () => {
  test('is told for the tighter limit, with the time until it is whole again', () => {
    const claim: LimitClaim = { subject: 'key|chat', perMinute: 10, perDay: 5 };
    const window = new LimitWindow();
    const day = MOSCOW.dayAt(NOON);
    expect(limitState(window, claim, NOON, day)).toEqual({ limit: 5, remaining: 5, resetMs: MIDNIGHT - NOON });
    window.admit(NOON, day.name);
    expect(limitState(window, { ...claim, perDay: 50 }, NOON + 1_000, day)).toEqual({
      limit: 10,
      remaining: 9,
      resetMs: 59_000,
    });
  });

  test('is nothing to tell where there is no limit', () => {
    const none: LimitClaim = { subject: 'key|chat', perMinute: null, perDay: null };
    expect(limitState(new LimitWindow(), none, NOON, MOSCOW.dayAt(NOON))).toBeUndefined();
  });
});

describe('the rules of a plan', () => {
  const scope = { dialects: ['*'], endpoints: ['*'], models: ['*'] };
  const rule = (
    name: string,
    perMinute: number | null,
    perDay: number | null,
    more: Partial<LimitRule> = {},
  ): LimitRule => ({
    name,
    scope,
    perModel: false,
    perMinute,
    perDay,
    ...more,
  });
  const claims = (limits: readonly LimitRule[], model = 'claude-2') =>
    claimsFor({ limits } as Plan, { dialect: 'openai', endpoint: 'chat', model }, 'key');

  test('of one name count a call once, by the tighter numbers', () => {
    expect(claims([rule('a', 10, null), rule('a', 20, 5), rule('b', 1, 1)])).toEqual([
      { subject: 'key|a', perMinute: 10, perDay: 5 },
      { subject: 'key|b', perMinute: 1, perDay: 1 },
    ]);
  });

  test('count by model only where they say so, and only what is in their scope', () => {
    const claude = { scope: { ...scope, models: ['claude-*'] } };
    expect(claims([rule('a', 1, null, { perModel: true }), rule('b', 1, null, claude)], 'gpt-4')).toEqual([
      { subject: 'key|a|gpt-4', perMinute: 1, perDay: null },
    ]);
    expect(claims([rule('b', 1, null, claude)])).toHaveLength(1);
  });
});

test('a wall clock that is set back reopens neither a minute nor a day of the running store', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-clock-'));
  const clock = new FakeClock(MIDNIGHT + 5_000);
  const { store } = await openSqliteStore({ dataDir, timeZone: 'Europe/Moscow', clock, maxWaiting: 100 });
  const account = { accountId: 'acc', email: 'a@test.org', planId: 'p', status: 'active', createdAtMs: 0 } as const;
  await store.write({ kind: 'createAccount', account });
  const context = { keyId: 'k', dialect: 'openai', endpoint: 'chat', model: 'm', admittedAtMs: 0, priceVersion: 'p@1' };
  const claims = [{ subject: 'k|chat', perMinute: 2, perDay: 3 }];
  let calls = 0;
  const admitted = async () => {
    const callId = `call-${calls++}`;
    const hold = {
      kind: 'hold',
      callId,
      accountId: 'acc',
      unit: 'requests',
      amount: 1,
      dailyRequests: 10,
      claims,
      context,
    } as const;
    return (await store.write(hold)).kind === 'held';
  };
  expect([await admitted(), await admitted(), await admitted()]).toEqual([true, true, false]);
  clock.setWall(MIDNIGHT - 30_000);
  expect(await admitted()).toBe(false);
  clock.setWall(MIDNIGHT - 26 * 3_600_000);
  expect(await admitted()).toBe(false);
  clock.setWall(MIDNIGHT + 70_000);
  expect([await admitted(), await admitted()]).toEqual([true, false]);
  expect(await store.audit()).toMatchObject({ ok: true });
  await store.close();
  rmSync(dataDir, { recursive: true });
});
