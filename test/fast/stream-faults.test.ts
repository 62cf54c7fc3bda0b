// Streams that go wrong on the provider's side: cut at every byte, split at every byte, late, silent, endless. What the
// client sees is never a made-up end, and what it is charged follows docs/billing-policy.md.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { SseReader } from '../../src/core/sse.ts';
import type { Ending, Script } from '../../src/testing/fault-scripts.ts';
import {
  chunk,
  cutStream,
  endless,
  frame,
  httpChunk,
  stream,
  streamFrames,
  streamHead,
} from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const bounds = { eventChars: 20_000, streamBytes: 200_000 };
  gateway = await TestGateway.start({
    config: { timeouts: { keepAliveMs: 150, firstByteMs: 2_000, idleMs: 600 }, bounds },
  });
  customer = await gateway.customer('money', { rub: '100000' });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

type Seen = {
  readonly status: number;
  readonly text: string;
  readonly events: readonly string[];
  readonly callId: string;
  readonly chargeHeld: number;
};

async function ask(model: string, content = 'Hello', who = customer): Promise<Seen> {
  const body = {
    model,
    stream: true,
    max_completion_tokens: 1000,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content }],
  };
  const response = await gateway.chat(who, body);
  const text = await response.text();
  const events = response.ok ? new SseReader(1_000_000).push(Buffer.from(text)).map((event) => event.data) : [];
  return {
    status: response.status,
    text,
    events,
    callId: response.headers.get('x-request-id') ?? '',
    chargeHeld: Number(response.headers.get('x-tolmach-charge')),
  };
}

/** Text of the events, and whether a finish, an end and an error were among them. */
function summary(events: readonly string[]) {
  const parsed = events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event));
  const choices = parsed.flatMap((event) => event.choices ?? []);
  return {
    text: choices.map((choice) => choice.delta?.content ?? '').join(''),
    finished: choices.some((choice) => choice.finish_reason !== null),
    done: events.includes('[DONE]'),
    error: parsed.find((event) => event.error !== undefined)?.error?.code as string | undefined,
  };
}

const TEXT = 'Привет 🦊 "мир"';
const FRAMES = streamFrames(TEXT);
const WHOLE = Buffer.from(FRAMES.join(''));

/** What the whole events in the first `bytes` bytes say. */
function wholeEventsIn(bytes: number) {
  const text = WHOLE.subarray(0, bytes).toString('latin1');
  const whole = Buffer.from(text.slice(0, text.lastIndexOf('\n\n') + 2), 'latin1');
  return summary(new SseReader(1_000_000).push(whole).map((event) => event.data));
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

describe.each(['strict', 'loose'])('model %s: a stream that is cut', (model) => {
  test.each(['clean', 'fin', 'reset'] as const)(
    'at every byte (%s) ends in an error and never in a made-up finish',
    async (ending: Ending) => {
      gateway.upstream.answer = (call) => cutStream(WHOLE, Number(/cut (\d+)/.exec(call.text)?.[1]), ending);
      const seen = new Map<number, Seen>();
      const cuts = Array.from({ length: WHOLE.length }, (_, k) => k);
      await forEach(cuts, 40, async (k) => void seen.set(k, await ask(model, `cut ${k}`)));
      expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
      const rows = await usageById();
      let inFull = 0;
      for (const [k, { status, text, events, callId, chargeHeld }] of seen) {
        const wanted = wholeEventsIn(k);
        const got = summary(events);
        if (got.text === wanted.text) inFull += 1;
        const row = rows.get(callId);
        expect(text).not.toContain('[DONE]');
        if (status !== 200) {
          // Nothing had gone to the client, so it gets an ordinary error. Bytes that came together with the break are lost.
          expect(status).toBe(502);
          if (ending === 'clean') expect(wanted.text).toBe('');
          expect(row).toMatchObject({ outcome: 'void', charge: 0 });
          continue;
        }
        expect(got.error).toMatch(/^upstream_(truncated|reset)$/);
        expect(text.endsWith('}}\n\n')).toBe(true);
        if (ending !== 'clean') expect(wanted.text.startsWith(got.text)).toBe(true);
        else expect([got.text, got.finished]).toEqual([wanted.text, wanted.finished]);
        expect(row?.outcome).toBe(got.text === '' ? 'void' : 'settled');
        expect(row?.charge ?? -1).toBeWithin(got.text === '' ? 0 : 1, chargeHeld + 1);
      }
      expect(inFull).toBeGreaterThan(WHOLE.length * 0.9);
    },
    60_000,
  );

  test('is the same at whatever bytes the provider splits it', async () => {
    gateway.upstream.answer = (call) => {
      const at = Number(/split (\d+)/.exec(call.text)?.[1]);
      return splitStream(at);
    };
    const wanted = summary(FRAMES.map((one) => one.slice(6, -2)));
    const cuts = Array.from({ length: WHOLE.length }, (_, k) => k);
    await forEach(cuts, 40, async (k) => {
      const { events } = await ask(model, `split ${k}`);
      expect(summary(events)).toEqual(wanted);
    });
    for (const row of (await usageById()).values()) if (row.status === 200) expect(row.usage?.source).toBe('exact');
  }, 60_000);
});

/** The whole stream in two HTTP chunks, written apart. */
function splitStream(at: number): Script {
  return async (wire) => {
    await wire.send(streamHead());
    if (at > 0) await wire.send(httpChunk(WHOLE.subarray(0, at)));
    await Bun.sleep(2);
    await wire.send(httpChunk(WHOLE.subarray(at)));
    await wire.send('0\r\n\r\n');
  };
}

async function usageById() {
  const all = [];
  for (let before = '~'; ; ) {
    const page = (
      await gateway.admin<{ calls: Awaited<ReturnType<typeof gateway.usage>> }>(
        'GET',
        `accounts/${customer.accountId}/usage?limit=1000&before=${before}`,
      )
    ).calls;
    all.push(...page);
    if (page.length < 1000) break;
    before = page.at(-1)?.callId ?? '';
  }
  return new Map(all.map((row) => [row.callId, row]));
}

describe('by request', () => {
  test('a stream that is cut costs its whole price once any text came, and nothing before', async () => {
    const byRequest = await gateway.customer('requests', { requests: 100 });
    for (const [frames, charge] of [
      [1, 0],
      [2, 2],
      [4, 2],
    ] as const) {
      gateway.upstream.queue(cutStream(Buffer.from(FRAMES.slice(0, frames).join('')), 1_000_000, 'clean'));
      await ask('strict', 'Hello', byRequest);
      expect((await gateway.usage(byRequest))[0]?.charge).toBe(charge);
    }
  });
});

describe('a slow provider', () => {
  const late =
    (beforeHeadersMs: number, beforeFirstMs: number): Script =>
    async (wire) => {
      await Bun.sleep(beforeHeadersMs);
      await wire.send(streamHead());
      await Bun.sleep(beforeFirstMs);
      for (const one of FRAMES) await wire.send(httpChunk(one));
      await wire.send('0\r\n\r\n');
    };

  test.each([
    ['before its headers', late(400, 0)],
    ['before its first event', late(0, 400)],
  ])('%s: comments keep the line open, and none comes after the first event', async (_, script) => {
    gateway.upstream.queue(script);
    const { status, text, events } = await ask('strict');
    expect(status).toBe(200);
    expect(text).toMatch(/^(: keep-alive\n\n){1,4}data: \{/);
    expect(text.lastIndexOf(': keep-alive')).toBeLessThan(text.indexOf('data: {'));
    expect(summary(events)).toMatchObject({ text: TEXT, done: true, error: undefined });
  });

  test('that fails after the comments began: an error event, nothing charged', async () => {
    gateway.upstream.queue(async (wire) => {
      await Bun.sleep(300);
      wire.reset();
    });
    const { status, events } = await ask('strict');
    expect(status).toBe(200);
    expect(summary(events)).toEqual({ text: '', finished: false, done: false, error: 'upstream_reset' });
  });

  test('that never speaks again: an error event after the idle limit, and what came is charged', async () => {
    gateway.upstream.queue(async (wire) => {
      await wire.send(streamHead());
      for (const one of FRAMES.slice(0, 3)) await wire.send(httpChunk(one));
      await wire.closed;
    });
    const startedMs = performance.now();
    const { events, callId } = await ask('strict');
    expect(performance.now() - startedMs).toBeWithin(490, 1_200);
    expect(summary(events)).toMatchObject({ done: false, error: 'upstream_stalled' });
    expect((await usageById()).get(callId)).toMatchObject({ outcome: 'settled', errorCode: 'upstream_stalled' });
    expect(gateway.upstream.calls[0]?.closedAtMs).toBeDefined();
  });
});

describe('a provider of no end', () => {
  test.each([
    ['in one event', endless('text/event-stream', 'data: aaaaaaaaaaaaaaaaaaaaaa')],
    ['of events', endless('text/event-stream', frame(chunk({ content: 'word ' })))],
    ['of comments', endless('text/event-stream', ': hello\n\n')],
  ])('%s is cut at a bound and told as an error', async (_, script) => {
    gateway.upstream.queue(script);
    const before = process.memoryUsage.rss();
    const seen = await ask('strict');
    if (seen.status === 200) expect(summary(seen.events)).toMatchObject({ done: false, error: 'upstream_too_large' });
    else expect(seen.status).toBe(502);
    await Bun.sleep(20);
    expect(gateway.upstream.calls[0]?.closedAtMs).toBeDefined();
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('after [DONE]', () => {
  test.each(['strict', 'loose'])('model %s: nothing more is read, and the call ends once', async (model) => {
    gateway.upstream.queue(
      stream([...FRAMES, frame(chunk({ content: 'more' })), frame('[DONE]'), frame({ error: { message: 'late' } })]),
    );
    const { events } = await ask(model);
    expect(summary(events)).toEqual({ text: TEXT, finished: true, done: true, error: undefined });
    expect(events.filter((event) => event === '[DONE]').length).toBe(1);
  });

  test('a provider that keeps the line open does not keep the client waiting', async () => {
    gateway.upstream.queue(async (wire) => {
      await wire.send(streamHead());
      await wire.send(httpChunk(WHOLE));
      await wire.closed;
    });
    const startedMs = performance.now();
    expect(summary((await ask('strict')).events).done).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(300);
  });
});
