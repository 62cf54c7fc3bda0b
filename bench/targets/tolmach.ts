// Tolmach with everything on: key, limits, hold, settle and the durable usage record, on a real disk and with the
// default log level. The plan's limits and the grant lie far above the load, so that all of it works and nothing refuses.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, PinnedProcess, runToEnd } from '../pinned-process.ts';
import { CLAUDE_MODEL, PUBLIC_MODEL, UPSTREAM_CLAUDE, UPSTREAM_KEY, UPSTREAM_MODEL } from '../workload.ts';
import { BUN_ENVIRONMENT } from './bare.ts';
import type { RunningTarget, Surroundings, Target } from './target.ts';
import { CHAT_PATH, START_LIMIT_MS } from './target.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** An audit reads the whole ledger of the run. */
const COMMAND_LIMIT_MS = 120_000;
const PACK_REQUESTS = 1_000_000_000;

export const tolmach: Target = {
  name: 'tolmach',
  async start(surroundings) {
    return startTolmach(surroundings);
  },
};

/** Bun itself, not the launcher, so that only the program is measured. */
export function tolmachCommand(...rest: readonly string[]): string[] {
  return [process.execPath, join(REPOSITORY, 'src', 'cli', 'main.ts'), ...rest];
}

/** The environment of a server on `dataDir`; the upstream's port is only needed where calls are made. */
export function tolmachEnvironment(port: number, dataDir: string, upstreamPort = 9): Record<string, string> {
  return {
    ...BUN_ENVIRONMENT,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    CONFIG: join(dataDir, 'bench.yaml'),
    OPENAI_API_KEY: UPSTREAM_KEY,
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    ANTHROPIC_API_KEY: UPSTREAM_KEY,
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
  };
}

export async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
  } catch {
    return false;
  }
}

export function tolmachDataDir(workDir: string): string {
  return join(workDir, 'tolmach');
}

async function startTolmach({ upstreamPort, workDir, cores }: Surroundings): Promise<RunningTarget> {
  const port = freePort();
  const dataDir = tolmachDataDir(workDir);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'bench.yaml'), CONFIG);
  const environment = tolmachEnvironment(port, dataDir, upstreamPort);
  const logFile = join(workDir, 'tolmach.log');
  const command = tolmachCommand('start');
  const process_ = new PinnedProcess({ name: 'tolmach', command, core: cores.target, environment, logFile });
  await process_.waitUntil(() => isReady(port), START_LIMIT_MS);
  const { key, accountId } = await createKey(environment);
  return {
    name: 'tolmach',
    port,
    callPath: CHAT_PATH,
    streamPath: CHAT_PATH,
    headers: { authorization: `Bearer ${key}` },
    model: PUBLIC_MODEL,
    process: process_,
    check: () => checkLedger(environment, accountId),
  };
}

/** Every invariant of the ledger must hold, and the calls must have been charged: a free call would be a cheap one. */
async function checkLedger(environment: Record<string, string>, accountId: string): Promise<void> {
  const audit = await administer(environment, 'audit');
  if (audit['ok'] !== true) throw new Error(`the audit after the run failed: ${JSON.stringify(audit)}`);
  const balance = await administer(environment, 'balance', '--account', accountId);
  const left = Number(balance['requests']);
  if (!(left < PACK_REQUESTS)) throw new Error(`nothing was charged: ${left} of ${PACK_REQUESTS} requests are left`);
}

/** A fresh account with a large pack, and a key for it. */
async function createKey(environment: Record<string, string>): Promise<{ accountId: string; key: string }> {
  const email = `bench-${crypto.randomUUID()}@bench.invalid`;
  const account = await administer(environment, 'account', 'create', '--email', email, '--plan', 'bench');
  const accountId = String(account['id']);
  await administer(environment, 'grant', '--account', accountId, '--requests', String(PACK_REQUESTS));
  const key = await administer(environment, 'key', 'create', '--account', accountId);
  return { accountId, key: String(key['key']) };
}

export async function administer(
  environment: Record<string, string>,
  ...words: readonly string[]
): Promise<Record<string, unknown>> {
  const command = tolmachCommand(...words, '--json');
  const name = `tolmach ${words[0]}`;
  const out = await runToEnd({ name, command, core: undefined, environment, limitMs: COMMAND_LIMIT_MS });
  return JSON.parse(out) as Record<string, unknown>;
}

const CONFIG = `
models:
  - name: ${PUBLIC_MODEL}
    targets: [{ provider: openai, model: ${UPSTREAM_MODEL} }]
  - name: ${CLAUDE_MODEL}
    targets: [{ provider: anthropic, model: ${UPSTREAM_CLAUDE} }]
plans:
  - id: bench
    name: Bench
    dailyRequests: 20
    callsAtOnce: { perKey: 10000, perAccount: 10000 }
    maxInputChars: 10000
    prices: [{ dialects: [openai, anthropic], endpoints: [chat], requests: 2 }]
    limits: [{ name: chat, dialects: [openai, anthropic], endpoints: [chat], perMinute: 10000000, perDay: 1000000000 }]
`;
