// The long campaign of bad requests against a gateway in a process of its own: `npm run test:fuzz`, with `CASES` and
// `SEED`. A failing case is printed with its seed, its number and its bytes; it belongs into test/fuzz/regressions.ts.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import type { CampaignReport } from '../fuzz/campaign.ts';
import { runCampaign } from '../fuzz/campaign.ts';
import { FUZZED_SETTINGS, openCredentials } from '../fuzz/fuzzed-gateway.ts';
import { readLoopFigures } from '../fuzz/loop-figures.ts';
import { validRequests } from '../fuzz/valid-requests.ts';

const CASES = Number(process.env['CASES'] ?? (process.env['SLICE'] === 'ci' ? 30_000 : 1_000_000));
const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** The gateway has seen all kinds of requests when its memory is measured for the first time. */
const WARM_CASES = Math.min(100_000, Math.ceil(CASES / 4));
/** What computes for long in the first second is the runtime, which compiles the program. These cases are sent again. */
const FIRST_CASES = 2_000;
const LANES = 64;
const GROWTH_MAX_BYTES = 64 * 1024 * 1024;
const PROBE_MS = 50;
const REST_MS = 10_000;

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  folder = new GatewayFolder([upstream], FUZZED_SETTINGS);
  gateway = await folder.start({ LOG_LEVEL: 'error' });
});
afterAll(async () => {
  await gateway.kill();
  await upstream.stop();
  folder.remove();
});

test(`${CASES} bad requests of seed ${SEED}: no crash, no failure of ours, no stall, nothing left behind`, async () => {
  const valid = await validRequests();
  const credentials = await openCredentials(gateway);
  const port = Number(new URL(gateway.url).port);
  const run = (first: number, count: number) =>
    runCampaign({ port, valid, credentials, seed: SEED, first, count, lanes: LANES });
  const forgetting = setInterval(() => upstream.clear(), 100);
  const probe = startProbe();
  const startedMs = performance.now();
  await run(0, FIRST_CASES);
  const began = await readLoopFigures(gateway.url);
  const warm = await run(0, WARM_CASES);
  const warmBytes = await restingBytes();
  const rest = await run(WARM_CASES, CASES - WARM_CASES);
  const elapsedS = (performance.now() - startedMs) / 1000;
  clearInterval(forgetting);
  const probes = await probe.stop();
  const restBytes = await restingBytes();
  const figures = await readLoopFigures(gateway.url);
  const stalls = figures.stalls - began.stalls;
  tell(warm, rest, { elapsedS, probes, ...figures, stalls, warmMb: warmBytes / 1e6, restMb: restBytes / 1e6 });
  expect([...warm.failures, ...rest.failures]).toEqual([]);
  expect(figures.alarms).toEqual([]);
  expect(stalls).toBe(0);
  expect(probes.failed).toBe(0);
  expect(restBytes - warmBytes).toBeLessThan(GROWTH_MAX_BYTES);
  expect(await auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  expect((await gateway.child.told()).trim()).toBe('');
}, 3_600_000);

/** Asks whether the gateway lives, on connections of its own, as a watcher of processes does. */
function startProbe() {
  let isOn = true;
  let sent = 0;
  let failed = 0;
  const running = (async () => {
    while (isOn) {
      sent++;
      const answer = await fetch(`${gateway.url}/livez`).catch(() => undefined);
      if (answer?.status !== 200) failed++;
      await answer?.text();
      await Bun.sleep(PROBE_MS);
    }
  })();
  return {
    async stop() {
      isOn = false;
      await running;
      return { sent, failed };
    },
  };
}

/** The least memory over some seconds of rest, in which the runtime gives back what it does not need. */
async function restingBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (const untilMs = performance.now() + REST_MS; performance.now() < untilMs; await Bun.sleep(500))
    least = Math.min(least, await gateway.residentBytes());
  return least;
}

/** Tasks that were accepted may still run for a while. */
async function auditAtRest() {
  for (const untilMs = performance.now() + 120_000; ; await Bun.sleep(500)) {
    const report = await gateway.audit();
    if (report.counted.openHolds === 0 || performance.now() > untilMs) return report;
  }
}

function tell(warm: CampaignReport, rest: CampaignReport, figures: Readonly<Record<string, unknown>>): void {
  const statuses: Record<number, number> = {};
  for (const [status, count] of [...warm.statuses, ...rest.statuses])
    statuses[status] = (statuses[status] ?? 0) + count;
  const sent = warm.sent + rest.sent;
  const unanswered = warm.unanswered + rest.unanswered;
  process.stdout.write(`${JSON.stringify({ seed: SEED, sent, unanswered, statuses, ...figures })}\n`);
}
