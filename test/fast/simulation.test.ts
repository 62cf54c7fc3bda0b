// Simulated histories in small: a seed replays to the byte, and those that once failed never do again.
import { describe, expect, test } from 'bun:test';
import { simulate } from '../../src/testing/simulation/simulate.ts';
import seeds from '../simulation/seeds.json';

describe('a simulated history', () => {
  test('is the same to the byte each time its seed is run', async () => {
    const [first, second] = [await simulate(20_261_122, 1_000), await simulate(20_261_122, 1_000)];
    expect(second.lines).toEqual(first.lines);
    expect(second.hash).toBe(first.hash);
    expect(first.lines.length).toBeGreaterThan(1_000);
  });

  test('of another seed is another one', async () => {
    expect((await simulate(1, 100)).hash).not.toBe((await simulate(2, 100)).hash);
  });

  test.each(seeds)('of seed $seed breaks no promise in $steps steps, although once $found', async ({ seed, steps }) => {
    expect((await simulate(seed, steps)).violation).toBeUndefined();
  });
});
