// How long and how hard each measure works. The quick pace is for trying a change; its figures are not for keeping.

export type Pace = {
  readonly quick: boolean;
  readonly connections: number;
  readonly firstWarmUpMs: number;
  readonly warmUpMs: number;
  readonly callRounds: number;
  readonly callsMs: number;
  /** Slow enough for the slowest target, so that latency shows work rather than queues. */
  readonly pacedPerSecond: number;
  readonly pacedRounds: number;
  readonly pacedMs: number;
  readonly frameRounds: number;
  readonly streams: number;
  /** Of the streams that only warm the targets up: compiling goes on for tens of thousands of frames. */
  readonly firstFramesEach: number;
  /** How often short streams are opened to warm up what opens them: it is compiled again after some hundreds. */
  readonly firstOpenings: number;
  readonly framesEach: number;
  readonly gapMs: number;
  readonly openStreams: number;
  readonly memoryFrames: number;
  /** How long a fresh process is left alone before its idle memory is read. */
  readonly restMs: number;
  readonly starts: number;
  readonly ledgerMs: number;
};

export const FULL_PACE: Pace = {
  quick: false,
  connections: 64,
  firstWarmUpMs: 6_000,
  warmUpMs: 500,
  callRounds: 7,
  callsMs: 3_000,
  pacedPerSecond: 500,
  pacedRounds: 5,
  pacedMs: 3_000,
  frameRounds: 5,
  streams: 50,
  firstFramesEach: 1_500,
  firstOpenings: 20,
  framesEach: 300,
  gapMs: 10,
  openStreams: 1_000,
  memoryFrames: 6,
  restMs: 2_000,
  starts: 11,
  ledgerMs: 3_000,
};

export const QUICK_PACE: Pace = {
  ...FULL_PACE,
  quick: true,
  firstWarmUpMs: 1_000,
  warmUpMs: 200,
  callRounds: 2,
  callsMs: 800,
  pacedRounds: 1,
  pacedMs: 800,
  frameRounds: 1,
  firstFramesEach: 300,
  firstOpenings: 2,
  framesEach: 100,
  memoryFrames: 3,
  restMs: 500,
  starts: 3,
  ledgerMs: 300,
};
