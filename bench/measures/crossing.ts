// Streams that cross families: a client of one dialect, a vendor of another, so that every event is read and written
// anew. Beside them, in the same rounds, streams that stay in a family and pass as bytes. CPU is counted for each word of
// the answer, since the families do not have the same number of events.
import { destination, runJob } from '../load/run-job.ts';
import type { Pace } from '../pace.ts';
import type { Cores } from '../pinned-process.ts';
import { median, spread } from '../statistics.ts';
import type { RunningTarget } from '../targets/target.ts';
import { CHAT_PATH } from '../targets/target.ts';
import { CLAUDE_GAP_MS, CLAUDE_MODEL, messageStreamBody, PUBLIC_MODEL, streamBody } from '../workload.ts';
import { warmUp } from './frames.ts';

type Family = 'openai' | 'anthropic';
type Way = { readonly client: Family; readonly vendor: Family };

export type CrossingFigures = Way & {
  readonly streams: number;
  readonly framesEach: number;
  readonly cpuUsPerFrame: number;
  readonly cpuSpread: number;
  /** To the relay within the vendor's family, whose events are the same. */
  readonly cpuToRelay: number;
};

const WAYS: readonly Way[] = [
  { client: 'openai', vendor: 'openai' },
  { client: 'anthropic', vendor: 'openai' },
  { client: 'anthropic', vendor: 'anthropic' },
  { client: 'openai', vendor: 'anthropic' },
];
const LIMIT_MS = 30_000;

export async function measureCrossingFigures(
  target: RunningTarget,
  cores: Cores,
  pace: Pace,
): Promise<CrossingFigures[]> {
  const samples = new Map<Way, number[]>(WAYS.map((way) => [way, []]));
  for (const way of WAYS) await warmUp(pace, (frames) => sample(target, way, cores, pace, frames));
  for (let round = 0; round < pace.frameRounds; round++)
    for (const way of WAYS) samples.get(way)?.push(await sample(target, way, cores, pace, pace.framesEach));
  return WAYS.map((way) => {
    const own = samples.get(way) ?? [];
    const relay = WAYS.find(({ client, vendor }) => client === vendor && vendor === way.vendor) ?? way;
    const relayed = samples.get(relay) ?? [];
    return {
      ...way,
      streams: pace.streams,
      framesEach: pace.framesEach,
      cpuUsPerFrame: median(own),
      cpuSpread: spread(own),
      cpuToRelay: median(own.map((cpuUs, i) => cpuUs / (relayed[i] ?? Number.NaN))),
    };
  });
}

async function sample(target: RunningTarget, way: Way, cores: Cores, pace: Pace, frames: number): Promise<number> {
  const { streams } = pace;
  const model = way.vendor === 'openai' ? PUBLIC_MODEL : CLAUDE_MODEL;
  const to =
    way.client === 'openai'
      ? destination(target, CHAT_PATH, streamBody(model, frames, CLAUDE_GAP_MS))
      : destination(target, '/v1/messages', messageStreamBody(model, frames));
  const limitMs = frames * CLAUDE_GAP_MS + LIMIT_MS;
  const { cpuUs } = await runJob({ kind: 'streams', to, streams, frames, limitMs }, cores.load);
  return cpuUs / (streams * frames);
}
