// Every row of the fault table, caused by a fault upstream behind the real gateway, over real sockets: for each kind of
// call and each protocol family the status, the code, the shape of the answer, the calls that the providers received,
// what became of the hold, and what was counted as the operator's loss.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { UsageRow } from '../../src/store/store.ts';
import { FAMILIES, JOB_FAMILIES } from '../../src/testing/faults/family.ts';
import type { CallKind, HoldEnd, Outcome } from '../../src/testing/faults/fault-row.ts';
import { CALL_KINDS } from '../../src/testing/faults/fault-row.ts';
import type { Observed, Probe } from '../../src/testing/faults/fault-run.ts';
import { alarmOf, FAULT_CASES, FaultRun, PRICES, retryOf } from '../../src/testing/faults/fault-run.ts';
import { FAULT_TABLE, faultRow } from '../../src/testing/faults/fault-table.ts';
import type { JobAsked } from '../../src/testing/faults/job-upstream.ts';

/** How often a task is tried with one provider that never does any better. */
const TASK_TRIES = { safe: 5, once: 3, never: 1 } as const;

const runs = [...FAMILIES, ...JOB_FAMILIES].map((family) => [family.name, new FaultRun(family)] as const);
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => void unhandled.push(error);

// All families at once: most of the time is spent on waiting for limits to pass.
beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  await Promise.all(runs.map(([, run]) => run.start().then(() => run.observe())));
}, 60_000);
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await Promise.all(runs.map(([, run]) => run.stop()));
});

describe.each(runs)('%s:', (_, run) => {
  const alone = run.probes
    .filter(({ providers }) => providers === 'alone')
    .map((probe) => [`${probe.one.row} ${probe.one.name}, ${probe.kind}`, probe] as const);

  test.each(alone)('%s: ends as the table says', (_name, probe) => {
    const { one, kind, outcome } = probe;
    const got = run.observed(probe);
    expect({ status: got.status, code: got.code }).toEqual({ status: outcome.status, code: outcome.code });
    expect(got.calls).toEqual([callsSeen(probe, triesOf(probe)), 0]);
    expectShape(got, outcome);
    if (one.retryAfterS !== undefined && kind !== 'task')
      expect(got.headers.get('retry-after')).toBe(String(one.retryAfterS));
    expectMoney(got, outcome.hold, kind);
    // Pictures are not counted in tokens, so no count of these is absurd.
    const alarm = one.row === 'F14' && isPicture(kind) ? null : alarmOf(one);
    expect(got.alarms).toEqual(alarm === null ? [] : [alarm]);
    expect(got.report.unpaidAttempts).toBe(outcome.hold === 'loss' ? triesOf(probe) : 0);
  });

  test.each(alone)('%s: another provider is asked if and only if the table says so', (_name, alike) => {
    const probe = run.twin(alike, 'both');
    const got = run.observed(probe);
    const isAsked = isAskedElsewhere(probe);
    const wanted = isAsked ? (faultRow('F39').ends[probe.kind] as Outcome) : probe.outcome;
    const tries = isAsked ? 1 : triesOf(probe);
    expect({ status: got.status, code: got.code }).toEqual({ status: wanted.status, code: wanted.code });
    expect(got.calls).toEqual([callsSeen(probe, tries), isAsked ? 1 : 0]);
    expectShape(got, wanted);
    expectMoney(got, wanted.hold, probe.kind);
    const isLoss = isAsked ? retryOf(probe.one) === 'once' : wanted.hold === 'loss';
    expect(got.report.unpaidAttempts).toBe(isLoss ? tries : 0);
  });

  const jobs = run.probes.filter(({ kind }) => kind === 'job');
  test.each(jobs.map((probe) => [`${probe.one.row} ${probe.one.name}, ${probe.providers}`, probe] as const))(
    '%s: the provider is asked as often as the table says, and a job that nobody waits for is ended',
    (_name, probe) => {
      const [first = []] = run.observed(probe).asked;
      const wanted = stepsSeen(run, probe);
      if (probe.one.asks !== Number.POSITIVE_INFINITY) expect(first).toEqual(wanted);
      else expect(first.filter((step, i) => step !== first[i - 1] || step === 'interrupt')).toEqual(wanted);
    },
  );

  test('no hold is open, no call was lost, and every invariant of the ledger holds', async () => {
    const audit = await run.gateway.auditAtRest();
    expect(audit).toMatchObject({ ok: true, counted: { openHolds: 0, calls: run.probes.length } });
  });

  test('what providers may bill for nothing is summed up for the operator', async () => {
    const text = await (await fetch(`${run.gateway.url}/metrics`)).text();
    const sums = [...text.matchAll(/^tolmach_unpaid_attempts_total\{.*\} (\d+)$/gm)].map((found) => Number(found[1]));
    const wanted = run.probes.map((probe) => run.observed(probe).report.unpaidAttempts);
    expect(sums.reduce((a, b) => a + b, 0)).toBe(wanted.reduce((a, b) => a + b, 0));
  });

  test('no call reached a server that could not prove who it is', () => {
    expect(run.callsGoneAstray).toBe(0);
  });
});

test('no error was left unhandled', () => {
  expect(unhandled).toEqual([]);
});

test('every row that a provider can cause is caused, for each kind of call that can meet it', () => {
  const isCaused = (id: string, kind: CallKind) =>
    FAULT_CASES.some(({ row, kinds }) => row === id && kinds?.includes(kind) !== false);
  const missing = FAULT_TABLE.filter((row) => row.provedBy === undefined).flatMap((row) =>
    CALL_KINDS.filter((kind) => row.ends[kind] !== null && !isCaused(row.id, kind)).map((kind) => `${row.id} ${kind}`),
  );
  expect(missing).toEqual([]);
});

const isPicture = (kind: CallKind) => kind === 'image' || kind === 'job';

/** Whether another provider is asked: never for what is served or began to be, and for a picture only safely. */
function isAskedElsewhere({ one, kind, outcome: { status, code } }: Probe): boolean {
  if (code === null || status === 200) return false;
  return retryOf(one) === 'safe' || (retryOf(one) === 'once' && !isPicture(kind));
}

/** How often the faulty provider is tried where nobody else is. */
function triesOf({ one, kind, outcome }: Probe): number {
  return kind !== 'task' || outcome.code === null ? 1 : TASK_TRIES[retryOf(one)];
}

/** No call is received over a connection that never came up, and no job is begun by a question before it. */
function callsSeen({ one }: Probe, tries: number): number {
  return typeof one.cause === 'string' || one.at === 'list' ? 0 : tries;
}

/** What the faulty provider is asked for a job: up to the fault, and on from there where all is well again. */
function stepsSeen(run: FaultRun, { one, outcome }: Probe): JobAsked[] {
  const { job } = run.shapes;
  if (job === undefined || typeof one.cause === 'string') return [];
  const at = job.instead[one.at ?? 'start'] ?? one.at ?? 'start';
  const names = job.steps.map(({ name }) => name);
  if (outcome.code === null && one.at === undefined) return names;
  const before = names.slice(0, names.indexOf(at));
  if (outcome.code === null)
    return [...before, ...Array.from({ length: one.times ?? 0 }, () => at), ...names.slice(before.length)];
  const asks = one.asks === Number.POSITIVE_INFINITY ? 1 : (one.asks ?? 1);
  const interrupts = job.interrupts?.during.includes(at) === true ? job.interrupts.count : 0;
  return [
    ...before,
    ...Array.from({ length: asks }, () => at),
    ...Array.from({ length: interrupts }, () => 'interrupt' as const),
  ];
}

/** Nothing of the provider gets through that should not: no headers, no words about our account, no made-up end. */
function expectShape(got: Observed, outcome: Outcome): void {
  expect(got.isWellFormed).toBe(true);
  expect(got.isComplete).toBe(outcome.code === null);
  expect(got.raw).not.toContain('our-secret');
  for (const name of ['set-cookie', 'location', 'content-encoding']) expect(got.headers.get(name)).toBeNull();
}

function expectMoney({ row }: Observed, hold: HoldEnd, kind: CallKind): void {
  const isFree = hold === 'void' || hold === 'loss';
  expect(row.outcome).toBe(isFree ? 'void' : 'settled');
  if (isFree) expect(row.charge).toBe(0);
  else if (isPicture(kind)) expect(row.charge).toBe(PRICES.perImage);
  else {
    const { source, inputTokens, outputTokens } = row.usage as NonNullable<UsageRow['usage']>;
    expect(source).toBe(hold === 'usage' ? 'exact' : 'estimated');
    expect(outputTokens).toBeGreaterThan(0);
    const price = PRICES.perInputToken * inputTokens + PRICES.perOutputToken * outputTokens;
    expect(row.charge).toBe(Math.min(row.held, price));
  }
}
