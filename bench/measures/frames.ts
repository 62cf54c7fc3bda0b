// Streams: CPU for each SSE event that a target relays, with events spaced so that each is a write of its own.
import { runJob, streamDestination } from '../load/run-job.ts';
import type { Pace } from '../pace.ts';
import type { Cores } from '../pinned-process.ts';
import { median, spread } from '../statistics.ts';
import type { RunningTarget, TargetName } from '../targets/target.ts';

export type FramesFigures = {
  readonly target: TargetName;
  readonly streams: number;
  readonly framesEach: number;
  readonly gapMs: number;
  readonly cpuUsPerFrame: number;
  readonly cpuSpread: number;
  readonly cpuToBare: number | undefined;
  readonly cpuToNginx: number | undefined;
  /** Reads of the client for each event: 1 where nothing joins or splits them. */
  readonly readsPerFrame: number;
};

type Sample = { readonly cpuUs: number; readonly reads: number };

const LIMIT_MS = 30_000;
const SHORT_FRAMES = 10;

export async function measureFrameFigures(
  targets: readonly RunningTarget[],
  cores: Cores,
  pace: Pace,
): Promise<FramesFigures[]> {
  const relays = targets.filter((target) => target.process !== undefined);
  const samples = new Map<TargetName, Sample[]>(relays.map((target) => [target.name, []]));
  for (const target of relays) await warmUp(pace, (frames) => sample(target, cores, pace, frames));
  for (let round = 0; round < pace.frameRounds; round++)
    for (const target of relays) samples.get(target.name)?.push(await sample(target, cores, pace, pace.framesEach));
  return relays.map((target) => figures(target.name, samples, pace));
}

/** Compiling goes on for long streams, and for what opens them over many short ones. */
export async function warmUp(pace: Pace, run: (frames: number) => Promise<unknown>): Promise<void> {
  await run(pace.firstFramesEach);
  for (let i = 0; i < pace.firstOpenings; i++) await run(SHORT_FRAMES);
}

async function sample(target: RunningTarget, cores: Cores, pace: Pace, frames: number): Promise<Sample> {
  const { streams, gapMs } = pace;
  const to = streamDestination(target, frames, gapMs);
  const limitMs = frames * gapMs + LIMIT_MS;
  const result = await runJob({ kind: 'streams', to, streams, frames, limitMs }, cores.load);
  return { cpuUs: result.cpuUs / result.events, reads: result.reads / result.events };
}

function figures(target: TargetName, samples: ReadonlyMap<TargetName, readonly Sample[]>, pace: Pace): FramesFigures {
  const own = samples.get(target) ?? [];
  const cpu = own.map((s) => s.cpuUs);
  const ratio = (to: TargetName) => {
    const others = samples.get(to);
    if (others === undefined) return undefined;
    return median(own.map((s, i) => s.cpuUs / (others[i]?.cpuUs ?? Number.NaN)));
  };
  return {
    target,
    streams: pace.streams,
    framesEach: pace.framesEach,
    gapMs: pace.gapMs,
    cpuUsPerFrame: median(cpu),
    cpuSpread: spread(cpu),
    cpuToBare: ratio('bare'),
    cpuToNginx: ratio('nginx'),
    readsPerFrame: median(own.map((s) => s.reads)),
  };
}
