// Keeps every figure as a line of JSON beside the circumstances it was measured in, so that speed can be followed from
// commit to commit.
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Measure } from './options.ts';
import { runToEnd } from './pinned-process.ts';
import { REPOSITORY } from './targets/tolmach.ts';

export type Circumstances = {
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly cores: number;
  /** Gateway processes that share the load. */
  readonly nodes: 1;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly bun: string;
  readonly loadAverage: number;
  readonly pinned: boolean;
  readonly quick: boolean;
};

export async function readCircumstances(pinned: boolean, quick: boolean): Promise<Circumstances> {
  return {
    commit: await readCommit(),
    date: new Date().toISOString(),
    machine: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    nodes: 1,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    bun: Bun.version,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    pinned,
    quick,
  };
}

/** One line for each of `figures` at the end of `results/<measure>.jsonl`. */
export function keep(
  measure: Measure | 'tasks' | 'soak' | 'overload',
  figures: readonly object[],
  circumstances: Circumstances,
): void {
  const folder = join(import.meta.dir, 'results');
  mkdirSync(folder, { recursive: true });
  const lines = figures.map((figure) => `${JSON.stringify({ measure, ...rounded(figure), ...circumstances })}\n`);
  appendFileSync(join(folder, `${measure}.jsonl`), lines.join(''));
}

/** Digits beyond the fourth place after the point are noise. */
function rounded(figure: object): object {
  return Object.fromEntries(
    Object.entries(figure).map(([name, value]) => [
      name,
      typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value,
    ]),
  );
}

/** The commit, marked where the tree has other changes than new results: such figures cannot be repeated from it. */
async function readCommit(): Promise<string> {
  const git = (...words: string[]) =>
    runToEnd({ name: 'git', command: ['git', ...words], core: undefined, cwd: REPOSITORY, limitMs: 10_000 });
  try {
    const commit = (await git('rev-parse', '--short=12', 'HEAD')).trim();
    const changes = await git('status', '--porcelain', '--', '.', ':!bench/results');
    return changes.trim() === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}
