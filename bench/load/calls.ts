// The two ways of making non-streamed calls: as fast as the target answers, and at a fixed rate.
import { CpuMeter } from '../process-usage.ts';
import { percentile } from '../statistics.ts';
import { Connection } from './connection.ts';
import type { CallsResult, Job } from './job.ts';
import { requestBytes } from './job.ts';
import { verifyCall } from './verify.ts';

const OPEN_AT_ONCE = 64;
/** How long a target may take for the last answers of a run. */
const DRAIN_MS = 10_000;

/** Runs a closed or paced job. Only calls that started and ended inside the measured time count. */
export async function measureCalls(job: Job & { kind: 'closed' | 'paced' }): Promise<CallsResult> {
  const run = new CallsRun(job);
  await run.open();
  run.start();
  await run.sleep(job.warmUpMs);
  const cpu = new CpuMeter(job.to.pids);
  run.record();
  await run.sleep(job.measureMs);
  const cpuUs = cpu.elapsedUs();
  return { ...(await run.stop()), cpuUs };
}

class CallsRun {
  readonly #job: Job & { kind: 'closed' | 'paced' };
  readonly #request: Buffer;
  readonly #connections: Connection[] = [];
  /** Paced only: connections with nothing to do, and when each call that waits for one was due. */
  #free: Connection[] = [];
  readonly #due: number[] = [];
  #latenciesUs: number[] = [];
  #recordFromMs = Number.POSITIVE_INFINITY;
  #inFlight = 0;
  #stopping = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #fail: (error: Error) => void = () => {};
  readonly #failed: Promise<never>;

  constructor(job: Job & { kind: 'closed' | 'paced' }) {
    this.#job = job;
    this.#request = requestBytes(job.to);
    this.#failed = new Promise((_, reject) => (this.#fail = reject));
    this.#failed.catch(() => {});
  }

  async open(): Promise<void> {
    const listener = {
      onAnswer: (connection: Connection, answer: Parameters<typeof verifyCall>[0]) => {
        try {
          verifyCall(answer);
        } catch (error) {
          this.#fail(error as Error);
        }
        this.#answered(connection);
      },
      onFailure: (error: Error) => this.#fail(error),
    };
    while (this.#connections.length < this.#job.connections) {
      const count = Math.min(OPEN_AT_ONCE, this.#job.connections - this.#connections.length);
      const opened = Array.from({ length: count }, () => new Connection(listener).open(this.#job.to.port));
      this.#connections.push(...(await Promise.all(opened)));
    }
  }

  start(): void {
    if (this.#job.kind === 'closed') for (const connection of this.#connections) this.#send(connection, undefined);
    else this.#startPaced(this.#job.perSecond);
  }

  record(): void {
    this.#recordFromMs = performance.now();
  }

  sleep(ms: number): Promise<void> {
    return Promise.race([Bun.sleep(ms), this.#failed]);
  }

  async stop(): Promise<Omit<CallsResult, 'cpuUs'>> {
    const elapsedMs = performance.now() - this.#recordFromMs;
    const latencies = this.#latenciesUs;
    this.#latenciesUs = [];
    this.#stopping = true;
    clearInterval(this.#timer);
    for (let waitedMs = 0; this.#inFlight > 0; waitedMs += 5) {
      if (waitedMs > DRAIN_MS) throw new Error(`${this.#inFlight} calls were never answered`);
      await this.sleep(5);
    }
    for (const connection of this.#connections) connection.close();
    if (latencies.length === 0) throw new Error('no call was answered in the measured time');
    const p50Us = percentile(latencies, 0.5);
    return { calls: latencies.length, elapsedMs, p50Us, p99Us: percentile(latencies, 0.99) };
  }

  /** Counts latency from when the call was due: a slow target must not make the generator ask less of it. */
  #startPaced(perSecond: number): void {
    this.#free = [...this.#connections];
    const startedMs = performance.now();
    let begun = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (; startedMs + (begun * 1000) / perSecond <= now; begun++) {
        const connection = this.#free.pop();
        if (connection === undefined) this.#due.push(now);
        else this.#send(connection, now);
      }
    }, 1);
  }

  #send(connection: Connection, dueMs: number | undefined): void {
    this.#inFlight += 1;
    connection.send(this.#request, dueMs);
  }

  #answered(connection: Connection): void {
    const now = performance.now();
    this.#inFlight -= 1;
    if (connection.sentAtMs >= this.#recordFromMs) this.#latenciesUs.push((now - connection.dueAtMs) * 1000);
    if (this.#stopping) return;
    if (this.#job.kind === 'closed') this.#send(connection, undefined);
    else if (this.#due.length > 0) this.#send(connection, this.#due.shift());
    else this.#free.push(connection);
  }
}
