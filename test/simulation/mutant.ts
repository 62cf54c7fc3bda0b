// Runs the simulation on a program with one known bug: a piece of one source file is replaced as it is loaded. Prints the
// first broken promise and after how many steps it was found; nothing where the bug was not found.
//
// Arguments: the file, the piece, what stands in its place, how many steps at the most.
import { join } from 'node:path';

const [file = '', piece = '', replacement = '', stepsMax = '0'] = process.argv.slice(2);
const ROOT = join(import.meta.dir, '..', '..');
const HISTORY_STEPS = 1_000;

let isLoaded = false;
Bun.plugin({
  name: 'mutant',
  setup(build) {
    const exactly = new RegExp(`^${RegExp.escape(join(ROOT, file))}$`);
    build.onLoad({ filter: exactly }, async ({ path }) => {
      const source = await Bun.file(path).text();
      if (source.split(piece).length !== 2) throw new Error(`${file} has not exactly one «${piece}»`);
      isLoaded = true;
      return { contents: source.replace(piece, () => replacement), loader: 'ts' };
    });
  },
});

const { simulate } = await import('../../src/testing/simulation/simulate.ts');
if (!isLoaded) throw new Error(`${file} is no part of the simulation`);
let steps = 0;
for (let seed = 1; steps < Number(stepsMax); seed++) {
  const run = await simulate(seed, HISTORY_STEPS);
  steps += run.steps;
  if (run.violation === undefined) continue;
  process.stdout.write(JSON.stringify({ steps, seed, violation: run.violation }));
  break;
}
process.exit(0);
