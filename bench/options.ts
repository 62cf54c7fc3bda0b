// The command line of the bench: `--quick`, and `--only=NAMES` with names of measures and targets, commas between.
import { TARGETS } from './targets/index.ts';
import type { TargetName } from './targets/target.ts';

export const MEASURES = ['calls', 'frames', 'crossing', 'memory', 'start', 'ledger'] as const;
export type Measure = (typeof MEASURES)[number];

export type Options = {
  readonly quick: boolean;
  readonly measures: ReadonlySet<Measure>;
  readonly targets: ReadonlySet<TargetName>;
};

export function readOptions(words: readonly string[]): Options {
  let quick = false;
  let only: string[] = [];
  for (const word of words) {
    if (word === '--quick') quick = true;
    else if (word.startsWith('--only=')) only = word.slice(7).split(',');
    else throw new Error(`unknown option ${word}; there are --quick and --only=${names().join(',')}`);
  }
  for (const name of only)
    if (!names().includes(name)) throw new Error(`--only knows ${names().join(', ')}; not ${name}`);
  const targets = TARGETS.map((target) => target.name);
  return { quick, measures: new Set(chosen(MEASURES, only)), targets: new Set(chosen(targets, only)) };
}

/** Those of `all` that were named, or all where none of them was. */
function chosen<T extends string>(all: readonly T[], only: readonly string[]): readonly T[] {
  const named = all.filter((name) => only.includes(name));
  return named.length === 0 ? all : named;
}

function names(): string[] {
  return [...MEASURES, ...TARGETS.map((target) => target.name)];
}
