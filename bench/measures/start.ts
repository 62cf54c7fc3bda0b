// Time from the start of the process until `/readyz` answers 200, on the data directory that the measures before have
// filled: once for the program itself and once through the launcher that `npm start` runs.
import { join } from 'node:path';
import type { Pace } from '../pace.ts';
import { freePort, PinnedProcess } from '../pinned-process.ts';
import { median } from '../statistics.ts';
import { START_LIMIT_MS } from '../targets/target.ts';
import { isReady, REPOSITORY, tolmachCommand, tolmachEnvironment } from '../targets/tolmach.ts';

export type StartFigures = {
  readonly way: 'program' | 'launcher';
  readonly starts: number;
  readonly medianMs: number;
  readonly slowestMs: number;
};

const POLL_MS = 1;

export async function measureStartFigures(dataDir: string, workDir: string, pace: Pace): Promise<StartFigures[]> {
  const ways = {
    program: tolmachCommand('start'),
    launcher: ['node', join(REPOSITORY, 'bin', 'tolmach.mjs'), 'start'],
  };
  const tookMs = { program: [] as number[], launcher: [] as number[] };
  for (let i = 0; i < pace.starts; i++) {
    for (const way of ['program', 'launcher'] as const) tookMs[way].push(await startOnce(ways[way], dataDir, workDir));
  }
  return (['program', 'launcher'] as const).map((way) => {
    const slowestMs = Math.max(...tookMs[way]);
    return { way, starts: pace.starts, medianMs: median(tookMs[way]), slowestMs };
  });
}

async function startOnce(command: readonly string[], dataDir: string, workDir: string): Promise<number> {
  const port = freePort();
  const environment = tolmachEnvironment(port, dataDir);
  const logFile = join(workDir, 'start.log');
  const startedMs = performance.now();
  await using started = new PinnedProcess({ name: 'tolmach', command, core: undefined, environment, logFile });
  await started.waitUntil(() => isReady(port), START_LIMIT_MS, POLL_MS);
  return performance.now() - startedMs;
}
