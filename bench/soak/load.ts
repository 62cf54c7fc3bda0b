// The load of the soak, a process of its own: calls, streams, streams that their clients leave, and tasks, at a fixed rate
// or as fast as they are answered, for as long as it is told. Some fail, since their provider does; any answer that is
// neither right nor an honest error ends the run.
//
// Usage: bun bench/soak/load.ts JOB_JSON
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { Connection } from '../load/connection.ts';
import type { Destination } from '../load/job.ts';
import { requestBytes } from '../load/job.ts';
import type { Answer } from '../load/response-reader.ts';
import { verifyCall, verifyStream } from '../load/verify.ts';
import { percentile } from '../statistics.ts';
import { callBody, streamBody } from '../workload.ts';

export type SoakJob = {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly connections: number;
  /** `null` is as fast as they are answered. */
  readonly perSecond: number | null;
  readonly forMs: number;
};

export type SoakResult = {
  readonly done: number;
  readonly failed: number;
  readonly left: number;
  readonly tasks: number;
  /** Calls for which no connection was free when they were due. */
  readonly late: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

type Kind = 'call' | 'stream' | 'leaver' | 'task';
type Client = { readonly connection: Connection; kind: Kind; isGone: boolean };

const FRAMES = 20;
const GAP_MS = 5;
/** Each kind up to a share of all requests: 78 % calls, 16 % streams, 2 % streams that are left, 4 % tasks. */
const KINDS: readonly (readonly [Kind, number])[] = [
  ['call', 0.78],
  ['stream', 0.94],
  ['leaver', 0.96],
  ['task', 1],
];
const LEAVE_AFTER_MS = 30;
/** What a customer sees of a provider's fault. */
const HONEST_ERRORS: readonly number[] = [429, 500, 502, 503, 504];
const LATENCIES_MAX = 200_000;

class SoakRun {
  readonly #job: SoakJob;
  readonly #requests: Readonly<Record<Kind, Buffer>>;
  readonly #random = new SeededRandom(1);
  readonly #free: Client[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #counts = { done: 0, failed: 0, left: 0, tasks: 0, late: 0 };
  #isOver = false;
  #due = 0;
  #fail: (error: Error) => void = () => undefined;

  constructor(job: SoakJob) {
    this.#job = job;
    const { port, headers, model } = job;
    const to = (path: string, body: string): Destination => ({ port, path, headers, body, pids: [] });
    const chat = '/v1/chat/completions';
    const streamed = requestBytes(to(chat, streamBody(model, FRAMES, GAP_MS)));
    const call = requestBytes(to(chat, callBody(model)));
    this.#requests = { call, stream: streamed, leaver: streamed, task: requestBytes(to('/v1/tasks', callBody(model))) };
  }

  async run(): Promise<SoakResult> {
    const failure = new Promise<never>((_, reject) => (this.#fail = reject));
    for (let i = 0; i < this.#job.connections; i++) this.#free.push(await this.#open());
    const startedMs = performance.now();
    const timer = setInterval(() => this.#begin(startedMs), 1);
    await Promise.race([Bun.sleep(this.#job.forMs), failure]);
    clearInterval(timer);
    this.#isOver = true;
    const elapsedMs = performance.now() - startedMs;
    const [p50Ms, p99Ms] = [percentile(this.#latenciesMs, 0.5), percentile(this.#latenciesMs, 0.99)];
    return { ...this.#counts, elapsedMs, p50Ms, p99Ms };
  }

  #begin(startedMs: number): void {
    const { perSecond } = this.#job;
    const now = performance.now();
    const wanted = perSecond === null ? Number.POSITIVE_INFINITY : ((now - startedMs) * perSecond) / 1000;
    for (; this.#due < wanted; this.#due++) {
      const client = this.#free.pop();
      if (client === undefined) {
        if (perSecond !== null) this.#counts.late += 1;
        else return;
      } else this.#send(client);
    }
  }

  async #open(): Promise<Client> {
    const listener = {
      onAnswer: (_: Connection, answer: Answer) => this.#answered(client, answer),
      // A gateway may close a connection that it answered an error on; a new one takes its place.
      onFailure: () => this.#reopen(client),
    };
    const client: Client = { connection: new Connection(listener), kind: 'call', isGone: false };
    await client.connection.open(this.#job.port);
    return client;
  }

  #send(client: Client): void {
    const chance = this.#random.next();
    client.kind = KINDS.find(([, upTo]) => chance < upTo)?.[0] ?? 'call';
    client.connection.send(this.#requests[client.kind]);
    if (client.kind === 'leaver') setTimeout(() => this.#leave(client), LEAVE_AFTER_MS);
  }

  #leave(client: Client): void {
    // Answered with an error meanwhile, and used again.
    if (client.kind !== 'leaver' || client.isGone) return;
    client.connection.close();
    this.#counts.left += 1;
    this.#reopen(client);
  }

  #reopen(client: Client): void {
    if (client.isGone || this.#isOver) return;
    client.isGone = true;
    this.#open().then(
      (fresh) => this.#free.push(fresh),
      (error) => this.#fail(error as Error),
    );
  }

  #answered(client: Client, answer: Answer): void {
    if (client.isGone) return;
    try {
      this.#count(client.kind, answer);
    } catch (error) {
      this.#fail(error as Error);
    }
    if (this.#latenciesMs.length < LATENCIES_MAX && client.kind === 'call')
      this.#latenciesMs.push(performance.now() - client.connection.sentAtMs);
    client.kind = 'call';
    this.#free.push(client);
  }

  #count(kind: Kind, answer: Answer): void {
    this.#counts.done += 1;
    if (HONEST_ERRORS.includes(answer.status)) {
      this.#counts.failed += 1;
    } else if (kind === 'task') {
      if (answer.status !== 202) throw new Error(`a task answered ${answer.status}: ${answer.body}`);
      this.#counts.tasks += 1;
    } else if (kind === 'call') {
      verifyCall(answer);
    } else {
      verifyStream(answer, FRAMES);
    }
  }
}

const result = await new SoakRun(JSON.parse(process.argv[2] ?? '') as SoakJob).run();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
