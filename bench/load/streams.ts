// Opens many streams at once and reads each to its end, verifying all that arrived.
import { CpuMeter, residentKb } from '../process-usage.ts';
import { Connection } from './connection.ts';
import type { Job, StreamsResult } from './job.ts';
import { requestBytes } from './job.ts';
import type { Answer } from './response-reader.ts';
import { verifyStream } from './verify.ts';

const OPEN_AT_ONCE = 50;
const SAMPLE_MS = 100;

export async function measureStreams(job: Job & { kind: 'streams' }): Promise<StreamsResult> {
  const request = requestBytes(job.to);
  const ended = Promise.withResolvers<void>();
  const answers: Answer[] = [];
  const listener = {
    onAnswer: (_: Connection, answer: Answer) => {
      answers.push(answer);
      if (answers.length === job.streams) ended.resolve();
    },
    onFailure: (error: Error) => ended.reject(error),
  };
  const connections: Connection[] = [];
  while (connections.length < job.streams) {
    const count = Math.min(OPEN_AT_ONCE, job.streams - connections.length);
    const opened = Array.from({ length: count }, () => new Connection(listener).open(job.to.port));
    connections.push(...(await Promise.all(opened)));
  }
  const memory = new MemorySampler(job.to.pids, () => connections.every((c) => c.reads > 0) && answers.length === 0);
  const cpu = new CpuMeter(job.to.pids);
  const startedMs = performance.now();
  await sendAll(connections, request);
  await Promise.race([ended.promise, timeOut(job.limitMs, () => `${answers.length} of ${job.streams}`)]);
  const elapsedMs = performance.now() - startedMs;
  const cpuUs = cpu.elapsedUs();
  const residentMaxKb = memory.stop();
  const events = answers.reduce((sum, answer) => sum + verifyStream(answer, job.frames), 0);
  const reads = connections.reduce((sum, connection) => sum + connection.reads, 0);
  for (const connection of connections) connection.close();
  return { events, reads, elapsedMs, cpuUs, residentMaxKb };
}

/** In small groups, so that the opening of a thousand streams is not one burst that no customer would make. */
async function sendAll(connections: readonly Connection[], request: Buffer): Promise<void> {
  for (const [i, connection] of connections.entries()) {
    connection.send(request);
    if (i % OPEN_AT_ONCE === OPEN_AT_ONCE - 1) await Bun.sleep(5);
  }
}

async function timeOut(limitMs: number, ended: () => string): Promise<never> {
  await Bun.sleep(limitMs);
  throw new Error(`${ended()} streams ended in ${limitMs} ms`);
}

/** Watches resident memory; counts only samples taken while every stream was open. */
class MemorySampler {
  #maxKb = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pids: readonly number[], allOpen: () => boolean) {
    this.#timer = setInterval(() => {
      if (allOpen()) this.#maxKb = Math.max(this.#maxKb, residentKb(pids));
    }, SAMPLE_MS);
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#maxKb;
  }
}
