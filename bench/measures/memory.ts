// Resident memory of a target that has just started, and of the same process with many streams open. Every target is
// started anew, so that an earlier measure leaves nothing behind.
import { runJob, streamDestination } from '../load/run-job.ts';
import type { Pace } from '../pace.ts';
import { residentKb } from '../process-usage.ts';
import type { RunningTarget, Surroundings, Target, TargetName } from '../targets/target.ts';

export type MemoryFigures = {
  readonly target: TargetName;
  readonly idleMb: number;
  readonly openStreams: number;
  readonly streamingMb: number;
};

const GAP_MS = 1_000;
const LIMIT_MS = 30_000;

export async function measureMemoryFigures(
  target: Target,
  surroundings: Surroundings,
  pace: Pace,
): Promise<MemoryFigures | undefined> {
  const running: RunningTarget = await target.start(surroundings);
  if (running.process === undefined) return undefined;
  await using process_ = running.process;
  await Bun.sleep(pace.restMs);
  const idleMb = residentKb(process_.pids) / 1024;
  const to = streamDestination(running, pace.memoryFrames, GAP_MS);
  const { openStreams: streams, memoryFrames: frames } = pace;
  const limitMs = frames * GAP_MS + LIMIT_MS;
  const result = await runJob({ kind: 'streams', to, streams, frames, limitMs }, surroundings.cores.load);
  if (result.residentMaxKb === 0) throw new Error(`${target.name}: never were all ${streams} streams open at once`);
  return { target: target.name, idleMb, openStreams: streams, streamingMb: result.residentMaxKb / 1024 };
}
