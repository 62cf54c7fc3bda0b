// Days are those of the configured zone, wherever the process runs, and they come in order: over the ends of months,
// leap years and ISO weeks, and over days of 23 and 25 hours.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { Calendar } from '../../src/core/calendar.ts';
import { LimitWindow } from '../../src/core/limits.ts';

const HOUR = 3_600_000;
const CALENDAR = join(import.meta.dir, '..', '..', 'src', 'core', 'calendar.ts');

const days = (zone: string, from: string, count: number): string[] => {
  const calendar = new Calendar(zone);
  const names: string[] = [];
  for (let atMs = Date.parse(from); names.length < count; atMs = calendar.dayAt(atMs).endsAtMs)
    names.push(calendar.dayAt(atMs).name);
  return names;
};

test.each(['America/Los_Angeles', 'Pacific/Kiritimati', 'Asia/Kolkata', 'UTC'])(
  'the zone of the process, such as %s, changes nothing in the days of a plan',
  async (TZ) => {
    const at = [Date.parse('2026-11-21T20:59:59.999Z'), Date.parse('2026-11-21T21:00:00Z')];
    const program = `import { Calendar } from ${JSON.stringify(CALENDAR)};
      const calendar = new Calendar('Europe/Moscow');
      console.log(JSON.stringify(${JSON.stringify(at)}.map((ms) => ({ ...calendar.dayAt(ms) }))));`;
    const child = Bun.spawn([process.execPath, '-e', program], { env: { TZ }, stdout: 'pipe' });
    const told = JSON.parse(await new Response(child.stdout).text()) as { name: string; endsAtMs: number }[];
    expect(told.map(({ name }) => name)).toEqual(['2026-11-21', '2026-11-22']);
    expect(told.map(({ endsAtMs }) => endsAtMs)).toEqual([at[1] as number, (at[1] as number) + 24 * HOUR]);
  },
);

test('days go over the 29th of February in leap years only', () => {
  expect(days('Europe/Moscow', '2028-02-28T09:00:00Z', 3)).toEqual(['2028-02-28', '2028-02-29', '2028-03-01']);
  expect(days('Europe/Moscow', '2027-02-28T09:00:00Z', 2)).toEqual(['2027-02-28', '2027-03-01']);
});

test('the first days of January belong to their own year, also where their ISO week is of the year before', () => {
  expect(days('Europe/Berlin', '2026-12-31T12:00:00Z', 4)).toEqual([
    '2026-12-31',
    '2027-01-01',
    '2027-01-02',
    '2027-01-03',
  ]);
});

test('a limit of a day gives its number once a day for two years, however long the days are', () => {
  const calendar = new Calendar('Europe/Berlin');
  const window = new LimitWindow();
  const admitted = new Map<string, number>();
  const fromMs = Date.parse('2027-01-01T00:00:00+01:00');
  for (let atMs = fromMs; atMs < fromMs + 731 * 24 * HOUR; atMs += 5 * HOUR) {
    const { name } = calendar.dayAt(atMs);
    if (window.countOfDay(name) >= 2) continue;
    window.admit(atMs, name);
    admitted.set(name, (admitted.get(name) ?? 0) + 1);
  }
  expect(admitted.size).toBe(731);
  expect([...admitted.values()].every((count) => count === 2)).toBe(true);
});
