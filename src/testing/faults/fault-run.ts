// Causes every fault of the table for one family, all at once, and writes down what was seen of each from all sides: by
// the client, by the providers, in the usage record and in the report to the operator.
//
// Each probe has a model of its own, and with it health of its own: none meets the cool-down of another.
import type { CallReport } from '../../pipeline/gateway.ts';
import type { UsageRow } from '../../store/store.ts';
import type { Script } from '../fault-scripts.ts';
import { FaultUpstream } from '../fault-upstream.ts';
import { SELF_SIGNED } from '../test-certificates.ts';
import type { Customer } from '../test-gateway.ts';
import { TestGateway } from '../test-gateway.ts';
import { ANSWER_CASES } from './answer-cases.ts';
import { CONNECTION_CASES } from './connection-cases.ts';
import type { Family, Seen } from './family.ts';
import type { FaultCase } from './fault-case.ts';
import type { CallKind, Outcome, Retry } from './fault-row.ts';
import { faultRow } from './fault-table.ts';
import { JOB_CASES } from './job-cases.ts';
import type { JobAsked } from './job-upstream.ts';
import { JobSite } from './job-upstream.ts';
import { STREAM_CASES } from './stream-cases.ts';

export const PRICES = { perImage: 3_000_000, perInputToken: 50, perOutputToken: 200 };
const PROBES_AT_ONCE = 80;

export const FAULT_CASES: readonly FaultCase[] = [...ANSWER_CASES, ...STREAM_CASES, ...CONNECTION_CASES, ...JOB_CASES];

/** One case for one kind of call, with the faulty provider alone or with a sound one behind it. */
export type Probe = {
  readonly one: FaultCase;
  readonly kind: CallKind;
  readonly providers: 'alone' | 'both';
  readonly model: string;
  /** What the table says of it where nobody else is asked. */
  readonly outcome: Outcome;
};

export type Observed = Seen & {
  /** Calls that the faulty and the sound provider received; of jobs, how many were begun. */
  readonly calls: readonly number[];
  /** What they were asked for a job. */
  readonly asked: readonly (readonly JobAsked[])[];
  readonly report: CallReport;
  /** Of what the operator was told. */
  readonly alarms: readonly string[];
  readonly row: UsageRow;
};

export const alarmOf = (one: FaultCase) => (one.alarm === undefined ? faultRow(one.row).alarm : one.alarm) ?? null;
export const retryOf = (one: FaultCase): Retry => one.retry ?? faultRow(one.row).retry;

function outcomeOf(one: FaultCase, kind: CallKind, { isTranslated }: Family): Outcome | null {
  if (one.kinds?.includes(kind) === false) return null;
  if (isTranslated && one.endTranslated !== undefined) return one.endTranslated;
  return one.ends?.[kind] ?? faultRow(one.row).ends[kind];
}

export function probesOf(family: Family): Probe[] {
  return FAULT_CASES.flatMap((one, i) => {
    if (one.family !== undefined && one.family !== family.shapes.family) return [];
    return family.kinds.flatMap((kind) => {
      const outcome = outcomeOf(one, kind, family);
      if (outcome === null) return [];
      const common = { one, kind, outcome };
      return (['alone', 'both'] as const).map((providers) => ({
        ...common,
        providers,
        model: `${i}.${kind}.${providers}`,
      }));
    });
  });
}

export class FaultRun {
  readonly probes: readonly Probe[];
  readonly #family: Family;
  readonly #observed = new Map<string, Observed>();
  #gateway: TestGateway | undefined;
  #jobs: JobSite | undefined;
  /** Servers that must never get a call. */
  #untouched: FaultUpstream[] = [];

  constructor(family: Family) {
    this.#family = family;
    this.probes = probesOf(family);
  }

  get shapes(): Family['shapes'] {
    return this.#family.shapes;
  }

  get gateway(): TestGateway {
    if (this.#gateway === undefined) throw new Error('the run has not begun');
    return this.#gateway;
  }

  /** Calls that reached a server which cannot prove who it is, or which refuses. */
  get callsGoneAstray(): number {
    return this.#untouched.reduce((sum, upstream) => sum + upstream.calls.length, 0);
  }

  observed({ model }: Probe): Observed {
    const observed = this.#observed.get(model);
    if (observed === undefined) throw new Error(`nothing was seen of ${model}`);
    return observed;
  }

  /** The same case and kind with the other number of providers. */
  twin(probe: Probe, providers: Probe['providers']): Probe {
    const { one, kind } = probe;
    const found = this.probes.find((each) => each.one === one && each.kind === kind && each.providers === providers);
    if (found === undefined) throw new Error(`${probe.model} has no twin`);
    return found;
  }

  async start(): Promise<void> {
    const [untrusted, refusing] = await Promise.all([FaultUpstream.start(SELF_SIGNED), FaultUpstream.start()]);
    this.#untouched = [untrusted, refusing];
    await refusing.refuse();
    const bad = { untrusted: untrusted.baseUrl, refused: refusing.baseUrl };
    const gateway = await TestGateway.start({
      upstreams: 2,
      config: (sound) => configOf(this.#family, this.probes, sound, bad),
    });
    this.#gateway = gateway;
    // A task's pauses are a matter of the task runner's own tests.
    Object.assign(gateway.running.gateway, { sleep: () => Bun.sleep(1) });
    const { shapes } = this.#family;
    if (shapes.job === undefined) {
      const byModel = new Map(this.probes.map((probe) => [probe.model, probe]));
      gateway.upstream.answer = (call) => causeOf(byModel.get(call.body.model ?? ''), shapes);
      return;
    }
    const site = new JobSite(shapes.job);
    this.#jobs = site;
    for (const probe of this.probes) {
      const { model, one, outcome } = probe;
      if (typeof one.cause === 'string') continue;
      const { at = 'start', times = Number.POSITIVE_INFINITY } = one;
      site.expect(model, {
        at: site.stepAt(at),
        script: causeOf(probe, shapes),
        times,
        isAnswer: one.at === undefined && outcome.code === null,
      });
    }
    for (const [i, upstream] of gateway.upstreams.entries()) upstream.answer = (call) => site.answer(call, i);
  }

  /** Makes all calls and waits until each has ended on all sides. */
  async observe(): Promise<void> {
    const { gateway } = this;
    const customer = await gateway.customer('faults', { rub: '1000000' });
    const { reports, alarms } = listen(gateway);
    const seen = new Map<string, Seen>();
    const queue = [...this.probes];
    const work = async () => {
      for (let probe = queue.shift(); probe !== undefined; probe = queue.shift())
        seen.set(probe.model, await this.#family.ask(gateway, customer, probe));
    };
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, work));
    await gateway.auditAtRest();
    await gateway.running.gateway.asides.ended();
    const rows = new Map((await allUsage(gateway, customer)).map((row) => [row.model, row]));
    for (const { model } of this.probes) {
      const asked = this.#jobs?.asked(model, gateway.upstreams.length) ?? [];
      const calls =
        this.#jobs === undefined
          ? gateway.upstreams.map((one) => one.calls.filter((call) => call.body.model === model).length)
          : asked.map((steps) => steps.filter((step) => step === 'start').length);
      this.#observed.set(model, {
        ...(seen.get(model) as Seen),
        calls,
        asked,
        report: reports.get(model) as CallReport,
        alarms: [...(alarms.get(model) ?? [])],
        row: rows.get(model) as UsageRow,
      });
    }
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await Promise.all(this.#untouched.map((upstream) => upstream.stop()));
  }
}

/** What the faulty provider does with the call of a probe. */
function causeOf(probe: Probe | undefined, shapes: Family['shapes']): Script {
  if (probe === undefined || typeof probe.one.cause === 'string') throw new Error('no probe asks for this');
  return probe.one.cause({ kind: probe.kind, shapes });
}

/** What is reported from now on, by model; the provider calls it by the same name. */
function listen(gateway: TestGateway) {
  const reports = new Map<string, CallReport>();
  const alarms = new Map<string, Set<string>>();
  const { report } = gateway.running.gateway;
  const { call, alarm } = report;
  report.call = (told) => {
    reports.set(told.model, told);
    call(told);
  };
  report.alarm = (event, fields) => {
    const model = String(fields['model']);
    alarms.set(model, (alarms.get(model) ?? new Set()).add(event));
    alarm(event, fields);
  };
  return { reports, alarms };
}

async function allUsage(gateway: TestGateway, customer: Customer): Promise<UsageRow[]> {
  const all: UsageRow[] = [];
  for (let before = '~'; ; before = all.at(-1)?.callId ?? '') {
    const path = `accounts/${customer.accountId}/usage?limit=1000&before=${before}`;
    const { calls } = await gateway.admin<{ calls: UsageRow[] }>('GET', path);
    all.push(...calls);
    if (calls.length < 1000) return all;
  }
}

function configOf(
  family: Family,
  probes: readonly Probe[],
  [first, second]: readonly FaultUpstream[],
  bad: Readonly<Record<'untrusted' | 'refused', string>>,
) {
  const addresses = {
    ...bad,
    first: first?.baseUrl ?? '',
    second: second?.baseUrl ?? '',
    plain: first?.baseUrl.replace('http:', 'https:') ?? '',
    unresolved: 'http://nobody.invalid/v1',
    // An address of documentation (RFC 5737): packets to it go nowhere.
    unconnected: 'http://192.0.2.1/v1',
  };
  const tokens = { inputPerMTok: PRICES.perInputToken * 1e6, outputPerMTok: PRICES.perOutputToken * 1e6 };
  const prices = [{ endpoints: ['image'], microRub: { perImage: PRICES.perImage } }, { microRub: tokens }];
  const isJob = family.shapes.job !== undefined;
  const own = isJob ? probes.flatMap(({ model }) => ownProviders(model, addresses)) : [];
  return {
    providers: [...Object.entries(addresses), ...own].map(([name, baseUrl]) => ({
      name,
      baseUrl,
      apiKey: 'key',
      ...family.provider,
    })),
    models: probes.map((probe) => ({
      name: probe.model,
      kind: probe.kind === 'image' || probe.kind === 'job' ? 'image' : 'text',
      targets: targetsOf(probe, isJob ? `.${probe.model}` : ''),
    })),
    plans: [{ id: 'faults', name: 'Faults', prices }],
    tasks: { concurrency: 100, perAccount: 100 },
    bounds: { answerBytes: 300_000, streamBytes: 300_000, eventChars: 20_000 },
    timeouts: { connectMs: 800, firstByteMs: 1_000, idleMs: 1_000, callMs: 5_000 },
  };
}

/** Looks at a job do not say which it is: each probe has providers of its own, whose addresses tell. */
function ownProviders(model: string, { first, second }: Readonly<Record<'first' | 'second', string>>) {
  return [
    [`first.${model}`, `${first}/${model}`],
    [`second.${model}`, `${second}/${model}`],
  ] as const;
}

function targetsOf({ one, providers, model }: Probe, own: string) {
  const faulty = { provider: typeof one.cause === 'string' ? one.cause : `first${own}`, model, priority: 0 };
  return providers === 'alone' ? [faulty] : [faulty, { provider: `second${own}`, model, priority: 1 }];
}
