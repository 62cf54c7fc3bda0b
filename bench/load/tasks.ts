// The load process of the tasks' bench: creates tasks and polls for them, or only polls. Every answer is verified.
//
// Usage: bun bench/load/tasks.ts JOB_JSON
import { CpuMeter } from '../process-usage.ts';
import { percentile } from '../statistics.ts';
import { Connection } from './connection.ts';
import { requestBytes } from './job.ts';
import type { Answer } from './response-reader.ts';

export type TasksJob = {
  /** `tasks`: each client creates, waits, polls until the task is done, and begins anew. `polls`: each polls at once. */
  readonly kind: 'tasks' | 'polls';
  readonly port: number;
  readonly pids: readonly number[];
  readonly keys: readonly string[];
  readonly clients: number;
  /** How long a client waits before it polls. */
  readonly pauseMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
};

export type TasksResult = {
  /** Tasks that were seen completed, or polls that were answered, in the measured time. */
  readonly done: number;
  readonly requests: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
};

const TEXT = 'Почему в горах вода закипает быстрее, а еда варится дольше?';

/** One client on one connection, one request at a time. */
class Client {
  static requests = 0;
  readonly #connection: Connection;
  readonly #port: number;
  readonly #key: string;
  #answered: (answer: Answer) => void = () => undefined;

  constructor(port: number, key: string, fail: (error: Error) => void) {
    this.#port = port;
    this.#key = key;
    this.#connection = new Connection({ onAnswer: (_, answer) => this.#answered(answer), onFailure: fail });
  }

  async open(): Promise<this> {
    await this.#connection.open(this.#port);
    return this;
  }

  async create(): Promise<number> {
    const { status, body } = await this.#post('create_request', { content: TEXT });
    const id = Number(/"id":(\d+)/.exec(body)?.[1]);
    if (status !== 200 || !(id > 0)) throw new Error(`create_request answered ${status} ${body}`);
    return id;
  }

  /** Whether the task is done. Anything but the right answer is an error. */
  async poll(id: number): Promise<boolean> {
    const { status, body } = await this.#post('get_response', { id });
    if (status === 202) return false;
    if (status !== 200 || !body.includes('"success":true,"solving":false,"result":"') || !body.includes('Tolmach'))
      throw new Error(`get_response answered ${status} ${body}`);
    return true;
  }

  #post(route: string, fields: object): Promise<Answer> {
    Client.requests += 1;
    const body = JSON.stringify({ ...fields, key: this.#key });
    const bytes = requestBytes({ port: this.#port, path: `/api/gpt/${route}`, headers: {}, body, pids: [] });
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#connection.send(bytes);
    });
  }
}

async function run(job: TasksJob): Promise<TasksResult> {
  const failed = Promise.withResolvers<never>();
  const open = (_: unknown, i: number) =>
    new Client(job.port, job.keys[i % job.keys.length] as string, failed.reject).open();
  const clients = await Promise.all(Array.from({ length: job.clients }, open));
  let isOver = false;
  let tookUs: number[] = [];
  const work = async (client: Client) => {
    let id = await client.create();
    for (let createdMs = performance.now(); !isOver; createdMs = performance.now()) {
      if (job.kind === 'tasks') id = await client.create();
      do if (job.pauseMs > 0) await Bun.sleep(job.pauseMs);
      while (!(await client.poll(id)));
      tookUs.push((performance.now() - createdMs) * 1000);
    }
  };
  const working = Promise.all(clients.map(work));
  working.catch(failed.reject);
  await Promise.race([Bun.sleep(job.warmUpMs), failed.promise]);
  const cpu = new CpuMeter(job.pids);
  const startedMs = performance.now();
  tookUs = [];
  Client.requests = 0;
  await Promise.race([Bun.sleep(job.measureMs), failed.promise]);
  const elapsedMs = performance.now() - startedMs;
  const seen = tookUs;
  const measured = { requests: Client.requests, cpuUs: cpu.elapsedUs(), elapsedMs };
  isOver = true;
  await Promise.race([working, failed.promise]);
  return { done: seen.length, ...measured, p50Us: percentile(seen, 0.5), p99Us: percentile(seen, 0.99) };
}

try {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as TasksJob))}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench load: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
