// F25 and F26 of the fault table: a client that leaves before or after the first word, for each kind of call and each
// family. What it costs is what the table says, and the provider is let go within a second.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { CallReport } from '../../src/pipeline/gateway.ts';
import type { UsageRow } from '../../src/store/store.ts';
import { messageStart, textFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import { hang, healthy, stall, streamFrames } from '../../src/testing/fault-scripts.ts';
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

describe('a client that leaves just before the usage', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ config: { timeouts: { idleMs: 60_000, callMs: 60_000 } } });
  });
  afterAll(() => gateway.stop());

  /** What a customer is charged for who has heard the words and leaves. */
  async function leave(path: string, body: object): Promise<UsageRow> {
    const customer = await gateway.customer('money', { rub: '1000' });
    const controller = new AbortController();
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}` },
      body: JSON.stringify({ max_tokens: 100, stream: true, ...body }),
      signal: controller.signal,
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!text.includes('four')) text += Buffer.from((await reader.read()).value as Uint8Array).toString();
    controller.abort();
    await until(async () => (await gateway.usage(customer)).length === 1);
    return (await gateway.usage(customer))[0] as UsageRow;
  }

  const spoken = 'one two three four';
  const parameters = { type: 'object', properties: {} };
  const tools = Array.from({ length: 50 }, (_, i) => ({
    type: 'function',
    function: { name: `tool_${i}`, description: 'It does what takes many words to say. '.repeat(20), parameters },
  }));

  test('is charged for its tools and their calls before as well, and for a file as for a picture at the most', async () => {
    gateway.upstream.answer = () => stall(streamFrames(spoken).slice(0, -3));
    const call = {
      id: 'c1',
      type: 'function',
      function: { name: 'tool_1', arguments: JSON.stringify({ a: 'word '.repeat(2_000) }) },
    };
    const hello = { role: 'user', content: 'Hello.' };
    const file = { type: 'file', file: { file_data: 'A'.repeat(100_000) } };
    const inputs = [
      { tools, messages: [hello] },
      {
        messages: [
          hello,
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c1', content: 'x' },
        ],
      },
      { messages: [{ role: 'user', content: [file] }] },
    ];
    const counts = [];
    for (const input of inputs) {
      const { usage, charge } = await leave('/v1/chat/completions', { model: 'strict', ...input });
      expect(usage?.source).toBe('estimated');
      expect(charge).toBe(50 * (usage?.inputTokens ?? 0) + 200 * (usage?.outputTokens ?? 0));
      counts.push(usage?.inputTokens);
    }
    // Some four characters a token.
    expect(counts[0]).toBeWithin(JSON.stringify(tools).length / 6, JSON.stringify(tools).length / 3);
    expect(counts[1]).toBeWithin(10_000 / 6, 10_000 / 3);
    expect(counts[2]).toBe(1_500);
  });

  test('is charged for the input that the vendor has told at the beginning', async () => {
    const told = {
      input_tokens: 4_000,
      cache_read_input_tokens: 3_000,
      cache_creation_input_tokens: 2_000,
      output_tokens: 1,
    };
    gateway.upstream.answer = () => stall([messageStart(told), ...textFrames(0, spoken).slice(0, -1)]);
    const document = {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'word '.repeat(9_000) },
    };
    const messages = [{ role: 'user', content: [document, { type: 'text', text: 'Hello.' }] }];
    const { usage, charge } = await leave('/v1/messages', { model: 'claude', messages });
    expect(usage).toMatchObject({ source: 'estimated', inputTokens: 9_000, cachedInputTokens: 3_000 });
    expect(charge).toBe(50 * 6_000 + 5 * 3_000 + 200 * (usage?.outputTokens ?? 0));
  });

  test('is charged by our own count where what the vendor has told is absurd', async () => {
    gateway.upstream.answer = () =>
      stall([messageStart({ input_tokens: 1e9, output_tokens: 1 }), ...textFrames(0, spoken).slice(0, -1)]);
    const { usage } = await leave('/v1/messages', { model: 'claude', messages: [{ role: 'user', content: 'Hello.' }] });
    expect(usage).toMatchObject({ source: 'estimated', inputTokens: 2 });
  });
});
