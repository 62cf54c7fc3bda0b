// Wall clocks are set, forwards and back, by hours, while the program runs. What it tells the time by never goes back,
// and never stands still.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { steadyClock } from '../../src/core/clock.ts';
import { LimitWindow } from '../../src/core/limits.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';

const NOON = Date.parse('2026-11-21T12:00:00+03:00');
const HOUR = 3_600_000;
const MINUTE = 60_000;

describe('the time of a process', () => {
  test('is that of the wall while nobody sets it back', () => {
    const wall = new FakeClock(NOON);
    const clock = steadyClock(wall);
    for (const ms of [0, 5, 999, HOUR]) {
      wall.advance(ms);
      expect(clock.nowMs()).toBe(wall.nowMs());
    }
    wall.setWall(NOON + 30 * HOUR);
    expect(clock.nowMs()).toBe(NOON + 30 * HOUR);
  });

  test('goes on at its pace where the wall is set back, until the wall has caught up', () => {
    const wall = new FakeClock(NOON);
    const clock = steadyClock(wall);
    expect(clock.nowMs()).toBe(NOON);
    wall.setWall(NOON - 5 * HOUR);
    expect(clock.nowMs()).toBe(NOON);
    wall.advance(MINUTE);
    expect(clock.nowMs()).toBe(NOON + MINUTE);
    wall.setWall(NOON + HOUR);
    expect(clock.nowMs()).toBe(NOON + HOUR);
  });

  test('never goes back, and is never behind what has truly passed, however the wall is set', () => {
    const moves = fc.array(
      fc.record({ passMs: fc.integer({ min: 0, max: HOUR }), setMs: fc.integer({ min: -30 * HOUR, max: 30 * HOUR }) }),
    );
    fc.assert(
      fc.property(moves, (all) => {
        const wall = new FakeClock(NOON);
        const clock = steadyClock(wall);
        let lastMs = clock.nowMs();
        for (const { passMs, setMs } of all) {
          wall.setWall(wall.nowMs() + setMs);
          wall.advance(passMs);
          const nowMs = clock.nowMs();
          expect(nowMs).toBeGreaterThanOrEqual(lastMs + passMs);
          expect(nowMs).toBeGreaterThanOrEqual(wall.nowMs());
          lastMs = nowMs;
        }
      }),
    );
  });
});

describe('a clock that was set back while no process ran', () => {
  test('opens no minute again, and shuts none for longer than a minute', () => {
    const window = new LimitWindow();
    for (let i = 0; i < 5; i++) window.admit(NOON + i * 7_000, '2026-11-21');
    const backMs = NOON - 3 * HOUR;
    window.bringBack(backMs);
    expect(window.countLastMinute(backMs)).toBe(5);
    expect(window.freeAtMs(5, backMs)).toBe(backMs + MINUTE);
    expect(window.countLastMinute(backMs + MINUTE)).toBe(0);
  });

  test('leaves alone what was admitted before', () => {
    const window = new LimitWindow();
    window.admit(NOON - 50_000, '2026-11-21');
    window.admit(NOON + 10_000, '2026-11-21');
    window.bringBack(NOON);
    expect(window.countLastMinute(NOON)).toBe(2);
    expect(window.countLastMinute(NOON + 11_000)).toBe(1);
  });

  test('begins no day again that was counted', () => {
    const window = new LimitWindow();
    for (let i = 0; i < 3; i++) window.admit(NOON + 12 * HOUR, '2026-11-22');
    expect(window.countOfDay('2026-11-21')).toBe(3);
    window.admit(NOON, '2026-11-21');
    expect(window.countOfDay('2026-11-22')).toBe(4);
    expect(window.countOfDay('2026-11-23')).toBe(0);
  });
});
