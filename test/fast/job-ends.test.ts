// Providers' jobs that nobody waits for any more: the client leaves, the gateway is told to stop, or it is killed. And
// F40 for them. What their providers themselves can do wrong is driven by faults.test.ts.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { CallReport } from '../../src/pipeline/gateway.ts';
import { hang, json } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Family } from '../../src/testing/faults/family.ts';
import { JOB_FAMILIES } from '../../src/testing/faults/family.ts';
import { faultRow } from '../../src/testing/faults/fault-table.ts';
import type { JobShapes } from '../../src/testing/faults/job-shapes.ts';
import type { JobFault } from '../../src/testing/faults/job-upstream.ts';
import { JobAtProvider } from '../../src/testing/faults/job-upstream.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

const OUT_AFTER = 3;
const families = JOB_FAMILIES.map((family) => [family.name, family, family.shapes.job as JobShapes] as const);

const configOf = (family: Family, { baseUrl }: FaultUpstream) => ({
  providers: [{ name: 'first', baseUrl, apiKey: 'key', ...family.provider }],
  models: [{ name: 'drawn', kind: 'image', targets: [{ provider: 'first', model: 'kandinsky' }] }],
});

/** The interrupts that the vendor gets for one job. */
const endsOf = ({ interrupts }: JobShapes) =>
  Array.from({ length: interrupts?.count ?? 0 }, () => 'interrupt' as const);

/** The requests of a job up to its start. */
function startOf({ steps }: JobShapes) {
  const names = steps.map(({ name }) => name);
  return names.slice(0, names.indexOf('start') + 1);
}

describe.each(families)('%s:', (_, family, shapes) => {
  let gateway: TestGateway;
  let customer: Customer;
  const reports: CallReport[] = [];
  const always = { times: Number.POSITIVE_INFINITY, isAnswer: false };

  beforeAll(async () => {
    gateway = await TestGateway.start({
      config: ([first]) => ({
        ...configOf(family, first as FaultUpstream),
        timeouts: { firstByteMs: 60_000, idleMs: 60_000, callMs: 60_000 },
        bounds: { failuresInRow: OUT_AFTER },
      }),
    });
    customer = await gateway.customer('requests', { requests: 100 });
    const { gateway: inside } = gateway.running;
    // Between two looks lie seconds, for the vendor's sake.
    Object.assign(inside, { sleep: (ms: number) => Bun.sleep(Math.min(ms, 10)) });
    inside.report.call = (told) => void reports.push(told);
  });
  afterAll(() => gateway.stop());

  const ask = (signal?: AbortSignal) => family.ask(gateway, customer, { model: 'drawn', kind: 'job' }, signal);

  test.each([
    ['before the job has begun', { ...always, at: 'start', script: hang }, false],
    ['between two looks at the job', { ...always, at: 'look', script: json(shapes.running) }, true],
    ['while a look at the job is out', { ...always, at: 'look', script: hang }, true],
  ] as const)('F25, job: a client that leaves %s', async (_name, fault: JobFault, isRunning) => {
    const job = new JobAtProvider(shapes, fault);
    gateway.upstream.answer = (call) => job.answer(call);
    reports.length = 0;
    const client = new AbortController();
    const asked = ask(client.signal).catch(() => 'left');
    await until(() => job.asked.filter((step) => step === fault.at).length >= (fault.script === hang ? 1 : 2));
    client.abort();
    expect(await asked).toBe('left');
    await until(() => reports.length === 1);
    await gateway.running.gateway.asides.ended();
    const { status, code } = faultRow('F25').ends.job ?? {};
    expect(reports[0]).toMatchObject({ status, errorCode: code, outcome: 'void', charge: 0, unpaidAttempts: 1 });
    expect(job.asked.filter((step) => step === 'start')).toHaveLength(1);
    const looks = job.asked.slice(startOf(shapes).length).filter((step) => step !== 'look');
    expect(looks).toEqual(isRunning ? endsOf(shapes) : []);
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });

  test('F40, job: a model whose provider is out is refused at once, and no job is begun', async () => {
    gateway.upstream.answer = () => json('', 503, { 'retry-after': '30' });
    for (let i = 0; i < OUT_AFTER; i++) expect(await ask()).toMatchObject({ code: 'upstream_overloaded' });
    gateway.upstream.clear();
    const { status, code } = faultRow('F40').ends.job ?? {};
    expect(await ask()).toMatchObject({ status: status as number, code: code as string });
    expect(gateway.upstream.calls).toHaveLength(0);
  });
});

describe.each(families)('%s, a process that', (_, family, shapes) => {
  let upstream: FaultUpstream;
  let folder: GatewayFolder;
  let gateway: GatewayProcess;
  let job: JobAtProvider;
  let answer: Promise<number | 'lost'>;
  let customer: Customer;

  afterEach(async () => {
    await gateway.kill();
    await upstream.stop();
    folder.remove();
  });

  /** A process whose job has begun, and a client that waits for its picture. */
  async function begin(): Promise<void> {
    upstream = await FaultUpstream.start();
    job = new JobAtProvider(shapes);
    upstream.answer = (call) => async (wire) => {
      const script = job.answer(call);
      // As over a long way: what is not waited for would be lost with the process.
      if (job.asked.at(-1) === 'interrupt') await Bun.sleep(100);
      await script(wire, call);
    };
    folder = new GatewayFolder([upstream], { ...configOf(family, upstream), timeouts: { drainMs: 50 } });
    gateway = await folder.start();
    customer = await gateway.customer('requests', { requests: 100 });
    const asked = family.ask(gateway, customer, { model: 'drawn', kind: 'job' });
    answer = asked.then(
      ({ status }) => status,
      () => 'lost' as const,
    );
    await until(() => (upstream.calls.find((call) => /run$|prompt$/.test(call.path))?.bytesSent ?? 0) > 0);
  }

  test('is killed while a job runs: the hold is void, and no second job is begun', async () => {
    await begin();
    await gateway.kill();
    expect(await answer).toBe('lost');
    gateway = await folder.start();
    const { code } = faultRow('F29').ends.job ?? {};
    expect((await gateway.usage(customer))[0]).toMatchObject({ outcome: 'void', charge: 0, errorCode: code as string });
    expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 1 } });
    expect(job.asked).toEqual(startOf(shapes));
  }, 20_000);

  test('stops while a job runs: the job is ended at its vendor before the process is gone', async () => {
    await begin();
    gateway.signal('SIGTERM');
    expect(await answer).toBe(503);
    expect(await gateway.child.exited).toBe(0);
    expect(job.asked).toEqual([...startOf(shapes), ...endsOf(shapes)]);
    gateway = await folder.start();
    const row = { outcome: 'void', charge: 0, errorCode: 'shutting_down' };
    expect((await gateway.usage(customer))[0]).toMatchObject(row);
  }, 20_000);
});
