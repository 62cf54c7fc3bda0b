// `node bin/bun.mjs bench/tasks.ts [--quick]`: tasks created and completed per second on the demo provider, with the
// embedded store on a real disk and the polls of the clients included; then polls alone. The gateway has one core, the
// load the other.
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TasksJob, TasksResult } from './load/tasks.ts';
import type { Cores } from './pinned-process.ts';
import { chooseCores, freePort, killAll, PinnedProcess, runToEnd } from './pinned-process.ts';
import { keep, readCircumstances } from './results.ts';
import { median } from './statistics.ts';
import { percent, table, whole } from './table.ts';
import { BUN_ENVIRONMENT } from './targets/bare.ts';
import { START_LIMIT_MS } from './targets/target.ts';
import { isReady, REPOSITORY, tolmachCommand } from './targets/tolmach.ts';

const TMPFS = 0x01021994;
const ACCOUNTS = 16;
const PACK_REQUESTS = 1_000_000_000;
const JOB_LIMIT_MS = 120_000;
/** The plan's limits lie far above the load, so that they are counted and refuse nothing. */
const CONFIG = `
tasks: { model: demo }
plans:
  - id: bench
    name: Bench
    maxInputChars: 10000
    prices: [{ dialects: [chatinfo], requests: 2 }]
    limits: [{ name: tasks, dialects: [chatinfo], perMinute: 10000000, perDay: 1000000000 }]
`;

type Figures = {
  readonly kind: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly requestsPerSecond: number;
  readonly cpuUsEach: number;
  readonly busy: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

const CASES = [
  { kind: 'tasks', clients: 128, pauseMs: 20 },
  { kind: 'polls', clients: 64, pauseMs: 0 },
] as const;

async function main(): Promise<void> {
  const quick = process.argv.includes('--quick');
  const parent = join(REPOSITORY, 'data');
  mkdirSync(parent, { recursive: true });
  if (statfsSync(parent).type === TMPFS) throw new Error(`${parent} is in memory; tasks need a real disk`);
  const workDir = mkdtempSync(join(parent, 'bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      killAll();
      rmSync(workDir, { recursive: true, force: true });
      process.exit(130);
    });
  try {
    await measure(workDir, quick);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function measure(workDir: string, quick: boolean): Promise<void> {
  const cores = chooseCores();
  const circumstances = await readCircumstances(cores.target !== undefined, quick);
  const port = freePort();
  writeFileSync(join(workDir, 'bench.yaml'), CONFIG);
  const environment = {
    ...BUN_ENVIRONMENT,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: workDir,
    CONFIG: join(workDir, 'bench.yaml'),
    OLLAMA_BASE_URL: 'http://127.0.0.1:9/v1',
  };
  const command = tolmachCommand('start');
  const logFile = join(workDir, 'tolmach.log');
  await using gateway = new PinnedProcess({ name: 'tolmach', command, core: cores.target, environment, logFile });
  await gateway.waitUntil(() => isReady(port), START_LIMIT_MS);
  const keys = await makeKeys(environment);
  const figures: Figures[] = [];
  for (const one of CASES) figures.push(await measureCase(one, { port, keys, pids: gateway.pids }, cores, quick));
  keep('tasks', figures, circumstances);
  process.stdout.write(`${report(figures)}load average ${circumstances.loadAverage}\n`);
  const audit = await administer(environment, 'audit');
  if (audit['ok'] !== true) throw new Error(`the audit after the run failed: ${JSON.stringify(audit)}`);
}

async function measureCase(
  { kind, clients, pauseMs }: (typeof CASES)[number],
  to: Pick<TasksJob, 'port' | 'keys' | 'pids'>,
  cores: Cores,
  quick: boolean,
): Promise<Figures> {
  const runs: TasksResult[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    const job: TasksJob = { kind, clients, pauseMs, warmUpMs: round === 0 ? 2_000 : 500, measureMs: 3_000, ...to };
    const command = [process.execPath, join(import.meta.dir, 'load', 'tasks.ts'), JSON.stringify(job)];
    const limitMs = JOB_LIMIT_MS;
    runs.push(
      JSON.parse(await runToEnd({ name: `load (${kind})`, command, core: cores.load, limitMs })) as TasksResult,
    );
  }
  const of = (value: (run: TasksResult) => number) => median(runs.map(value));
  return {
    kind,
    clients,
    perSecond: of((run) => (run.done / run.elapsedMs) * 1000),
    requestsPerSecond: of((run) => (run.requests / run.elapsedMs) * 1000),
    cpuUsEach: of((run) => run.cpuUs / run.done),
    busy: of((run) => run.cpuUs / 1000 / run.elapsedMs),
    p50Ms: of((run) => run.p50Us / 1000),
    p99Ms: of((run) => run.p99Us / 1000),
  };
}

function report(figures: readonly Figures[]): string {
  const head = ['what', 'clients', 'per second', 'requests/s', 'CPU us each', 'core busy', 'p50 ms', 'p99 ms'];
  const rows = figures.map((f) => [
    f.kind,
    String(f.clients),
    whole(f.perSecond),
    whole(f.requestsPerSecond),
    whole(f.cpuUsEach),
    percent(f.busy),
    f.p50Ms.toFixed(1),
    f.p99Ms.toFixed(1),
  ]);
  return table('Tasks on the demo provider, creation to the poll that sees the end; and polls alone', head, rows);
}

async function makeKeys(environment: Record<string, string>): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < ACCOUNTS; i++) {
    const email = `tasks-${i}@bench.invalid`;
    const account = await administer(environment, 'account', 'create', '--email', email, '--plan', 'bench');
    const id = String(account['id']);
    await administer(environment, 'grant', '--account', id, '--requests', String(PACK_REQUESTS));
    keys.push(String((await administer(environment, 'key', 'create', '--account', id))['key']));
  }
  return keys;
}

async function administer(environment: Record<string, string>, ...words: string[]): Promise<Record<string, unknown>> {
  const command = tolmachCommand(...words, '--json');
  const name = `tolmach ${words[0]}`;
  const out = await runToEnd({ name, command, core: undefined, environment, limitMs: JOB_LIMIT_MS });
  return JSON.parse(out) as Record<string, unknown>;
}

await main();
