// Durable holds and settles through the embedded store, with limits counted and usage rows written, at several numbers
// of calls in flight. It ends with an audit, so that a fast but wrong ledger fails here.
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { CallContext, Store } from '../../src/store/store.ts';
import type { Pace } from '../pace.ts';
import { CpuMeter } from '../process-usage.ts';
import { median, percentile } from '../statistics.ts';

export type LedgerFigures = {
  readonly inFlight: number;
  readonly accounts: number;
  /** A hold and its settle are two operations. */
  readonly operationsPerSecond: number;
  readonly callsPerSecond: number;
  /** Of one durable operation, hold or settle. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerCall: number;
  /** What one small write and fsync cost on this disk, for comparison: one after another, and after a pause. */
  readonly fsyncUs: number;
  readonly fsyncAfterPauseUs: number;
};

const CASES = [
  { inFlight: 1, accounts: 1 },
  { inFlight: 8, accounts: 8 },
  { inFlight: 64, accounts: 64 },
  { inFlight: 256, accounts: 64 },
  // All calls of one account, as in the measure of calls: every decision touches the same book.
  { inFlight: 64, accounts: 1 },
  { inFlight: 256, accounts: 1 },
];
const GRANT = 1_000_000_000;
const WARM_UP_SHARE = 0.3;
const FSYNC_PROBES = 50;
/** Many disks, those of virtual machines above all, answer far later when they have just been idle. */
const PAUSE_MS = 2;

export async function measureLedgerFigures(workDir: string, pace: Pace): Promise<LedgerFigures[]> {
  const fsyncUs = await probeFsync(workDir, 0);
  const fsyncAfterPauseUs = await probeFsync(workDir, PAUSE_MS);
  const dataDir = join(workDir, 'ledger');
  mkdirSync(dataDir, { recursive: true });
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
  const { store } = await openSqliteStore({ dataDir, timeZone: 'Europe/Moscow', clock, maxWaiting: 10_000 });
  try {
    await createAccounts(store, Math.max(...CASES.map((c) => c.accounts)));
    const figures: LedgerFigures[] = [];
    for (const { inFlight, accounts } of CASES) {
      await work(store, inFlight, accounts, pace.ledgerMs * WARM_UP_SHARE);
      figures.push({
        inFlight,
        accounts,
        fsyncUs,
        fsyncAfterPauseUs,
        ...(await work(store, inFlight, accounts, pace.ledgerMs)),
      });
    }
    const report = await store.audit();
    if (!report.ok) throw new Error(`the audit found ${JSON.stringify(report.findings.slice(0, 5))}`);
    return figures;
  } finally {
    await store.close();
  }
}

async function createAccounts(store: Store, count: number): Promise<void> {
  const createdAtMs = Date.now();
  for (let i = 0; i < count; i++) {
    const accountId = accountName(i);
    const account = { accountId, email: `${accountId}@bench.invalid`, planId: 'bench', status: 'active', createdAtMs };
    await store.write({ kind: 'createAccount', account: { ...account, status: 'active' } });
    const grant = { accountId, bucketKind: 'pack', unit: 'requests', amount: GRANT, expiresAtMs: null } as const;
    await store.write({ kind: 'grant', grantId: `grant-${accountId}`, source: 'bench', ...grant });
  }
}

async function work(store: Store, inFlight: number, accounts: number, forMs: number) {
  const latenciesUs: number[] = [];
  const cpu = new CpuMeter([process.pid]);
  const startedMs = performance.now();
  const untilMs = startedMs + forMs;
  let calls = 0;
  const worker = async (i: number) => {
    const accountId = accountName(i % accounts);
    while (performance.now() < untilMs) {
      await holdAndSettle(store, accountId, latenciesUs);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, i) => worker(i)));
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    operationsPerSecond: (calls * 2) / seconds,
    callsPerSecond: calls / seconds,
    p50Us: percentile(latenciesUs, 0.5),
    p99Us: percentile(latenciesUs, 0.99),
    cpuUsPerCall: cpu.elapsedUs() / calls,
  };
}

async function holdAndSettle(store: Store, accountId: string, latenciesUs: number[]): Promise<void> {
  const callId = Bun.randomUUIDv7();
  const admittedAtMs = Date.now();
  const claims = [{ subject: `${accountId}|chat`, perMinute: GRANT, perDay: GRANT }];
  const context: CallContext = { ...CONTEXT, keyId: `key-${accountId}`, admittedAtMs };
  const startedMs = performance.now();
  const hold = { kind: 'hold', callId, accountId, unit: 'requests', amount: 2, dailyRequests: 0, claims } as const;
  const held = await store.write({ ...hold, context });
  if (held.kind !== 'held') throw new Error(`a hold answered ${held.kind}`);
  const heldMs = performance.now();
  const record = { ...context, ...RECORD, durationMs: 12 };
  const settle = { kind: 'settle', callId, accountId, outcome: 'settled', charge: 2 } as const;
  const settled = await store.write({ ...settle, record });
  if (settled.kind !== 'final' || settled.final.charge !== 2) throw new Error(`a settle answered ${settled.kind}`);
  latenciesUs.push((heldMs - startedMs) * 1000, (performance.now() - heldMs) * 1000);
}

const CONTEXT = { dialect: 'openai', endpoint: 'chat', model: 'bench-model', priceVersion: 'bench/1' };
const RECORD = {
  unpaidAttempts: 0,
  costMicroRub: 1_234,
  countedTokens: 40,
  provider: 'openai',
  upstreamModel: 'gpt-4o-mini',
  usage: {
    source: 'exact',
    inputTokens: 61,
    cachedInputTokens: 0,
    outputTokens: 58,
    reasoningTokens: 0,
    images: 0,
  },
  status: 200,
  errorCode: null,
  attempts: 1,
  firstByteMs: 9,
} as const;

function accountName(i: number): string {
  return `bench-${i}`;
}

async function probeFsync(workDir: string, pauseMs: number): Promise<number> {
  const file = openSync(join(workDir, 'fsync-probe'), 'w');
  const block = Buffer.alloc(4096, 1);
  const tookUs: number[] = [];
  for (let i = 0; i < FSYNC_PROBES; i++) {
    const startedMs = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    tookUs.push((performance.now() - startedMs) * 1000);
    if (pauseMs > 0) await Bun.sleep(pauseMs);
  }
  closeSync(file);
  return median(tookUs);
}
