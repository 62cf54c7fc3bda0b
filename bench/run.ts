// `npm run bench`: measures Tolmach beside a bare Bun proxy, nginx and another gateway, all before one cheap upstream,
// in one run and on one machine. bench/README.md says what each figure means.
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { measureCallFigures } from './measures/calls.ts';
import { measureCrossingFigures } from './measures/crossing.ts';
import { measureFrameFigures } from './measures/frames.ts';
import { measureLedgerFigures } from './measures/ledger.ts';
import { measureMemoryFigures } from './measures/memory.ts';
import { measureStartFigures } from './measures/start.ts';
import type { Options } from './options.ts';
import { readOptions } from './options.ts';
import type { Pace } from './pace.ts';
import { FULL_PACE, QUICK_PACE } from './pace.ts';
import { chooseCores, freePort, isListening, killAll, PinnedProcess } from './pinned-process.ts';
import { reportCalls, reportCrossing, reportFrames, reportLedger, reportMemory, reportStart } from './report.ts';
import type { Circumstances } from './results.ts';
import { keep, readCircumstances } from './results.ts';
import { TARGETS } from './targets/index.ts';
import type { RunningTarget, Surroundings, Target } from './targets/target.ts';
import { START_LIMIT_MS, TargetMissing } from './targets/target.ts';
import { REPOSITORY, tolmachDataDir } from './targets/tolmach.ts';

const TMPFS = 0x01021994;

type Run = {
  readonly options: Options;
  readonly pace: Pace;
  readonly surroundings: Surroundings;
  readonly circumstances: Circumstances;
};

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and so needs Linux');
  const options = readOptions(process.argv.slice(2));
  const workDir = makeWorkDir();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abandon(workDir));
  try {
    const cores = chooseCores();
    const upstreamPort = freePort();
    const command = [process.execPath, join(import.meta.dir, 'upstream.ts'), String(upstreamPort)];
    const logFile = join(workDir, 'upstream.log');
    await using upstream = new PinnedProcess({ name: 'upstream', command, core: cores.load, logFile });
    await upstream.waitUntil(() => isListening(upstreamPort), START_LIMIT_MS);
    const circumstances = await readCircumstances(cores.target !== undefined, options.quick);
    say(describe(circumstances));
    const pace = options.quick ? QUICK_PACE : FULL_PACE;
    await measureAll({ options, pace, circumstances, surroundings: { upstreamPort, workDir, cores } });
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function measureAll(run: Run): Promise<void> {
  const { measures } = run.options;
  const available = await measureTraffic(run);
  if (measures.has('memory')) await measureMemory(run, available);
  if (measures.has('start')) await measureStart(run, available);
  if (measures.has('ledger')) {
    const figures = await measureLedgerFigures(run.surroundings.workDir, run.pace);
    keep('ledger', figures, run.circumstances);
    say(reportLedger(figures));
  }
}

/** Calls and streams, for which all targets run side by side and take turns; answers the targets that can run. */
async function measureTraffic({ options, pace, surroundings, circumstances }: Run): Promise<Target[]> {
  await using stack = new AsyncDisposableStack();
  const running: RunningTarget[] = [];
  const needed = (['calls', 'frames', 'crossing', 'memory', 'start'] as const).some((measure) =>
    options.measures.has(measure),
  );
  const wanted = needed ? TARGETS.filter((target) => options.targets.has(target.name)) : [];
  for (const target of wanted) {
    const started = await startOrSkip(target, surroundings);
    if (started === undefined) continue;
    if (started.process !== undefined) stack.use(started.process);
    running.push(started);
  }
  if (options.measures.has('calls')) {
    const figures = await measureCallFigures(running, surroundings.cores, pace);
    keep('calls', figures, circumstances);
    say(reportCalls(figures));
  }
  if (options.measures.has('frames')) {
    const figures = await measureFrameFigures(running, surroundings.cores, pace);
    keep('frames', figures, circumstances);
    say(reportFrames(figures));
  }
  const own = running.find((target) => target.name === 'tolmach');
  if (options.measures.has('crossing') && own !== undefined) {
    const figures = await measureCrossingFigures(own, surroundings.cores, pace);
    keep('crossing', figures, circumstances);
    say(reportCrossing(figures));
  }
  // Where no call was made there is nothing to have been charged.
  const hasCalls = (['calls', 'frames', 'crossing'] as const).some((measure) => options.measures.has(measure));
  if (hasCalls) for (const target of running) await target.check?.();
  return wanted.filter((target) => running.some((started) => started.name === target.name));
}

async function startOrSkip(target: Target, surroundings: Surroundings): Promise<RunningTarget | undefined> {
  try {
    return await target.start(surroundings);
  } catch (error) {
    if (!(error instanceof TargetMissing)) throw error;
    say(`SKIPPED ${target.name}: ${error.message}`);
    return undefined;
  }
}

async function measureMemory({ surroundings, pace, circumstances }: Run, targets: readonly Target[]): Promise<void> {
  const figures = [];
  for (const target of targets) {
    const taken = await measureMemoryFigures(target, surroundings, pace);
    if (taken !== undefined) figures.push(taken);
  }
  keep('memory', figures, circumstances);
  say(reportMemory(figures));
}

async function measureStart({ surroundings, pace, circumstances }: Run, targets: readonly Target[]): Promise<void> {
  if (!targets.some((target) => target.name === 'tolmach')) return;
  const { workDir } = surroundings;
  const figures = await measureStartFigures(tolmachDataDir(workDir), workDir, pace);
  keep('start', figures, circumstances);
  say(reportStart(figures));
}

/** A bench that is interrupted leaves neither processes nor files behind. */
function abandon(workDir: string): never {
  killAll();
  rmSync(workDir, { recursive: true, force: true });
  process.exit(130);
}

/** Inside the repository, because a folder for temporary files is often in memory, where an fsync costs nothing. */
function makeWorkDir(): string {
  const parent = join(REPOSITORY, 'data');
  mkdirSync(parent, { recursive: true });
  if (statfsSync(parent).type === TMPFS) throw new Error(`${parent} is in memory; the ledger needs a real disk`);
  return mkdtempSync(join(parent, 'bench-'));
}

function describe(c: Circumstances): string {
  const pinning = c.pinned
    ? 'target on one core, load and upstream on another'
    : 'NOT PINNED: too few cores or no taskset';
  const noise = c.loadAverage > 0.5 ? ' (others are working here: expect noise)' : '';
  return `${c.commit} on ${c.cores} x ${c.machine}, Bun ${c.bun}; ${pinning}; load average ${c.loadAverage}${noise}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();
