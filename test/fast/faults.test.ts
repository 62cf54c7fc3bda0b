// Every row of the fault table, caused by a fault upstream behind the real gateway, over real sockets: for each kind of
// call and each protocol family the status, the code, the shape of the answer, the calls that the providers received,
// what became of the hold, and what was counted as the operator's loss.
//
// Each probe has models of its own, so that all of them can run at once and none meets the cool-down of another.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { CallReport } from '../../src/pipeline/gateway.ts';
import type { UsageRow } from '../../src/store/store.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import { ANSWER_CASES } from '../../src/testing/faults/answer-cases.ts';
import type { Family, Seen } from '../../src/testing/faults/family.ts';
import { FAMILIES } from '../../src/testing/faults/family.ts';
import type { FaultCase } from '../../src/testing/faults/fault-case.ts';
import type { CallKind, HoldEnd, Outcome } from '../../src/testing/faults/fault-row.ts';
import { CALL_KINDS } from '../../src/testing/faults/fault-row.ts';
import { FAULT_TABLE, faultRow } from '../../src/testing/faults/fault-table.ts';
import { STREAM_CASES } from '../../src/testing/faults/stream-cases.ts';
import { SELF_SIGNED } from '../../src/testing/test-certificates.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const PER_IMAGE = 3_000_000;
const INPUT_PRICE = 50;
const OUTPUT_PRICE = 200;
/** How often a task is tried with one provider that never does any better. */
const TASK_TRIES = { safe: 5, once: 3, never: 1 } as const;
const PROBES_AT_ONCE = 80;

const CASES = [...ANSWER_CASES, ...STREAM_CASES];

type Probe = {
  readonly one: FaultCase;
  readonly kind: CallKind;
  readonly providers: 'one' | 'both';
  readonly model: string;
  readonly outcome: Outcome;
};
type Observed = Seen & { readonly calls: readonly [first: number, second: number]; report: CallReport; row: UsageRow };

const retryOf = (one: FaultCase) => one.retry ?? faultRow(one.row).retry;

/** Whether another provider is asked: never for what is served or began to be, and for a picture only safely. */
function isAskedElsewhere({ one, kind, outcome: { status, code } }: Probe): boolean {
  if (code === null || status === 200) return false;
  return retryOf(one) === 'safe' || (retryOf(one) === 'once' && kind !== 'image');
}

/** What the table says of a case, if this kind of call can meet it. */
function outcomeOf(one: FaultCase, kind: CallKind, { isTranslated }: Family): Outcome | null {
  if (one.kinds?.includes(kind) === false) return null;
  if (isTranslated && one.endTranslated !== undefined) return one.endTranslated;
  return one.ends?.[kind] ?? faultRow(one.row).ends[kind];
}

function probesOf(family: Family): Probe[] {
  return CASES.flatMap((one, i) => {
    if (one.family !== undefined && one.family !== family.shapes.family) return [];
    return family.kinds.flatMap((kind) => {
      const outcome = outcomeOf(one, kind, family);
      if (outcome === null) return [];
      const probe = (providers: Probe['providers']): Probe => ({
        one,
        kind,
        providers,
        outcome,
        model: `${i}.${kind}.${providers}`,
      });
      return [probe('one'), probe('both')];
    });
  });
}

describe.each(FAMILIES.map((family) => [family.name, family] as const))('%s:', (_, family) => {
  const probes = probesOf(family);
  const byModel = new Map(probes.map((probe) => [probe.model, probe]));
  const observed = new Map<string, Observed>();
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => void unhandled.push(error);
  let gateway: TestGateway;
  let untrusted: FaultUpstream;
  let refusing: FaultUpstream;
  let customer: Customer;

  beforeAll(async () => {
    process.on('unhandledRejection', onUnhandled);
    [untrusted, refusing] = await Promise.all([FaultUpstream.start(SELF_SIGNED), FaultUpstream.start()]);
    await refusing.refuse();
    gateway = await startGateway(family, probes, (first) => ({
      unresolved: 'http://nobody.invalid/v1',
      refused: refusing.baseUrl,
      // An address of documentation (RFC 5737): packets to it go nowhere.
      unconnected: 'http://192.0.2.1/v1',
      untrusted: untrusted.baseUrl,
      plain: first.baseUrl.replace('http:', 'https:'),
    }));
    customer = await gateway.customer('faults', { rub: '1000000' });
    gateway.upstream.answer = (call) => {
      const probe = byModel.get(call.body.model ?? '');
      if (probe === undefined || typeof probe.one.cause === 'string') throw new Error('no probe asks for this');
      return probe.one.cause({ kind: probe.kind, shapes: family.shapes });
    };
    await observeAll();
  }, 60_000);

  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    await gateway.stop();
    await Promise.all([untrusted.stop(), refusing.stop()]);
  });

  async function observeAll(): Promise<void> {
    const reports = new Map<string, CallReport>();
    const { report } = gateway.running.gateway;
    const tell = report.call.bind(report);
    report.call = (told) => {
      reports.set(told.model, told);
      tell(told);
    };
    const seen = new Map<string, Seen>();
    const queue = [...probes];
    const work = async () => {
      for (let probe = queue.shift(); probe !== undefined; probe = queue.shift())
        seen.set(probe.model, await family.ask(gateway, customer, probe));
    };
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, work));
    await gateway.auditAtRest();
    const rows = new Map((await allUsage()).map((row) => [row.model, row]));
    for (const { model } of probes) {
      const calls = gateway.upstreams.map(
        (upstream) => upstream.calls.filter((call) => call.body.model === model).length,
      ) as unknown as readonly [number, number];
      observed.set(model, {
        ...(seen.get(model) as Seen),
        calls,
        report: reports.get(model) as CallReport,
        row: rows.get(model) as UsageRow,
      });
    }
  }

  async function allUsage(): Promise<UsageRow[]> {
    const all: UsageRow[] = [];
    for (let before = '~'; ; before = all.at(-1)?.callId ?? '') {
      const path = `accounts/${customer.accountId}/usage?limit=1000&before=${before}`;
      const { calls } = await gateway.admin<{ calls: UsageRow[] }>('GET', path);
      all.push(...calls);
      if (calls.length < 1000) return all;
    }
  }

  const names = probes
    .filter((probe) => probe.providers === 'one')
    .map(({ one, kind, model }) => [`${one.row} ${one.name}, ${kind}`, model] as const);

  test.each(names)('%s: ends as the table says', (_name, model) => {
    const probe = byModel.get(model) as Probe;
    const { outcome } = probe;
    const got = observed.get(model) as Observed;
    expect({ status: got.status, code: got.code }).toEqual({ status: outcome.status, code: outcome.code });
    const isBadConnection = typeof probe.one.cause === 'string';
    const tries = probe.kind !== 'task' ? 1 : outcome.code === null ? 1 : TASK_TRIES[retryOf(probe.one)];
    expect(got.calls).toEqual([isBadConnection ? 0 : tries, 0]);
    expectShape(got, outcome);
    if (probe.one.retryAfterS !== undefined && probe.kind !== 'task')
      expect(got.headers.get('retry-after')).toBe(String(probe.one.retryAfterS));
    expectMoney(got, outcome.hold, probe.kind);
    expect(got.report.unpaidAttempts).toBe(outcome.hold === 'loss' ? tries : 0);
  });

  test.each(names)('%s: another provider is asked if and only if the table says so', (_name, model) => {
    const probe = byModel.get(model.replace(/one$/, 'both')) as Probe;
    const { outcome } = probe;
    const got = observed.get(probe.model) as Observed;
    const isAsked = isAskedElsewhere(probe);
    const isBadConnection = typeof probe.one.cause === 'string';
    const wanted = isAsked ? (faultRow('F39').ends[probe.kind] as Outcome) : outcome;
    expect({ status: got.status, code: got.code }).toEqual({ status: wanted.status, code: wanted.code });
    const firstTries = probe.kind === 'task' && !isAsked && outcome.code !== null ? TASK_TRIES[retryOf(probe.one)] : 1;
    expect(got.calls).toEqual([isBadConnection ? 0 : firstTries, isAsked ? 1 : 0]);
    expectShape(got, wanted);
    expectMoney(got, wanted.hold, probe.kind);
    const wasOnce = isAsked && retryOf(probe.one) === 'once';
    expect(got.report.unpaidAttempts).toBe(wasOnce ? 1 : wanted.hold === 'loss' ? firstTries : 0);
  });

  test('no error was left unhandled, no hold is open, and every invariant of the ledger holds', async () => {
    expect(unhandled).toEqual([]);
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: probes.length } });
  });

  test('no call reached a server that could not prove who it is', () => {
    expect(untrusted.calls).toEqual([]);
  });
});

async function startGateway(
  family: Family,
  probes: readonly Probe[],
  badConnections: (first: FaultUpstream) => Readonly<Record<string, string>>,
): Promise<TestGateway> {
  const gateway = await TestGateway.start({
    upstreams: 2,
    config: ([first, second]) => {
      const addresses = { first: first?.baseUrl, second: second?.baseUrl, ...badConnections(first as FaultUpstream) };
      return {
        providers: Object.entries(addresses).map(([name, baseUrl]) => ({
          name,
          baseUrl,
          apiKey: 'key',
          ...family.provider,
        })),
        models: probes.map(({ one, kind, providers, model }) => ({
          name: model,
          kind: kind === 'image' ? 'image' : 'text',
          targets: [
            { provider: typeof one.cause === 'string' ? one.cause : 'first', model, priority: 0 },
            ...(providers === 'both' ? [{ provider: 'second', model, priority: 1 }] : []),
          ],
        })),
        plans: [
          {
            id: 'faults',
            name: 'Faults',
            prices: [
              { endpoints: ['image'], microRub: { perImage: PER_IMAGE } },
              { microRub: { inputPerMTok: INPUT_PRICE * 1e6, outputPerMTok: OUTPUT_PRICE * 1e6 } },
            ],
          },
        ],
        tasks: { concurrency: 100, perAccount: 100 },
        bounds: { answerBytes: 300_000, streamBytes: 300_000, eventChars: 20_000 },
        timeouts: { connectMs: 400, firstByteMs: 600, idleMs: 600, callMs: 3_500 },
      };
    },
  });
  // A task's pauses are a matter of the task runner's own tests.
  Object.assign(gateway.running.gateway, { sleep: () => Bun.sleep(1) });
  return gateway;
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
  else if (kind === 'image') expect(row.charge).toBe(PER_IMAGE);
  else {
    const { source, inputTokens, outputTokens } = row.usage as NonNullable<UsageRow['usage']>;
    expect(source).toBe(hold === 'usage' ? 'exact' : 'estimated');
    expect(outputTokens).toBeGreaterThan(0);
    expect(row.charge).toBe(Math.min(row.held, INPUT_PRICE * inputTokens + OUTPUT_PRICE * outputTokens));
  }
}

test('every row that a provider can cause is caused, for each kind of call that can meet it', () => {
  const caused = new Set(
    CASES.flatMap((one) =>
      CALL_KINDS.filter((kind) => (one.kinds ?? CALL_KINDS).includes(kind)).map((kind) => `${one.row} ${kind}`),
    ),
  );
  const missing = FAULT_TABLE.filter((row) => row.provedBy === undefined).flatMap((row) =>
    CALL_KINDS.filter((kind) => row.ends[kind] !== null && !caused.has(`${row.id} ${kind}`)).map(
      (kind) => `${row.id} ${kind}`,
    ),
  );
  expect(missing).toEqual([]);
});
