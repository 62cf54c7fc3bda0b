// Streams of messages that are cut on the provider's side, over real sockets: what the client sees is never a made-up
// end, and what it is charged follows docs/billing-policy.md, whichever families client and provider are of.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { SseReader } from '../../src/core/sse.ts';
import type { UsageRow } from '../../src/store/store.ts';
import { messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import type { Ending } from '../../src/testing/fault-scripts.ts';
import { cutStream, httpChunk, stall, stream, streamFrames, streamHead } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { keepAliveMs: 100, firstByteMs: 2_000, idleMs: 400 } } });
  customer = await gateway.customer('money', { rub: '100000' });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const TEXT = 'Привет 🦊 "мир"';
const MESSAGE = Buffer.from(messageFrames(TEXT).join(''));
const CHAT = Buffer.from(streamFrames(TEXT).join(''));

type Seen = {
  readonly status: number;
  readonly text: string;
  readonly callId: string;
  readonly held: number;
};

async function ask(path: string, model: string, content: string): Promise<Seen> {
  const body = { model, stream: true, max_tokens: 1000, messages: [{ role: 'user', content }] };
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'x-api-key': customer.key },
  });
  return {
    status: response.status,
    text: await response.text(),
    callId: response.headers.get('x-request-id') ?? '',
    held: Number(response.headers.get('x-tolmach-charge')),
  };
}

/** What a client of either family makes of a stream: its text, whether it ended, and which error it was told. */
function summary(text: string) {
  const events = new SseReader(1_000_000).push(Buffer.from(text));
  const parsed = events.filter(({ data }) => data !== '[DONE]').map(({ event, data }) => [event, JSON.parse(data)]);
  return {
    text: parsed.map(([, one]) => one.delta?.text ?? one.choices?.[0]?.delta?.content ?? '').join(''),
    ended: events.some(({ event, data }) => data === '[DONE]' || event === 'message_stop'),
    error: parsed.find(([, one]) => one.error !== undefined)?.[1].error.code as string | undefined,
    named: parsed.every(([event, one]) => one.type === undefined || event === one.type),
  };
}

async function usageById(): Promise<Map<string, UsageRow>> {
  const rows = new Map<string, UsageRow>();
  for (let before = '~'; ; ) {
    const path = `accounts/${customer.accountId}/usage?limit=1000&before=${before}`;
    const { calls } = await gateway.admin<{ calls: UsageRow[] }>('GET', path);
    for (const row of calls) rows.set(row.callId, row);
    if (calls.length < 1000) return rows;
    before = calls.at(-1)?.callId ?? '';
  }
}

/** Runs calls side by side, a few at a time. */
async function forEach<T>(items: readonly T[], atOnce: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
    }),
  );
}

describe.each([
  ['Anthropic’s client, Anthropic’s provider', '/v1/messages', 'claude', MESSAGE, 1, 'every byte'],
  ['Anthropic’s client, OpenAI’s provider', '/v1/messages', 'strict', CHAT, 5, 'every fifth byte'],
  ['OpenAI’s client, Anthropic’s provider', '/v1/chat/completions', 'claude', MESSAGE, 5, 'every fifth byte'],
] as const)('%s: a stream that is cut', (_, path, model, whole, step, where) => {
  test.each(['clean', 'fin', 'reset'] as const)(
    `at ${where} (%s) ends in an error and never in a made-up end`,
    async (ending: Ending) => {
      gateway.upstream.answer = (call) => cutStream(whole, Number(/cut (\d+)/.exec(call.text)?.[1]), ending);
      const seen: Seen[] = [];
      const cuts = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => i * step);
      // Where the last byte alone is missing, or its twin, the last event is whole for a reader of lines.
      await forEach(
        cuts.filter((k) => k < whole.length - 1),
        40,
        async (k) => {
          seen.push(await ask(path, model, `cut ${k}`));
        },
      );
      expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
      const rows = await usageById();
      expect(seen.filter(({ status }) => status === 200).length).toBeGreaterThan(seen.length / 3);
      for (const { status, text, callId, held } of seen) {
        const row = rows.get(callId);
        if (status !== 200) {
          expect(status).toBe(502);
          expect(row).toMatchObject({ outcome: 'void', charge: 0 });
          continue;
        }
        const got = summary(text);
        expect(got).toMatchObject({ ended: false, named: true });
        expect(got.error).toMatch(/^upstream_(truncated|reset)$/);
        expect(TEXT.startsWith(got.text)).toBe(true);
        expect(row?.outcome).toBe(got.text === '' ? 'void' : 'settled');
        expect(row?.charge ?? -1).toBeWithin(got.text === '' ? 0 : 1, held + 1);
      }
    },
    60_000,
  );

  test('nowhere comes whole, with its end, at whatever bytes the provider splits it', async () => {
    gateway.upstream.answer = (call) => {
      const at = Number(/split (\d+)/.exec(call.text)?.[1]);
      return stream([whole.subarray(0, at), whole.subarray(at)].filter(({ length }) => length > 0));
    };
    const cuts = Array.from({ length: Math.ceil(whole.length / 5) }, (_, i) => i * 5);
    await forEach(cuts, 20, async (k) => {
      const { text } = await ask(path, model, `split ${k}`);
      expect(summary(text)).toEqual({ text: TEXT, ended: true, error: undefined, named: true });
    });
  });
});

describe('a provider of Anthropic’s family', () => {
  test('that is silent for long: comments keep the line open, and only before the first event', async () => {
    gateway.upstream.queue(async (wire) => {
      await wire.send(streamHead());
      await Bun.sleep(250);
      await wire.send(httpChunk(MESSAGE));
      await wire.send('0\r\n\r\n');
    });
    const { text } = await ask('/v1/messages', 'claude', 'Hi');
    expect(text).toMatch(/^(: keep-alive\n\n){1,4}event: message_start/);
    expect(summary(text)).toMatchObject({ text: TEXT, ended: true });
  });

  test('that pings and never goes on is cut at the idle limit only once it is silent; what came is charged', async () => {
    const begun = messageFrames(TEXT).slice(0, 3);
    gateway.upstream.queue(stall(begun));
    const { text, callId } = await ask('/v1/messages', 'claude', 'Hi');
    expect(summary(text)).toMatchObject({ ended: false, error: 'upstream_stalled' });
    expect((await usageById()).get(callId)).toMatchObject({ outcome: 'settled', errorCode: 'upstream_stalled' });
  });

  test('whose line stays open after message_stop does not keep the client waiting', async () => {
    gateway.upstream.queue(async (wire) => {
      await wire.send(streamHead());
      await wire.send(httpChunk(MESSAGE));
      await wire.closed;
    });
    const startedMs = performance.now();
    expect(summary((await ask('/v1/messages', 'claude', 'Hi')).text)).toMatchObject({ text: TEXT, ended: true });
    expect(performance.now() - startedMs).toBeLessThan(300);
  });
});
