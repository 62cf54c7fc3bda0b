// Overload: what is served of too much, how late, how soon the rest is refused, and how soon all is well again.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OverloadJob, Phase, PhaseResult } from '../load/overload.ts';
import type { Cores } from '../pinned-process.ts';
import { freePort, isListening, PinnedProcess, runToEnd } from '../pinned-process.ts';
import { CHAT_PATH, START_LIMIT_MS } from '../targets/target.ts';
import { isReady, tolmachCommand, tolmachEnvironment } from '../targets/tolmach.ts';
import { callBody, PUBLIC_MODEL, UPSTREAM_MODEL } from '../workload.ts';

const JOB_LIMIT_MS = 300_000;
const ADMIN_TOKEN = 'bench-admin-token-0123456789-abcdefgh';

export type OverloadCase = {
  readonly capacity: 'places' | 'processor';
  readonly openCalls: number;
  readonly upstreamMs: number;
  /** Rates that the peak is looked for at. */
  readonly peakRates: readonly number[];
  /** How many times the peak is offered. */
  readonly overloads: readonly number[];
  readonly overloadMs: number;
  /** Beyond so many unanswered requests the generator cannot send one when it is due. */
  readonly connectionsMax: number;
};

const PEAK_MS = 5_000;
const NORMAL_MS = 15_000;
const NORMAL_SHARE = 0.7;

export type OverloadFigures = {
  readonly capacity: string;
  readonly openCalls: number;
  readonly upstreamMs: number;
  readonly peakPerSecond: number;
  readonly overload: number;
  readonly offeredPerSecond: number;
  readonly seconds: number;
  readonly goodput: number;
  readonly normalP99Ms: number;
  readonly acceptedP99Ms: number;
  readonly p99Ratio: number;
  readonly refusedP50Ms: number;
  readonly refusedP99Ms: number;
  readonly recoveryS: number;
  readonly probeMaxMs: number;
  readonly broken: number;
  readonly unsent: number;
  readonly busy: number;
};

type Bench = { readonly port: number; readonly key: string; readonly pids: readonly number[]; readonly cores: Cores };

/** @param share of the full times, for a run that only tries. */
export async function measureOverload(
  one: OverloadCase,
  workDir: string,
  cores: Cores,
  share: number,
): Promise<OverloadFigures[]> {
  const upstreamPort = freePort();
  const upstreamCommand = [process.execPath, join(import.meta.dir, '..', 'upstream.ts'), String(upstreamPort)];
  const log = (name: string) => join(workDir, `${one.capacity}-${name}.log`);
  await using upstream = new PinnedProcess({
    name: 'upstream',
    command: [...upstreamCommand, '0', String(one.upstreamMs)],
    core: cores.load,
    logFile: log('upstream'),
  });
  await upstream.waitUntil(() => isListening(upstreamPort), START_LIMIT_MS);
  const port = freePort();
  const dataDir = join(workDir, one.capacity);
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'bench.yaml'), configOf(one));
  const environment = { ...tolmachEnvironment(port, dataDir, upstreamPort), TOLMACH_ADMIN_TOKEN: ADMIN_TOKEN };
  await using gateway = new PinnedProcess({
    name: 'tolmach',
    command: tolmachCommand('start'),
    core: cores.target,
    environment,
    logFile: log('tolmach'),
  });
  await gateway.waitUntil(() => isReady(port), START_LIMIT_MS);
  const bench = { port, key: await makeKey(port), pids: gateway.pids, cores };
  const figures = await measure(one, bench, share);
  const audit = await askAdmin(port, 'POST', 'audit');
  const { openHolds } = audit['counted'] as { openHolds: number };
  if (audit['ok'] !== true || openHolds > 0) throw new Error(`the audit after the run: ${JSON.stringify(audit)}`);
  return figures;
}

async function measure(one: OverloadCase, bench: Bench, share: number): Promise<OverloadFigures[]> {
  const peaks = await run(
    one,
    bench,
    one.peakRates.map((perSecond, i) => ({ name: `peak ${i}`, perSecond, ms: PEAK_MS * share })),
  );
  const peak = Math.max(...peaks.map(perSecondOf));
  const figures: OverloadFigures[] = [];
  for (const overload of one.overloads) {
    const normalRate = peak * NORMAL_SHARE;
    const [normal, over, after] = (await run(one, bench, [
      { name: 'normal', perSecond: normalRate, ms: NORMAL_MS * share },
      { name: 'overload', perSecond: peak * overload, ms: one.overloadMs * share },
      { name: 'recovery', perSecond: normalRate, ms: NORMAL_MS },
    ])) as [PhaseResult, PhaseResult, PhaseResult];
    figures.push(figuresOf(one, peak, overload, normal, over, after));
  }
  return figures;
}

function figuresOf(
  { capacity, openCalls, upstreamMs }: OverloadCase,
  peak: number,
  overload: number,
  normal: PhaseResult,
  over: PhaseResult,
  after: PhaseResult,
): OverloadFigures {
  return {
    capacity,
    openCalls,
    upstreamMs,
    peakPerSecond: peak,
    overload,
    offeredPerSecond: (over.offered / over.elapsedMs) * 1_000,
    seconds: over.elapsedMs / 1_000,
    goodput: perSecondOf(over) / peak,
    normalP99Ms: normal.goodP99Us / 1_000,
    acceptedP99Ms: over.goodP99Us / 1_000,
    p99Ratio: over.goodP99Us / normal.goodP99Us,
    refusedP50Ms: over.refusedP50Us / 1_000,
    refusedP99Ms: over.refusedP99Us / 1_000,
    recoveryS: recoverySeconds(after, normal.goodP99Us),
    probeMaxMs: over.probeMaxMs,
    broken: normal.broken + over.broken + after.broken,
    unsent: over.unsent,
    busy: over.cpuUs / 1_000 / over.elapsedMs,
  };
}

/** The seconds until one in which nothing was refused and the slowest were as quick as twice the normal. */
function recoverySeconds({ seconds }: PhaseResult, normalP99Us: number): number {
  const at = seconds.findIndex(
    ({ good, goodP99Us, refused }) => refused === 0 && good > 0 && goodP99Us <= 2 * normalP99Us,
  );
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

function perSecondOf({ good, elapsedMs }: PhaseResult): number {
  return (good / elapsedMs) * 1_000;
}

async function run(
  { connectionsMax }: OverloadCase,
  { port, key, pids, cores }: Bench,
  phases: readonly Phase[],
): Promise<PhaseResult[]> {
  const headers = { authorization: `Bearer ${key}` };
  const job: OverloadJob = {
    to: { port, path: CHAT_PATH, headers, body: callBody(PUBLIC_MODEL), pids },
    connectionsMax,
    phases,
    probes: ['/livez', '/readyz', '/metrics', '/admin/v1/plans'],
    probeHeaders: { authorization: `Bearer ${ADMIN_TOKEN}` },
  };
  // The generator leaves the upstream on its core what that needs: a starved upstream would look like a slow gateway.
  const command = [
    'nice',
    '-n',
    '10',
    process.execPath,
    join(import.meta.dir, '..', 'load', 'overload.ts'),
    JSON.stringify(job),
  ];
  return JSON.parse(
    await runToEnd({ name: 'load (overload)', command, core: cores.load, limitMs: JOB_LIMIT_MS }),
  ) as PhaseResult[];
}

async function makeKey(port: number): Promise<string> {
  const { id } = await askAdmin(port, 'POST', 'accounts', { email: 'overload@bench.invalid', plan: 'bench' });
  await askAdmin(port, 'POST', `accounts/${String(id)}/grants`, { requests: 1_000_000_000 });
  return String((await askAdmin(port, 'POST', `accounts/${String(id)}/keys`, {}))['key']);
}

async function askAdmin(port: number, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`admin ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** The caller's own bounds lie above the load: what refuses is the gateway's lack of room. */
function configOf({ openCalls }: OverloadCase): string {
  return JSON.stringify({
    models: [{ name: PUBLIC_MODEL, targets: [{ provider: 'openai', model: UPSTREAM_MODEL }] }],
    plans: [
      {
        id: 'bench',
        name: 'Bench',
        callsAtOnce: { perKey: 100_000, perAccount: 100_000 },
        maxInputChars: 10_000,
        prices: [{ requests: 2 }],
        limits: [{ name: 'chat', perMinute: 10_000_000, perDay: 1_000_000_000 }],
      },
    ],
    bounds: { openCalls },
  });
}
