// The load process of the overload bench: an open loop through phases of fixed rates, whatever the target does, with
// probes beside it. Every answer is the upstream's whole answer or a proper refusal; anything else is counted as broken.
//
// Usage: bun bench/load/overload.ts JOB_JSON
import { CpuMeter } from '../process-usage.ts';
import { percentile } from '../statistics.ts';
import { Connection } from './connection.ts';
import type { Destination } from './job.ts';
import { requestBytes } from './job.ts';
import type { Answer } from './response-reader.ts';
import { verifyCall } from './verify.ts';

export type Phase = { readonly name: string; readonly perSecond: number; readonly ms: number };

export type OverloadJob = {
  readonly to: Destination;
  /** Beyond so many unanswered requests the generator cannot send one when it is due. It counts as not answered. */
  readonly connectionsMax: number;
  readonly phases: readonly Phase[];
  /** Paths that are asked ten times a second all the time, with the headers of the operator. */
  readonly probes: readonly string[];
  readonly probeHeaders: Readonly<Record<string, string>>;
};

export type PhaseResult = {
  readonly name: string;
  readonly elapsedMs: number;
  readonly offered: number;
  readonly good: number;
  readonly refused: number;
  readonly unsent: number;
  readonly broken: number;
  readonly goodP50Us: number;
  readonly goodP99Us: number;
  readonly refusedP50Us: number;
  readonly refusedP99Us: number;
  readonly probeMaxMs: number;
  readonly cpuUs: number;
  /** By the second in which they came due: good answers' slowest of a hundred, and refusals. */
  readonly seconds: readonly { readonly goodP99Us: number; readonly refused: number; readonly good: number }[];
};

const PROBE_MS = 100;
const SECOND_MS = 1_000;
/** How long the last answers may take. */
const DRAIN_MS = 15_000;

class PhaseCount {
  readonly #phase: Phase;
  readonly #seconds: { good: number[]; refused: number[] }[];
  offered = 0;
  unsent = 0;
  broken = 0;
  probeMaxMs = 0;
  cpuUs = 0;
  elapsedMs = 0;

  constructor(phase: Phase) {
    this.#phase = phase;
    this.#seconds = Array.from({ length: Math.ceil(phase.ms / SECOND_MS) }, () => ({ good: [], refused: [] }));
  }

  add(kind: 'good' | 'refused', sinceStartMs: number, us: number): void {
    this.#seconds[Math.min(this.#seconds.length - 1, Math.floor(sinceStartMs / SECOND_MS))]?.[kind].push(us);
  }

  result(): PhaseResult {
    const good = this.#seconds.flatMap((second) => second.good);
    const refused = this.#seconds.flatMap((second) => second.refused);
    return {
      name: this.#phase.name,
      elapsedMs: this.elapsedMs,
      offered: this.offered,
      good: good.length,
      refused: refused.length,
      unsent: this.unsent,
      broken: this.broken,
      goodP50Us: percentile(good, 0.5),
      goodP99Us: percentile(good, 0.99),
      refusedP50Us: percentile(refused, 0.5),
      refusedP99Us: percentile(refused, 0.99),
      probeMaxMs: this.probeMaxMs,
      cpuUs: this.cpuUs,
      seconds: this.#seconds.map((second) => ({
        good: second.good.length,
        goodP99Us: percentile(second.good, 0.99),
        refused: second.refused.length,
      })),
    };
  }
}

type Sent = { readonly count: PhaseCount; readonly phaseStartMs: number };

class OpenLoop {
  readonly #job: OverloadJob;
  readonly #request: Buffer;
  readonly #free: Connection[] = [];
  readonly #sent = new Map<Connection, Sent>();
  readonly #results: PhaseCount[] = [];
  #connections = 0;
  #current: PhaseCount | undefined;
  #isOver = false;

  constructor(job: OverloadJob) {
    this.#job = job;
    this.#request = requestBytes(job.to);
  }

  async run(): Promise<PhaseResult[]> {
    const probing = Promise.all(this.#job.probes.map((path) => this.#probe(path)));
    for (const phase of this.#job.phases) await this.#runPhase(phase);
    this.#isOver = true;
    await probing;
    for (let waitedMs = 0; this.#sent.size > 0 && waitedMs < DRAIN_MS; waitedMs += 5) await Bun.sleep(5);
    for (const { count } of this.#sent.values()) count.broken += 1;
    return this.#results.map((count) => count.result());
  }

  async #runPhase(phase: Phase): Promise<void> {
    const count = new PhaseCount(phase);
    this.#results.push(count);
    this.#current = count;
    const cpu = new CpuMeter(this.#job.to.pids);
    const startedMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const due = Math.floor(((Math.min(nowMs, startedMs + phase.ms) - startedMs) * phase.perSecond) / 1_000);
      while (count.offered < due) this.#sendOne(count, startedMs);
      if (nowMs >= startedMs + phase.ms) resolve();
    }, 1);
    await promise;
    clearInterval(timer);
    count.elapsedMs = performance.now() - startedMs;
    count.cpuUs = cpu.elapsedUs();
  }

  #sendOne(count: PhaseCount, phaseStartMs: number): void {
    count.offered += 1;
    const sent = { count, phaseStartMs };
    const dueAtMs = performance.now();
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#sent.set(free, sent);
      free.send(this.#request, dueAtMs);
      return;
    }
    if (this.#connections >= this.#job.connectionsMax) {
      count.unsent += 1;
      return;
    }
    this.#connections += 1;
    const connection: Connection = new Connection({
      onAnswer: (one, answer) => this.#answered(one, answer),
      onFailure: () => this.#failed(connection),
    });
    this.#sent.set(connection, sent);
    connection.open(this.#job.to.port).then(
      () => connection.send(this.#request, dueAtMs),
      () => this.#failed(connection),
    );
  }

  #answered(connection: Connection, answer: Answer): void {
    const sent = this.#sent.get(connection);
    if (sent === undefined) return;
    this.#sent.delete(connection);
    this.#free.push(connection);
    const { count, phaseStartMs } = sent;
    const us = (performance.now() - connection.dueAtMs) * 1_000;
    const sinceStartMs = connection.dueAtMs - phaseStartMs;
    try {
      if (answer.status === 503 && /\r\nretry-after: \d/i.test(answer.head) && answer.body.includes('"overloaded"')) {
        count.add('refused', sinceStartMs, us);
        return;
      }
      verifyCall(answer);
      count.add('good', sinceStartMs, us);
    } catch (error) {
      if (count.broken === 0) process.stderr.write(`${String(error)}\n`);
      count.broken += 1;
    }
  }

  #failed(connection: Connection): void {
    const sent = this.#sent.get(connection);
    this.#connections -= 1;
    this.#sent.delete(connection);
    if (sent !== undefined) sent.count.broken += 1;
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
  }

  /** One connection of its own for each path, so that a probe waits for the target only. */
  async #probe(path: string): Promise<void> {
    const { port } = this.#job.to;
    while (!this.#isOver) {
      const startedMs = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: this.#job.probeHeaders });
      await response.text();
      const count = this.#current;
      if (count !== undefined) {
        if (response.status !== 200) count.broken += 1;
        count.probeMaxMs = Math.max(count.probeMaxMs, performance.now() - startedMs);
      }
      await Bun.sleep(PROBE_MS);
    }
  }
}

if (import.meta.main) {
  const job = JSON.parse(process.argv[2] ?? '') as OverloadJob;
  const results = await new OpenLoop(job).run();
  process.stdout.write(`${JSON.stringify(results)}\n`);
  process.exit(0);
}
