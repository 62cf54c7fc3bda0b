// Calendar days in zones with and without daylight saving: each moment lies in exactly one day, and a day ends where
// the wall calendar there turns its page.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Calendar } from '../../src/core/calendar.ts';

const HOUR = 3_600_000;
const utc = (text: string) => Date.parse(text);

describe('a day', () => {
  const cases: readonly (readonly [zone: string, at: string, name: string, ends: string])[] = [
    ['Europe/Moscow', '2026-11-21T12:00:00Z', '2026-11-21', '2026-11-21T21:00:00Z'],
    ['Europe/Moscow', '2026-11-21T20:59:59.999Z', '2026-11-21', '2026-11-21T21:00:00Z'],
    ['Europe/Moscow', '2026-11-21T21:00:00Z', '2026-11-22', '2026-11-22T21:00:00Z'],
    ['UTC', '2028-02-29T00:00:00Z', '2028-02-29', '2028-03-01T00:00:00Z'],
    // Clocks go forward on 29 March 2026 and back on 25 October 2026.
    ['Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-29', '2026-03-29T22:00:00Z'],
    ['Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-25', '2026-10-25T23:00:00Z'],
    // Midnight itself does not exist on the day when Cairo's clocks go forward, and comes twice when they go back.
    ['Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-24', '2026-04-24T21:00:00Z'],
    ['Africa/Cairo', '2026-10-29T20:30:00Z', '2026-10-29', '2026-10-29T22:00:00Z'],
    ['Africa/Cairo', '2026-10-29T21:30:00Z', '2026-10-29', '2026-10-29T22:00:00Z'],
    ['America/Havana', '2026-03-08T05:30:00Z', '2026-03-08', '2026-03-09T04:00:00Z'],
    // Half-hour daylight saving, and zones far from UTC.
    ['Australia/Lord_Howe', '2026-04-05T00:00:00Z', '2026-04-05', '2026-04-05T13:30:00Z'],
    ['Pacific/Kiritimati', '2026-01-01T10:00:00Z', '2026-01-02', '2026-01-02T10:00:00Z'],
    // Samoa left out 30 December 2011.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29', '2011-12-30T10:00:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-31', '2011-12-31T10:00:00Z'],
  ];
  test.each(cases)('in %s at %s is %s and ends at %s', (zone, at, name, ends) => {
    const day = new Calendar(zone).dayAt(utc(at));
    expect(day.name).toBe(name);
    expect(new Date(day.endsAtMs).toISOString()).toBe(new Date(ends).toISOString());
  });

  test('has 23 hours when clocks go forward and 25 when they go back', () => {
    const berlin = new Calendar('Europe/Berlin');
    const lengthOf = (at: string) => {
      const before = berlin.dayAt(utc(at) - 24 * HOUR).endsAtMs;
      return (berlin.dayAt(utc(at)).endsAtMs - before) / HOUR;
    };
    expect(lengthOf('2026-03-29T12:00:00Z')).toBe(23);
    expect(lengthOf('2026-10-25T12:00:00Z')).toBe(25);
    expect(lengthOf('2026-06-01T12:00:00Z')).toBe(24);
  });

  test('of an unknown zone is an error at once', () => {
    expect(() => new Calendar('Europe/Nowhere')).toThrow(RangeError);
  });
});

test.each([
  ['Europe/Moscow', '2026-11-21T21:00:00Z'],
  ['Asia/Kamchatka', '2026-11-21T12:00:00Z'],
  ['Pacific/Kiritimati', '2026-11-21T10:00:00Z'],
  ['Etc/GMT+12', '2026-11-22T12:00:00Z'],
  ['UTC', '2026-11-22T00:00:00Z'],
])('21 November in %s is over at %s', (zone, ends) => {
  expect(new Date(new Calendar(zone).endOf('2026-11-21')).toISOString()).toBe(new Date(ends).toISOString());
});

describe('for every zone and moment', () => {
  const zones = [
    'Europe/Moscow',
    'Europe/Berlin',
    'America/New_York',
    'Africa/Cairo',
    'Asia/Kolkata',
    'Pacific/Auckland',
  ];
  const moments = fc.integer({ min: utc('2020-01-01T00:00:00Z'), max: utc('2035-01-01T00:00:00Z') });

  test('the moment lies in its day, and the next day begins where it ends', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (zone, at) => {
        const calendar = new Calendar(zone);
        const day = calendar.dayAt(at);
        expect(day.endsAtMs).toBeGreaterThan(at);
        expect(calendar.dayAt(day.endsAtMs - 1)).toEqual(day);
        const next = calendar.dayAt(day.endsAtMs);
        expect(next.name > day.name).toBe(true);
        expect(new Calendar(zone).dayAt(day.endsAtMs)).toEqual(next);
      }),
      { numRuns: 150 },
    );
  });
});
