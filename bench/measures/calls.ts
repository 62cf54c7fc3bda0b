// Non-streamed calls: CPU for each, how many a second, and latency above the upstream's own. Targets take turns within
// every round, so that a slow minute of the machine falls on all of them; figures are medians of the rounds.
import { callDestination, runJob } from '../load/run-job.ts';
import type { Pace } from '../pace.ts';
import type { Cores } from '../pinned-process.ts';
import { median, spread } from '../statistics.ts';
import type { RunningTarget, TargetName } from '../targets/target.ts';

export type CallsFigures = {
  readonly target: TargetName;
  readonly connections: number;
  readonly cpuUsPerCall: number;
  readonly cpuSpread: number;
  /** Medians of the quotients of one round, which shake less than quotients of medians. */
  readonly cpuToBare: number | undefined;
  readonly cpuToNginx: number | undefined;
  readonly callsPerSecond: number;
  /** How busy the target kept its core. Below about 0.95 the load, not the target, set the rate. */
  readonly busy: number;
  readonly addedP50Us: number;
  readonly addedP99Us: number;
  readonly pacedPerSecond: number;
  /** Dearer than the first figure: at this rate nearly every call wakes the process for itself. */
  readonly pacedCpuUsPerCall: number;
  readonly pacedCpuToBare: number | undefined;
  readonly pacedAddedP50Us: number;
  readonly pacedAddedP99Us: number;
};

type Sample = {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly busy: number;
  readonly p50Us: number;
  readonly p99Us: number;
};
type Samples = Map<TargetName, Sample[]>;

export async function measureCallFigures(
  targets: readonly RunningTarget[],
  cores: Cores,
  pace: Pace,
): Promise<CallsFigures[]> {
  for (const target of targets) await sample(target, cores, pace, 'closed', pace.firstWarmUpMs);
  const closed: Samples = new Map();
  const paced: Samples = new Map();
  for (let round = 0; round < pace.callRounds; round++)
    for (const target of targets) add(closed, target, await sample(target, cores, pace, 'closed'));
  for (let round = 0; round < pace.pacedRounds; round++)
    for (const target of targets) add(paced, target, await sample(target, cores, pace, 'paced'));
  return targets.map((target) => figures(target.name, closed, paced, pace));
}

async function sample(
  target: RunningTarget,
  cores: Cores,
  pace: Pace,
  kind: 'closed' | 'paced',
  warmUpMs = pace.warmUpMs,
): Promise<Sample> {
  const to = callDestination(target);
  const common = { to, connections: pace.connections, warmUpMs };
  const result = await (kind === 'closed'
    ? runJob({ ...common, kind, measureMs: pace.callsMs }, cores.load)
    : runJob({ ...common, kind, measureMs: pace.pacedMs, perSecond: pace.pacedPerSecond }, cores.load));
  return {
    cpuUs: result.cpuUs / result.calls,
    perSecond: (result.calls / result.elapsedMs) * 1000,
    busy: result.cpuUs / 1000 / result.elapsedMs,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
  };
}

function add(samples: Samples, target: RunningTarget, taken: Sample): void {
  samples.set(target.name, [...(samples.get(target.name) ?? []), taken]);
}

function figures(target: TargetName, closed: Samples, paced: Samples, pace: Pace): CallsFigures {
  const own = closed.get(target) ?? [];
  const cpu = own.map((s) => s.cpuUs);
  return {
    target,
    connections: pace.connections,
    cpuUsPerCall: median(cpu),
    cpuSpread: spread(cpu),
    cpuToBare: ratio(closed, target, 'bare'),
    cpuToNginx: ratio(closed, target, 'nginx'),
    callsPerSecond: median(own.map((s) => s.perSecond)),
    busy: median(own.map((s) => s.busy)),
    addedP50Us: added(closed, target, 'p50Us'),
    addedP99Us: added(closed, target, 'p99Us'),
    pacedPerSecond: pace.pacedPerSecond,
    pacedCpuUsPerCall: median((paced.get(target) ?? []).map((s) => s.cpuUs)),
    pacedCpuToBare: ratio(paced, target, 'bare'),
    pacedAddedP50Us: added(paced, target, 'p50Us'),
    pacedAddedP99Us: added(paced, target, 'p99Us'),
  };
}

function ratio(samples: Samples, target: TargetName, to: TargetName): number | undefined {
  const others = samples.get(to);
  if (others === undefined || target === 'direct') return undefined;
  return median((samples.get(target) ?? []).map((s, i) => s.cpuUs / (others[i]?.cpuUs ?? Number.NaN)));
}

function added(samples: Samples, target: TargetName, field: 'p50Us' | 'p99Us'): number {
  const directs = samples.get('direct') ?? [];
  return median((samples.get(target) ?? []).map((s, i) => s[field] - (directs[i]?.[field] ?? 0)));
}
