// The pure decisions of the routing, for any targets, keys, failures and times.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Capacity } from '../../src/core/capacity.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { ERRORS } from '../../src/core/errors.ts';
import type { Health } from '../../src/core/routing.ts';
import {
  afterFailure,
  isOut,
  isRested,
  movingMean,
  orderCandidates,
  pickKey,
  preferenceFor,
  retryClass,
  WELL,
  whileTried,
} from '../../src/core/routing.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';

const NOW_MS = 1_000_000;
const OUT_AFTER = 4;

const restUntil = fc.constantFrom(0, NOW_MS - 1, NOW_MS, NOW_MS + 1, NOW_MS + 60_000);
const candidate = fc.record({
  priority: fc.integer({ min: 0, max: 2 }),
  weight: fc.constantFrom(0.001, 1, 3),
  coolUntilMs: restUntil,
  tiredUntilMs: restUntil,
  cost: fc.option(fc.constantFrom(0, 1, 2.5), { nil: undefined }),
  firstByteMs: fc.option(fc.constantFrom(0, 10, 900), { nil: undefined }),
});
const candidates = fc.array(candidate, { maxLength: 6 });
const seed = fc.integer({ min: 0, max: 2 ** 31 });

describe('the order of targets', () => {
  test('has each of them once, and none that rests before one that does not, whatever is preferred', () => {
    fc.assert(
      fc.property(candidates, seed, fc.constantFrom('weight', 'price', 'latency'), (given, from, order) => {
        const random = new SeededRandom(from);
        const next = () => random.next();
        const ordered = orderCandidates(given, NOW_MS, next, preferenceFor(order, next));
        expect(new Set(ordered)).toEqual(new Set(given));
        expect(ordered).toHaveLength(given.length);
        const ranks = ordered.map((one) => (one.coolUntilMs > NOW_MS ? 2 : one.tiredUntilMs > NOW_MS ? 1 : 0));
        expect(ranks).toEqual([...ranks].sort());
        for (const [i, one] of ordered.entries()) {
          const after = ordered[i + 1];
          if (after === undefined || ranks[i] !== ranks[i + 1]) continue;
          expect(one.priority).toBeLessThanOrEqual(after.priority);
          if (one.priority < after.priority || order !== 'price') continue;
          expect(one.cost ?? Infinity).toBeLessThanOrEqual(after.cost ?? Infinity);
        }
      }),
    );
  });

  test('follows the weights where nothing else is preferred, and among equals where something is', () => {
    const targets = [1, 3].map((weight) => ({ weight, priority: 0, coolUntilMs: 0, tiredUntilMs: 0, cost: 5 }));
    const random = new SeededRandom(7);
    for (const preference of [undefined, ({ cost }: { cost: number }) => cost]) {
      let heavy = 0;
      for (let i = 0; i < 4_000; i++)
        if (orderCandidates(targets, NOW_MS, () => random.next(), preference)[0]?.weight === 3) heavy += 1;
      expect(heavy / 4_000).toBeWithin(0.72, 0.78);
    }
  });

  test('by latency goes to the quickest, to one that was never measured before that, and to others now and then', () => {
    const random = new SeededRandom(11);
    const next = () => random.next();
    const target = (firstByteMs?: number) => ({ ...WELL, priority: 0, weight: 1, cost: undefined, firstByteMs });
    const share = (targets: ReturnType<typeof target>[], wanted: number | undefined) => {
      let first = 0;
      for (let i = 0; i < 4_000; i++) {
        const [one] = orderCandidates(targets, NOW_MS, next, preferenceFor('latency', next));
        if (one?.firstByteMs === wanted) first += 1;
      }
      return first / 4_000;
    };
    expect(share([target(300), target(20), target(250)], 20)).toBeWithin(0.94, 0.99);
    expect(share([target(300), target(20), target(250)], 300)).toBeWithin(0.005, 0.03);
    expect(share([target(20), target(undefined)], undefined)).toBeWithin(0.95, 1);
  });

  test('the mean of latencies lies between the old one and the new measure, and forgets', () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(ms, ms, (mean, measured) => {
        const moved = movingMean(mean, measured);
        expect(moved).toBeGreaterThanOrEqual(Math.min(mean, measured) - 1e-6);
        expect(moved).toBeLessThanOrEqual(Math.max(mean, measured) + 1e-6);
      }),
    );
    let mean = movingMean(undefined, 10_000);
    for (let i = 0; i < 30; i++) mean = movingMean(mean, 100);
    expect(mean).toBeLessThan(120);
  });
});

describe('the choice of a key', () => {
  const key = fc.record({
    coolUntilMs: restUntil,
    tiredUntilMs: restUntil,
    open: fc.integer({ min: 0, max: 3 }),
    takenAt: fc.integer({ min: 0, max: 9 }),
    hasRoom: fc.boolean(),
  });

  test('is one with room wherever there is one, rested if any such is, and of these the least used', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 6 }), (keys) => {
        const picked = pickKey(keys, NOW_MS);
        const withRoom = keys.filter(({ hasRoom }) => hasRoom);
        if (picked === undefined) {
          expect(withRoom).toEqual([]);
          return;
        }
        expect(withRoom).toContain(picked);
        const rested = withRoom.filter((one) => isRested(one, NOW_MS));
        if (rested.length === 0) return;
        expect(rested).toContain(picked);
        expect(picked.open).toBe(Math.min(...rested.map(({ open }) => open)));
      }),
    );
  });

  test('goes round where all are idle', () => {
    const keys = [1, 2, 3].map((number) => ({ ...WELL, number, open: 0, takenAt: 0, hasRoom: true }));
    const taken = Array.from({ length: 7 }, (_, i) => {
      const picked = pickKey(keys, NOW_MS) as (typeof keys)[number];
      picked.takenAt = i + 1;
      return picked.number;
    });
    expect(taken).toEqual([1, 2, 3, 1, 2, 3, 1]);
  });
});

describe('the health of a target', () => {
  const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
  const failure = fc.record({
    code,
    details: fc.record({ retryAfterS: fc.integer({ min: 0, max: 100_000 }) }, { requiredKeys: [] }),
  });
  const after = (failures: readonly { code: ErrorCode; details: object }[], from: Health = WELL) =>
    failures.reduce<Health>((health, one) => afterFailure(health, one, NOW_MS, OUT_AFTER), from);

  test('never rests longer than a minute, whatever failed and whatever it asked for', () => {
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 20 }), (failures) => {
        const { coolUntilMs, tiredUntilMs } = after(failures);
        expect(Math.max(coolUntilMs, tiredUntilMs)).toBeLessThanOrEqual(NOW_MS + 60_000);
      }),
    );
  });

  test('is not changed by what says nothing of it, and is never out by spoilt answers', () => {
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 30 }), (failures) => {
        const final = failures.filter((one) => retryClass(one.code) === 'final');
        expect(after(final)).toEqual(WELL);
        const spoilt = failures.filter((one) => retryClass(one.code) !== 'safe' && one.code !== 'upstream_timeout');
        expect(isOut(after(spoilt), NOW_MS, OUT_AFTER)).toBe(false);
      }),
    );
  });

  test('is out only after so many failures, and while it is tried it is out for all others', () => {
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 12 }), (failures) => {
        const health = after(failures);
        const counted = failures.filter(({ code }) => retryClass(code) === 'safe' || code === 'upstream_timeout');
        if (isOut(health, NOW_MS, OUT_AFTER)) expect(counted.length).toBeGreaterThanOrEqual(OUT_AFTER);
        const laterMs = NOW_MS + 61_000;
        expect(isOut(health, laterMs, OUT_AFTER)).toBe(false);
        expect(isOut(whileTried(health, laterMs, OUT_AFTER), laterMs, OUT_AFTER)).toBe(counted.length >= OUT_AFTER);
      }),
    );
  });
});

describe('the capacity of a key', () => {
  test('is never exceeded, at once or in any minute, and room that is there is given', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 40_000 }), ends: fc.boolean() });
    const bounds = fc.record({
      concurrency: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      perMinute: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 60 }), (given, steps) => {
        const capacity = new Capacity(given);
        const begun: number[] = [];
        let nowMs = 0;
        let open = 0;
        for (const { waitMs, ends } of steps) {
          nowMs += waitMs;
          if (ends && open > 0) {
            capacity.end();
            open -= 1;
          }
          const inMinute = begun.filter((atMs) => atMs > nowMs - 60_000).length;
          const hasRoom = open < (given.concurrency ?? Infinity) && inMinute < (given.perMinute ?? Infinity);
          expect(capacity.hasRoom(nowMs)).toBe(hasRoom);
          if (inMinute < (given.perMinute ?? Infinity)) expect(capacity.opensAtMs(nowMs)).toBe(nowMs);
          else expect(capacity.opensAtMs(nowMs)).toBeGreaterThan(nowMs);
          if (!hasRoom) continue;
          capacity.begin(nowMs);
          begun.push(nowMs);
          open += 1;
        }
        expect(capacity.open).toBe(open);
      }),
    );
  });
});
