// `node bin/bun.mjs bench/soak.ts [MINUTES]`: whether anything grows. The gateway serves calls, streams, leaving clients
// and tasks at 70 % of what it can, while its provider fails one request in twenty; memory, sockets, files, threads and
// timers are read every few seconds. Lines are laid through what was read after the first third, in which caches fill.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cores } from './pinned-process.ts';
import { chooseCores, freePort, isListening, killAll, PinnedProcess, runToEnd } from './pinned-process.ts';
import { residentKb } from './process-usage.ts';
import { keep, readCircumstances } from './results.ts';
import { fitLine } from './soak/least-squares.ts';
import type { SoakJob, SoakResult } from './soak/load.ts';
import { openFiles } from './soak/open-files.ts';
import type { HeapWatch } from './soak/watch-heap.ts';
import { fixed, table } from './table.ts';
import { START_LIMIT_MS } from './targets/target.ts';
import { administer, isReady, REPOSITORY, tolmachEnvironment } from './targets/tolmach.ts';
import { PUBLIC_MODEL, UPSTREAM_MODEL } from './workload.ts';

const TMPFS = 0x01021994;
const FAIL_EVERY = 20;
const LOAD_SHARE = 0.7;
const CONNECTIONS = 512;
const CAPACITY_MS = 15_000;
const SAMPLE_MS = 5_000;
const REST_MS = 20_000;
/** Caches, books and compiled code fill up at first; that is no leak. */
const SETTLING_SHARE = 1 / 3;
/** Memory may move by so much of itself in an hour, as the line says, before it is called growth. */
const GROWTH_AN_HOUR_MAX = 0.05;
const PACK_REQUESTS = 1_000_000_000;

/** One reading of the gateway's process. */
type Sample = HeapWatch & {
  readonly atMs: number;
  readonly residentMb: number;
  readonly sockets: number;
  readonly files: number;
  readonly threads: number;
};
type Quantity = Exclude<keyof Sample, 'atMs'>;

/** What an idle gateway has none of, whatever it has served. */
const GIVEN_BACK: readonly Quantity[] = ['sockets', 'files', 'threads', 'timers'];
const LEFT_OVER_MAX = 5;
const QUANTITIES: readonly Quantity[] = ['residentMb', 'heapMb', ...GIVEN_BACK];

type Figures = {
  readonly minutes: number;
  readonly capacityPerSecond: number;
  readonly perSecond: number;
  readonly done: number;
  readonly failedShare: number;
  readonly p99Ms: number;
  readonly residentMb: number;
  readonly residentMbAnHour: number;
  readonly residentMbAnHourError: number;
  readonly isFlat: boolean;
};

async function main(): Promise<void> {
  const minutes = Number(process.argv[2] ?? 30);
  if (!(minutes > 0)) throw new Error('how many minutes must be a number');
  const parent = join(REPOSITORY, 'data');
  mkdirSync(parent, { recursive: true });
  if (statfsSync(parent).type === TMPFS) throw new Error(`${parent} is in memory; a soak needs a real disk`);
  const workDir = mkdtempSync(join(parent, 'soak-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      killAll();
      rmSync(workDir, { recursive: true, force: true });
      process.exit(130);
    });
  try {
    process.exitCode = (await soak(workDir, minutes)) ? 0 : 1;
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function soak(workDir: string, minutes: number): Promise<boolean> {
  const cores = chooseCores();
  const circumstances = await readCircumstances(cores.target !== undefined, minutes < 30);
  const upstreamPort = freePort();
  const script = join(import.meta.dir, 'upstream.ts');
  await using upstream = new PinnedProcess({
    name: 'upstream',
    command: [process.execPath, script, String(upstreamPort), String(FAIL_EVERY)],
    core: cores.load,
    logFile: join(workDir, 'upstream.log'),
  });
  await upstream.waitUntil(() => isListening(upstreamPort), START_LIMIT_MS);
  const port = freePort();
  const heapFile = join(workDir, 'heap.json');
  writeFileSync(join(workDir, 'bench.yaml'), CONFIG);
  const environment = { ...tolmachEnvironment(port, workDir, upstreamPort), SOAK_HEAP_FILE: heapFile };
  const preload = join(import.meta.dir, 'soak', 'watch-heap.ts');
  await using gateway = new PinnedProcess({
    name: 'tolmach',
    command: [process.execPath, '--preload', preload, join(REPOSITORY, 'src', 'cli', 'main.ts'), 'start'],
    core: cores.target,
    environment,
    // Logs are written as always, but the disk need not keep gigabytes of them.
    logFile: '/dev/null',
  });
  await gateway.waitUntil(() => isReady(port), START_LIMIT_MS);
  const key = await createKey(environment);
  const base = { port, headers: { authorization: `Bearer ${key}` }, model: PUBLIC_MODEL, connections: CONNECTIONS };
  const read = () => readSample(gateway.pids, heapFile);
  await Bun.sleep(2_000);
  const idle = read();
  const capacity = await load({ ...base, perSecond: null, forMs: CAPACITY_MS }, cores);
  const capacityPerSecond = (capacity.done / capacity.elapsedMs) * 1000;
  const perSecond = Math.round(capacityPerSecond * LOAD_SHARE);
  process.stdout.write(`${Math.round(capacityPerSecond)} a second are possible; ${minutes} min at ${perSecond}\n`);
  const samples: Sample[] = [];
  const sampling = setInterval(() => samples.push(read()), SAMPLE_MS);
  const result = await load({ ...base, perSecond, forMs: minutes * 60_000 }, cores);
  clearInterval(sampling);
  await Bun.sleep(REST_MS);
  const after = read();
  const isFlat = report(samples, idle, after);
  keep('soak', [figuresOf(minutes, capacityPerSecond, perSecond, result, samples, isFlat)], circumstances);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const audit = await administer(environment, 'audit');
  if (audit['ok'] !== true) throw new Error(`the audit after the run failed: ${JSON.stringify(audit)}`);
  return isFlat;
}

async function load(job: SoakJob, cores: Cores): Promise<SoakResult> {
  const command = [process.execPath, join(import.meta.dir, 'soak', 'load.ts'), JSON.stringify(job)];
  const limitMs = job.forMs + 60_000;
  return JSON.parse(await runToEnd({ name: 'load (soak)', command, core: cores.load, limitMs })) as SoakResult;
}

function readSample(pids: readonly number[], heapFile: string): Sample {
  const heap = JSON.parse(readFileSync(heapFile, 'utf8')) as HeapWatch;
  return { ...heap, ...openFiles(pids), atMs: performance.now(), residentMb: residentKb(pids) / 1024 };
}

/** The samples after caches have filled. */
function settled(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length * SETTLING_SHARE));
}

function lineOf(samples: readonly Sample[], quantity: Quantity) {
  return fitLine(settled(samples).map((sample) => [sample.atMs / 3_600_000, sample[quantity]]));
}

/** Prints every quantity and answers whether none grows and all is given back. */
function report(samples: readonly Sample[], idle: Sample, after: Sample): boolean {
  let isFlat = true;
  const rows = QUANTITIES.map((quantity) => {
    const { slope, slopeError, mean } = lineOf(samples, quantity);
    const isGrowing = slope - slopeError > mean * GROWTH_AN_HOUR_MAX;
    const isKept = GIVEN_BACK.includes(quantity) && after[quantity] > idle[quantity] + LEFT_OVER_MAX;
    if (isGrowing || isKept) isFlat = false;
    const numbers = [idle[quantity], mean, after[quantity], slope, slopeError].map((value) => fixed(value));
    return [quantity, ...numbers, isGrowing ? 'grows' : isKept ? 'is kept' : 'flat'];
  });
  const head = ['what', 'idle before', 'mean', 'idle after', 'an hour', '+-', ''];
  process.stdout.write(table('What the gateway holds under load, and the slope of its line', head, rows));
  return isFlat;
}

function figuresOf(
  minutes: number,
  capacityPerSecond: number,
  perSecond: number,
  result: SoakResult,
  samples: readonly Sample[],
  isFlat: boolean,
): Figures {
  const { slope, slopeError, mean } = lineOf(samples, 'residentMb');
  return {
    minutes,
    capacityPerSecond,
    perSecond,
    done: result.done,
    failedShare: result.failed / result.done,
    p99Ms: result.p99Ms,
    residentMb: mean,
    residentMbAnHour: slope,
    residentMbAnHourError: slopeError,
    isFlat,
  };
}

async function createKey(environment: Record<string, string>): Promise<string> {
  const account = await administer(
    environment,
    'account',
    'create',
    '--email',
    'soak@bench.invalid',
    '--plan',
    'bench',
  );
  const accountId = String(account['id']);
  await administer(environment, 'grant', '--account', accountId, '--requests', String(PACK_REQUESTS));
  return String((await administer(environment, 'key', 'create', '--account', accountId))['key']);
}

const CONFIG = `
timeouts: { firstByteMs: 2000, idleMs: 2000 }
models:
  - name: ${PUBLIC_MODEL}
    targets: [{ provider: openai, model: ${UPSTREAM_MODEL} }]
plans:
  - id: bench
    name: Bench
    prices: [{ requests: 2 }]
    limits: [{ name: all, perMinute: 10000000, perDay: 1000000000 }]
`;

await main();
