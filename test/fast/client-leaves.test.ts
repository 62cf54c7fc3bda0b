// F25 and F26 of the fault table: a client that leaves before or after the first word, for each kind of call and each
// family. What it costs is what the table says, and the provider is let go within a second.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { CallReport } from '../../src/pipeline/gateway.ts';
import { hang, healthy, stall } from '../../src/testing/fault-scripts.ts';
import { FAMILIES } from '../../src/testing/faults/family.ts';
import { firstFrames } from '../../src/testing/faults/fault-case.ts';
import type { CallKind } from '../../src/testing/faults/fault-row.ts';
import { faultRow } from '../../src/testing/faults/fault-table.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

const WITHIN_MS = 1_000;

describe.each(FAMILIES.map((family) => [family.name, family] as const))('%s:', (_, family) => {
  let gateway: TestGateway;
  let customer: Customer;
  let reports: CallReport[] = [];

  beforeAll(async () => {
    gateway = await TestGateway.start({
      config: ([first]) => ({
        providers: [{ name: 'first', baseUrl: first?.baseUrl, apiKey: 'key', ...family.provider }],
        models: [modelOf('text'), modelOf('image')],
        timeouts: { firstByteMs: 60_000, idleMs: 60_000, callMs: 60_000 },
      }),
    });
    customer = await gateway.customer('requests', { requests: 100 });
    const { report } = gateway.running.gateway;
    const tell = report.call.bind(report);
    report.call = (told) => {
      reports.push(told);
      tell(told);
    };
  });
  afterAll(() => gateway.stop());

  const modelOf = (kind: 'text' | 'image') => ({
    name: `any-${kind}`,
    kind,
    targets: [{ provider: 'first', model: 'upstream-model' }],
  });

  /** Asks, leaves once `isTime`, and answers what was told of the call when it had ended. */
  async function leave(kind: CallKind, isTime: () => boolean): Promise<CallReport | undefined> {
    gateway.upstream.clear();
    reports = [];
    const controller = new AbortController();
    const model = kind === 'image' ? 'any-image' : 'any-text';
    const asked = family.ask(gateway, customer, { model, kind }, controller.signal).catch(() => undefined);
    await until(isTime);
    controller.abort();
    await asked;
    await until(() => gateway.upstream.calls[0]?.closedAtMs !== undefined, WITHIN_MS);
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    expect(gateway.upstream.calls).toHaveLength(1);
    return reports[0];
  }

  const kinds = family.kinds.filter((kind) => kind !== 'task');
  test.each(kinds)('F25, %s: a client that leaves before the first word', async (kind) => {
    gateway.upstream.answer = () => hang;
    const report = await leave(kind, () => gateway.upstream.calls.length === 1);
    const { status, code } = faultRow('F25').ends[kind] ?? {};
    expect(report).toMatchObject({ status, errorCode: code, outcome: 'void', charge: 0, unpaidAttempts: 1 });
  });

  test('F25, task: the client of a task has left long before it ends, and gets its answer when it asks', async () => {
    gateway.upstream.clear();
    gateway.upstream.answer = () => async (wire, call) => {
      await Bun.sleep(50);
      await healthy()(wire, call);
    };
    expect(await family.ask(gateway, customer, { model: 'any-text', kind: 'task' })).toMatchObject({
      isComplete: true,
    });
    expect((await gateway.usage(customer))[0]).toMatchObject({ outcome: 'settled', charge: 2, errorCode: null });
  });

  test('F26, stream: a client that leaves after some words', async () => {
    gateway.upstream.answer = () => stall(firstFrames({ kind: 'stream', shapes: family.shapes }));
    // Words were counted, and the answer has begun to go to the client.
    const { open } = gateway.running.gateway;
    const report = await leave('stream', () =>
      [...open].some((held) => held.isDelivered && held.admission.meter.hasOutput),
    );
    const { status, code } = faultRow('F26').ends.stream ?? {};
    expect(report).toMatchObject({ status, errorCode: code, outcome: 'settled', charge: 2, unpaidAttempts: 0 });
  });
});
