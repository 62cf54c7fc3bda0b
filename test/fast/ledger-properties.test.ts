// The ledger's invariants over random histories: holds, settles, voids, grants, replays, refusals, midnights, expiries
// and changes of plan, in batches of any size.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { spendingOrder } from '../../src/core/bucket.ts';
import { Calendar } from '../../src/core/calendar.ts';
import type { GrantOperation, HoldOperation, LedgerOperation, LedgerOutcome } from '../../src/core/ledger.ts';
import { brokenInvariants, isNothing, LedgerTables } from '../../src/testing/ledger-tables.ts';
import type { ModelAnswer } from '../../src/testing/unit-model.ts';
import { UnitModel } from '../../src/testing/unit-model.ts';

const MOSCOW = new Calendar('Europe/Moscow');
const START = Date.parse('2026-11-21T23:58:30+03:00');
const DAY = 86_400_000;

/** Few names, so that replays and second ends of one call come by themselves. */
const callId = fc.integer({ min: 0, max: 11 }).map((n) => `call-${n}`);
const unit = fc.constantFrom('requests' as const, 'requests' as const, 'microRub' as const);
const CLAIMS = [{ subject: 'key|chat', perMinute: 6, perDay: 25 }];

const hold: fc.Arbitrary<HoldOperation> = fc.record({
  kind: fc.constant('hold' as const),
  accountId: fc.constant('account'),
  callId,
  unit,
  amount: fc.integer({ min: 0, max: 7 }),
  dailyRequests: fc.constantFrom(0, 3, 3, 3, 5),
  claims: fc.constantFrom([], CLAIMS),
});

const settle = fc.record({
  kind: fc.constant('settle' as const),
  accountId: fc.constant('account'),
  callId,
  outcome: fc.constantFrom('settled' as const, 'settled' as const, 'void' as const),
  charge: fc.integer({ min: 0, max: 9 }),
});

const grant: fc.Arbitrary<GrantOperation> = fc
  .record({
    number: fc.integer({ min: 0, max: 5 }),
    unit,
    amount: fc.integer({ min: 1, max: 9 }),
    expiresInMs: fc.constantFrom(null, 1, 60_000, DAY, 2 * DAY),
  })
  .map(({ number, expiresInMs, ...rest }) => ({
    kind: 'grant',
    accountId: 'account',
    grantId: `${rest.unit}-${number}`,
    bucketKind: rest.unit === 'requests' ? 'pack' : 'wallet',
    expiresAtMs: expiresInMs === null || rest.unit === 'microRub' ? null : START + expiresInMs,
    ...rest,
  }));

const operation: fc.Arbitrary<LedgerOperation> = fc.oneof(
  { weight: 5, arbitrary: hold },
  { weight: 4, arbitrary: settle },
  { weight: 2, arbitrary: grant },
);

/** Operations that share a moment; time passes before each group. */
const history = fc.array(
  fc.record({
    waitMs: fc.constantFrom(0, 0, 1, 999, 30_000, 59_999, 89_999, DAY / 2),
    operations: fc.array(operation, { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 14 },
);

type History = readonly { readonly waitMs: number; readonly operations: readonly LedgerOperation[] }[];

/** Plays a history one operation a batch, and shows each step. */
function play(
  steps: History,
  look: (step: {
    operation: LedgerOperation;
    outcome: LedgerOutcome;
    nowMs: number;
    before: string;
    tables: LedgerTables;
  }) => void,
): LedgerTables {
  const tables = new LedgerTables(MOSCOW);
  let nowMs = START;
  for (const { waitMs, operations } of steps) {
    nowMs += waitMs;
    for (const operation of operations) {
      const before = tables.snapshot();
      const [outcome] = tables.apply([operation], nowMs) as [LedgerOutcome];
      look({ operation, outcome, nowMs, before, tables });
    }
  }
  return tables;
}

/** What a replay must repeat: the decision, not the balance of the moment. */
function decision(outcome: LedgerOutcome): ModelAnswer | { kind: 'limited' } {
  if (outcome.kind === 'held') return { kind: 'held', amount: outcome.amount };
  if (outcome.kind === 'final') return { kind: 'final', outcome: outcome.final.outcome, charge: outcome.final.charge };
  return { kind: outcome.kind };
}

const check = (property: fc.IProperty<[History]>) => fc.assert(property, { numRuns: 700 });

describe('for every history', () => {
  test('the rows add up after every operation', () => {
    check(
      fc.property(history, (steps) => void play(steps, ({ tables }) => expect(brokenInvariants(tables)).toEqual([]))),
    );
  });

  test('a refusal writes nothing', () => {
    check(
      fc.property(history, (steps) => {
        play(steps, ({ outcome, before, tables }) => {
          if (!['short', 'limited', 'unknown_call'].includes(outcome.kind)) return;
          expect(isNothing(tables.lastChanges)).toBe(true);
          expect(tables.snapshot()).toBe(before);
        });
      }),
    );
  });

  test('giving an operation again changes nothing and answers the same', () => {
    check(
      fc.property(history, (steps) => {
        play(steps, ({ operation, outcome, nowMs, tables }) => {
          if (['short', 'limited', 'unknown_call'].includes(outcome.kind)) return;
          const after = tables.snapshot();
          const [again, andAgain] = tables.apply([operation, operation], nowMs + 90_000) as [
            LedgerOutcome,
            LedgerOutcome,
          ];
          expect([decision(again), decision(andAgain)]).toEqual([decision(outcome), decision(outcome)]);
          expect(isNothing(tables.lastChanges)).toBe(true);
          expect(tables.snapshot()).toBe(after);
        });
      }),
    );
  });

  test('the size of batches does not matter, neither for the answers nor for the rows', () => {
    check(
      fc.property(history, (steps) => {
        const alone: LedgerOutcome[] = [];
        const single = play(steps, ({ outcome }) => alone.push(outcome));
        const together = new LedgerTables(MOSCOW);
        let nowMs = START;
        const batched = steps.flatMap(({ waitMs, operations }) => {
          nowMs += waitMs;
          return together.apply(operations, nowMs);
        });
        expect(batched).toEqual(alone);
        expect(together.snapshot()).toBe(single.snapshot());
      }),
    );
  });

  test('answers and buckets are those of a model that moves single coins', () => {
    check(
      fc.property(history, (steps) => {
        const model = new UnitModel();
        const tables = play(steps, ({ operation, outcome, nowMs }) => {
          if (outcome.kind === 'limited') return;
          expect(decision(outcome)).toEqual(answerOf(model, operation, nowMs));
        });
        const buckets = [...tables.buckets.values()].map(({ bucketId, granted, held, used }) => [
          bucketId,
          { granted, held, used },
        ]);
        expect(new Map(buckets as [string, object][])).toEqual(model.counts());
      }),
    );
  });

  test('nothing is held from a later source while an earlier one has a unit, nor from an expired one', () => {
    check(
      fc.property(history, (steps) => {
        play(steps, ({ operation, outcome, nowMs, tables }) => {
          const taken = tables.lastChanges.newHolds[0];
          if (operation.kind !== 'hold' || outcome.kind !== 'held' || taken === undefined) return;
          const live = [...tables.buckets.values()]
            .filter((b) => b.unit === operation.unit && (b.expiresAtMs === null || b.expiresAtMs > nowMs))
            .sort(spendingOrder);
          const used = taken.allocation.map(([id]) => live.findIndex((b) => b.bucketId === id));
          expect(used).not.toContain(-1);
          const free = (i: number) => (live[i]?.granted ?? 0) - (live[i]?.held ?? 0) - (live[i]?.used ?? 0);
          for (let i = 0; i < (used.at(-1) ?? 0); i++) expect(free(i)).toBe(0);
        });
      }),
    );
  });

  test('counted calls of a minute and of a day stay within their limits', () => {
    check(
      fc.property(history, (steps) => {
        const admitted: number[] = [];
        play(steps, ({ operation, nowMs, tables }) => {
          if (operation.kind !== 'hold' || operation.claims.length === 0) return;
          if (tables.lastChanges.newHolds.length > 0) admitted.push(nowMs);
        });
        for (const at of admitted) {
          expect(admitted.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(6);
          const day = MOSCOW.dayAt(at).name;
          expect(admitted.filter((other) => MOSCOW.dayAt(other).name === day).length).toBeLessThanOrEqual(25);
        }
      }),
    );
  });
});

function answerOf(model: UnitModel, operation: LedgerOperation, nowMs: number): ModelAnswer {
  switch (operation.kind) {
    case 'hold':
      return model.hold(operation, nowMs, MOSCOW.dayAt(nowMs));
    case 'settle':
      return model.settle(operation);
    case 'grant':
      return model.grant(operation);
  }
}
