// The ledger's decisions, one line for each operation with the outcome that must come of it.
import { describe, expect, test } from 'bun:test';
import { Calendar } from '../../src/core/calendar.ts';
import type { GrantOperation, HoldOperation, LedgerOutcome, SettleOperation } from '../../src/core/ledger.ts';
import { brokenInvariants, isNothing, LedgerTables } from '../../src/testing/ledger-tables.ts';

const MOSCOW = new Calendar('Europe/Moscow');
const NOON = Date.parse('2026-11-21T12:00:00+03:00');
const MIDNIGHT = Date.parse('2026-11-22T00:00:00+03:00');
const HOUR = 3_600_000;

function hold(callId: string, amount: number, more: Partial<HoldOperation> = {}): HoldOperation {
  const base = { kind: 'hold', accountId: 'account', unit: 'requests', dailyRequests: 0, claims: [] } as const;
  return { ...base, callId, amount, ...more };
}

function settle(callId: string, charge: number): SettleOperation {
  return { kind: 'settle', callId, accountId: 'account', outcome: 'settled', charge };
}

function voided(callId: string): SettleOperation {
  return { kind: 'settle', callId, accountId: 'account', outcome: 'void', charge: 0 };
}

function pack(grantId: string, amount: number, expiresAtMs: number | null = null): GrantOperation {
  return { kind: 'grant', grantId, accountId: 'account', bucketKind: 'pack', unit: 'requests', amount, expiresAtMs };
}

function wallet(grantId: string, amount: number): GrantOperation {
  const unit = 'microRub';
  return { kind: 'grant', grantId, accountId: 'account', bucketKind: 'wallet', unit, amount, expiresAtMs: null };
}

/** An outcome in a few words: what was decided, and what is left in requests. */
function brief(outcome: LedgerOutcome): string {
  switch (outcome.kind) {
    case 'held':
      return `held ${outcome.amount}, left ${outcome.balance.requests}`;
    case 'short':
      return `short of ${outcome.needed}, left ${outcome.balance.requests}`;
    case 'limited':
      return `limited by ${outcome.subject} for ${(outcome.retryAtMs - NOON) / 1000} s`;
    case 'final':
      return `${outcome.final.outcome} ${outcome.final.charge}, left ${outcome.balance.requests}`;
    case 'granted':
      return `granted, left ${outcome.balance.requests}`;
    case 'grant_mismatch':
      return 'not the grant of this id';
    case 'unknown_call':
      return 'unknown call';
  }
}

type Step = readonly [operation: HoldOperation | SettleOperation | GrantOperation, expected: string, atMs?: number];

function play(steps: readonly Step[]): LedgerTables {
  const tables = new LedgerTables(MOSCOW);
  let nowMs = NOON;
  for (const [operation, expected, atMs] of steps) {
    nowMs = atMs ?? nowMs;
    const [outcome] = tables.apply([operation], nowMs) as [LedgerOutcome];
    expect(brief(outcome)).toBe(expected);
    expect(brokenInvariants(tables)).toEqual([]);
  }
  return tables;
}

const bucket = (tables: LedgerTables, id: string) => {
  const { granted, held, used } = tables.buckets.get(id) ?? { granted: 0, held: 0, used: 0 };
  return { granted, held, used };
};

describe('a hold', () => {
  test('takes what it asks for, or nothing at all', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 6), 'short of 6, left 5'],
      [hold('1', 5), 'held 5, left 0'],
      [hold('2', 1), 'short of 1, left 0'],
    ]);
  });

  test('of nothing is a hold, since 0 is a price', () => {
    const tables = play([
      [hold('1', 0), 'held 0, left 0'],
      [settle('1', 0), 'settled 0, left 0'],
    ]);
    expect(tables.charges.get('1')?.held).toBe(0);
  });

  test("spends today's allowance first, then packs by expiry, the everlasting one last", () => {
    const tables = play([
      [pack('forever', 3), 'granted, left 3'],
      [pack('later', 3, NOON + 48 * HOUR), 'granted, left 6'],
      [pack('sooner', 3, NOON + 24 * HOUR), 'granted, left 9'],
      [hold('1', 9, { dailyRequests: 2 }), 'held 9, left 2'],
    ]);
    expect(tables.holds.get('1')?.allocation).toEqual([
      ['d:2026-11-21', 2],
      ['p:sooner', 3],
      ['p:later', 3],
      ['p:forever', 1],
    ]);
  });

  test('never takes from an expired pack, and does so up to the last millisecond before', () => {
    play([
      [pack('a', 5, NOON + 1000), 'granted, left 5'],
      [hold('1', 1), 'held 1, left 4', NOON + 999],
      [hold('2', 1), 'short of 1, left 0', NOON + 1000],
    ]);
  });

  test('in money never takes requests, nor the other way round', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [wallet('w', 1_000_000), 'granted, left 5'],
      [hold('1', 6, { unit: 'microRub' }), 'held 6, left 5'],
      [hold('2', 6), 'short of 6, left 5'],
    ]);
  });

  test('given again answers as before and takes nothing more', () => {
    const tables = play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 2), 'held 2, left 3'],
      [hold('1', 2), 'held 2, left 3'],
      [hold('1', 4), 'held 2, left 3'],
      [settle('1', 1), 'settled 1, left 4'],
      [hold('1', 2), 'settled 1, left 4'],
    ]);
    expect(bucket(tables, 'p:a')).toEqual({ granted: 5, held: 0, used: 1 });
  });
});

describe('a settle', () => {
  test('charges what was used and gives the rest back', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 4), 'held 4, left 1'],
      [settle('1', 3), 'settled 3, left 2'],
    ]);
  });

  test('never charges more than the hold', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 2), 'held 2, left 3'],
      [settle('1', 1_000_000_000_000), 'settled 2, left 3'],
    ]);
  });

  test('charges in spending order and releases from the end', () => {
    const tables = play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 4, { dailyRequests: 2 }), 'held 4, left 3'],
      [settle('1', 3), 'settled 3, left 4'],
    ]);
    expect(bucket(tables, 'd:2026-11-21')).toEqual({ granted: 2, held: 0, used: 2 });
    expect(bucket(tables, 'p:a')).toEqual({ granted: 5, held: 0, used: 1 });
  });

  test('counts once: the first end of a call stands, whatever comes after', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 4), 'held 4, left 1'],
      [settle('1', 3), 'settled 3, left 2'],
      [settle('1', 4), 'settled 3, left 2'],
      [voided('1'), 'settled 3, left 2'],
      [hold('2', 2), 'held 2, left 0'],
      [voided('2'), 'void 0, left 2'],
      [settle('2', 2), 'void 0, left 2'],
    ]);
  });

  test('of a call that was never held is refused', () => {
    play([
      [settle('1', 1), 'unknown call'],
      [voided('1'), 'unknown call'],
    ]);
  });

  test("gives yesterday's units back to yesterday: they are gone", () => {
    const tables = play([
      [hold('1', 3, { dailyRequests: 3 }), 'held 3, left 0', MIDNIGHT - 1],
      [settle('1', 1), 'settled 1, left 0', MIDNIGHT],
      [hold('2', 3, { dailyRequests: 3 }), 'held 3, left 0'],
    ]);
    expect(bucket(tables, 'd:2026-11-21')).toEqual({ granted: 3, held: 0, used: 1 });
    expect(bucket(tables, 'd:2026-11-22')).toEqual({ granted: 3, held: 3, used: 0 });
  });
});

describe('a grant', () => {
  test('counts once, however often it is given', () => {
    play([
      [pack('a', 5), 'granted, left 5'],
      [pack('a', 5), 'granted, left 5'],
      [pack('b', 5), 'granted, left 10'],
    ]);
  });

  test('of money adds to one wallet', () => {
    const tables = play([
      [wallet('a', 5), 'granted, left 0'],
      [wallet('b', 7), 'granted, left 0'],
    ]);
    expect(bucket(tables, 'w:microRub')).toEqual({ granted: 12, held: 0, used: 0 });
  });

  test('that would make an amount inexact is an error, and nothing is granted', () => {
    const tables = play([[wallet('a', Number.MAX_SAFE_INTEGER), 'granted, left 0']]);
    const before = tables.snapshot();
    expect(() => tables.apply([wallet('b', 1)], NOON)).toThrow(RangeError);
    expect(tables.snapshot()).toBe(before);
  });
});

describe("the day's allowance", () => {
  test('is there anew each calendar day of the zone', () => {
    play([
      [hold('1', 2, { dailyRequests: 2 }), 'held 2, left 0', MIDNIGHT - 1],
      [hold('2', 1, { dailyRequests: 2 }), 'short of 1, left 0'],
      [hold('2', 2, { dailyRequests: 2 }), 'held 2, left 0', MIDNIGHT],
    ]);
  });

  test('grows at once with the plan, and shrinks never below what is taken', () => {
    play([
      [hold('1', 2, { dailyRequests: 2 }), 'held 2, left 0'],
      [hold('2', 3, { dailyRequests: 5 }), 'held 3, left 0'],
      [hold('3', 1, { dailyRequests: 1 }), 'short of 1, left 0'],
      [voided('2'), 'void 0, left 3'],
      [hold('3', 1, { dailyRequests: 1 }), 'short of 1, left 0'],
      [hold('3', 1, { dailyRequests: 4 }), 'held 1, left 1'],
    ]);
  });

  test('is told in a refusal although nothing of it was written', () => {
    const tables = play([[hold('1', 9, { dailyRequests: 5 }), 'short of 9, left 5']]);
    expect(isNothing(tables.lastChanges)).toBe(true);
    expect(tables.buckets.size).toBe(0);
  });
});

describe('limits and balance are decided together', () => {
  const claims = [{ subject: 'key|chat', perMinute: 2, perDay: 3 }];

  test('a call refused for its balance is not counted, a call refused by a limit takes nothing', () => {
    const tables = play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 6, { claims }), 'short of 6, left 5'],
      [hold('1', 1, { claims }), 'held 1, left 4'],
      [hold('2', 1, { claims }), 'held 1, left 3', NOON + 1000],
      [hold('3', 1, { claims }), 'limited by key|chat for 60 s'],
      [hold('3', 1, { claims }), 'limited by key|chat for 60 s', NOON + 59_999],
      [hold('3', 1, { claims }), 'held 1, left 2', NOON + 60_000],
      [hold('4', 1, { claims }), `limited by key|chat for ${(MIDNIGHT - NOON) / 1000} s`, NOON + 120_000],
      [hold('4', 1, { claims }), 'held 1, left 1', MIDNIGHT],
    ]);
    expect(tables.windows.get('key|chat')?.dayCount).toBe(1);
  });

  test('a hold given again is not counted again', () => {
    const tables = play([
      [pack('a', 5), 'granted, left 5'],
      [hold('1', 1, { claims }), 'held 1, left 4'],
      [hold('1', 1, { claims }), 'held 1, left 4'],
      [voided('1'), 'void 0, left 5'],
      [hold('1', 1, { claims }), 'void 0, left 5'],
    ]);
    expect(tables.windows.get('key|chat')?.dayCount).toBe(1);
  });

  test('the refusal names the limit that lasts longest', () => {
    const both = [
      { subject: 'a', perMinute: 1, perDay: null },
      { subject: 'b', perMinute: null, perDay: 1 },
    ];
    play([
      [hold('1', 0, { claims: both }), 'held 0, left 0'],
      [hold('2', 0, { claims: both }), `limited by b for ${(MIDNIGHT - NOON) / 1000} s`, NOON + 1000],
    ]);
  });
});
