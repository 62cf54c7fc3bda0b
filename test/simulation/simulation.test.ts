// Seeded histories of the whole program, with a disk that fails, processes that die, clocks that are set, and providers
// and clients that do anything; every promise is checked after every step (src/testing/simulation/).
//
// STEPS sets how many steps in all, SEED the first seed; SLICE=ci is a short run. What a failing seed prints is its
// shortest beginning that breaks a promise: add it to seeds.json, which the fast suite replays.
import { expect, test } from 'bun:test';
import { shortestFailure, simulate } from '../../src/testing/simulation/simulate.ts';

const STEPS = Number(process.env['STEPS'] ?? (process.env['SLICE'] === 'ci' ? 50_000 : 1_000_000));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
/** Long enough for days, crashes and expiries to meet, short enough to be read. */
const HISTORY_STEPS = 1_000;
const LINES_SHOWN = 60;

test(`${STEPS} steps break no promise (SEED=${SEED})`, async () => {
  let steps = 0;
  let calls = 0;
  for (let seed = SEED; steps < STEPS; seed++) {
    const run = await simulate(seed, HISTORY_STEPS);
    if (run.violation !== undefined) throw new Error(await describeFailure(seed, run.steps));
    steps += run.steps;
    calls += run.calls;
  }
  // A history in which nothing happens would prove nothing.
  expect(calls).toBeGreaterThan(steps / 50);
});

async function describeFailure(seed: number, steps: number): Promise<string> {
  const run = await shortestFailure(seed, steps);
  if (run === undefined) return `seed ${seed} fails within ${steps} steps, but not when it is run again`;
  const told = run.lines.slice(-LINES_SHOWN).join('\n');
  return `seed ${seed} fails at step ${run.steps}: ${run.violation}\n${told}`;
}
