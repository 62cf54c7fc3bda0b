// The rule of attempts with two providers behind one model: a failure that surely did no work goes to the other one,
// an ambiguous one does once, a refusal does not, and nothing does once the client has a byte.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Script } from '../../src/testing/fault-scripts.ts';
import {
  completion,
  cutJson,
  cutStream,
  endless,
  frame,
  hang,
  json,
  resetAtOnce,
  stall,
  stream,
  streamFrames,
} from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { SHORT_TIMEOUTS, TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

let gateway: TestGateway;
let customer: Customer;
let deadUrl: string;

beforeAll(async () => {
  deadUrl = `http://127.0.0.1:${await freePort()}/v1`;
  gateway = await TestGateway.start({
    upstreams: 2,
    config: { bounds: { answerBytes: 300_000, streamBytes: 300_000 } },
  });
  customer = await gateway.customer('money', { rub: '1000' });
});
beforeEach(() => {
  for (const upstream of gateway.upstreams) {
    upstream.clear();
    upstream.answer = () => (_, call) =>
      (call.body.stream === true ? stream(streamFrames('from second')) : json(completion('from second')))(_, call);
  }
  // A target that failed rests for a while; each test begins with rested ones.
  for (const route of gateway.running.gateway.models.find('both')?.routes ?? []) route.coolUntilMs = 0;
});
afterEach(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const ask = (isStream: boolean) =>
  gateway.chat(customer, {
    model: 'both',
    stream: isStream,
    max_completion_tokens: 1000,
    messages: [{ role: 'user', content: 'Hello' }],
  });

const attempts = () => gateway.upstreams.map((upstream) => upstream.calls.length);
const lastCall = async () => (await gateway.usage(customer))[0];

const CUT = Buffer.from(streamFrames('never seen').join(''));
const SERVER_ERROR = { error: { message: 'x', type: 'server_error', code: null, param: null } };

const SAFE: readonly (readonly [string, Script])[] = [
  ['429', json('', 429, { 'retry-after': '1' })],
  ['503', json('', 503)],
  ['529', json('', 529)],
  ['401', json('', 401)],
  ['402', json('', 402)],
  ['a redirect', json('', 307, { location: 'http://127.0.0.1:9/' })],
];
const AMBIGUOUS: readonly (readonly [string, Script])[] = [
  ['500', json('', 500)],
  ['502', json('', 502)],
  ['504', json('', 504)],
  ['a reset before the answer', resetAtOnce],
  ['silence', hang],
  ['an error object in a 200', json(SERVER_ERROR)],
];
const AMBIGUOUS_WHOLE: typeof AMBIGUOUS = [
  ['HTML', json('<html></html>')],
  ['an answer that is cut in order', cutJson(completion('never seen'), 60, 'fin')],
  ['an answer that breaks off', cutJson(completion('never seen'), 60, 'reset')],
];
const AMBIGUOUS_STREAM: typeof AMBIGUOUS = [
  ['an empty stream', stream([])],
  ['a stream that ends in its first event', cutStream(CUT, 40, 'clean')],
  ['a stream that breaks in its first event', cutStream(CUT, 40, 'reset')],
  ['a stream whose first event is an error', stream([frame(SERVER_ERROR)])],
  ['headers and then silence', stall([])],
];
const FINAL: readonly (readonly [string, Script, number])[] = [
  ['400', json('', 400), 400],
  ['404', json('', 404), 404],
  ['413', json('', 413), 413],
  ['422', json('', 422), 422],
  ['an endless answer', endless('application/json', ' '), 502],
];

describe.each([false, true])('streamed %p:', (isStream) => {
  test.each([...SAFE, ...AMBIGUOUS, ...(isStream ? AMBIGUOUS_STREAM : AMBIGUOUS_WHOLE)])(
    'after %s the other provider answers, and only its answer is charged',
    async (_, script) => {
      gateway.upstreams[0]?.queue(script);
      const response = await ask(isStream);
      const text = await response.text();
      expect(response.status).toBe(200);
      expect(text).toContain(isStream ? '"second"' : 'from second');
      expect(text).not.toContain('never');
      expect(response.headers.get('x-tolmach-provider')).toBe('second');
      expect(attempts()).toEqual([1, 1]);
      expect(await lastCall()).toMatchObject({
        outcome: 'settled',
        attempts: 2,
        provider: 'second',
        usage: { source: 'exact', outputTokens: 7 },
      });
    },
  );

  test.each(FINAL)('after %s nobody else is asked', async (_, script, status) => {
    gateway.upstreams[0]?.queue(script);
    expect((await ask(isStream)).status).toBe(status);
    expect(attempts()).toEqual([1, 0]);
    expect(await lastCall()).toMatchObject({ outcome: 'void', charge: 0, attempts: 1 });
  });

  test('two failures are the end: there is no third attempt, and nothing is charged', async () => {
    for (const upstream of gateway.upstreams) upstream.answer = () => json('', 500);
    expect((await ask(isStream)).status).toBe(502);
    expect(attempts()).toEqual([1, 1]);
    expect(await lastCall()).toMatchObject({ outcome: 'void', charge: 0, attempts: 2 });
  });

  test('a provider that asked for rest is left alone, while another one is there', async () => {
    gateway.upstreams[0]?.queue(json('', 429, { 'retry-after': '30' }));
    await (await ask(isStream)).text();
    await (await ask(isStream)).text();
    expect(attempts()).toEqual([1, 2]);
  });
});

describe('once the client has a byte', () => {
  const FAULTS: readonly (readonly [string, Script])[] = [
    ['a clean end without [DONE]', cutStream(CUT, CUT.length - 14, 'clean')],
    ['a reset', cutStream(CUT, CUT.length - 200, 'reset')],
    ['a stall', stall(streamFrames('seen here').slice(0, 2))],
    ['an error event', stream([...streamFrames('seen here').slice(0, 2), frame(SERVER_ERROR)])],
    ['an event that is no JSON', stream([...streamFrames('seen here').slice(0, 2), 'data: oops\n\n'])],
  ];
  test.each(FAULTS)('%s is told to it, and nobody else is asked', async (_, script) => {
    gateway.upstreams[0]?.queue(script);
    const response = await ask(true);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(
      /data: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"upstream_\w+"\}\}\n\n$/,
    );
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('from second');
    expect(attempts()).toEqual([1, 0]);
    expect(await lastCall()).toMatchObject({ outcome: 'settled', attempts: 1 });
  });
});

describe('the time limits', () => {
  test('of the connection: a dead address fails at once and safely', async () => {
    const dead = await TestGateway.start({
      upstreams: 2,
      config: {
        providers: [
          { name: 'first', vendor: 'openai', baseUrl: deadUrl },
          { name: 'second', vendor: 'openai', baseUrl: gateway.upstreams[1]?.baseUrl },
        ],
        models: [
          {
            name: 'both',
            targets: [
              { provider: 'first', model: 'a', priority: 0 },
              { provider: 'second', model: 'a', priority: 1 },
            ],
          },
        ],
      },
    });
    const one = await dead.customer('requests', { requests: 10 });
    const startedMs = performance.now();
    const response = await dead.chat(one, { model: 'both', messages: [{ role: 'user', content: 'Hello' }] });
    expect(response.status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(SHORT_TIMEOUTS.connectMs);
    expect((await dead.usage(one))[0]?.attempts).toBe(2);
    await dead.stop();
  });

  test('of the first byte: silence is given up after it, on both providers', async () => {
    for (const upstream of gateway.upstreams) upstream.answer = () => hang;
    const startedMs = performance.now();
    const response = await ask(false);
    expect(response.status).toBe(504);
    // A limit is counted from the last tick before, a tenth of a second at the most.
    expect(performance.now() - startedMs).toBeGreaterThan(2 * (SHORT_TIMEOUTS.firstByteMs - 100));
    expect(attempts()).toEqual([1, 1]);
    await until(() => gateway.upstreams.every(({ calls }) => calls[0]?.closedAtMs !== undefined));
  });

  test('of the whole call: a trickle that never stops is ended, and what came is charged', async () => {
    const slow = await TestGateway.start({ config: { timeouts: { callMs: 700 } } });
    const one = await slow.customer('requests', { requests: 10 });
    slow.upstream.answer = () => stream(streamFrames('word '.repeat(100)), { paceMs: 50 });
    const response = await slow.chat(one, {
      model: 'strict',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const startedMs = performance.now();
    const text = await response.text();
    expect(performance.now() - startedMs).toBeWithin(400, 4_000);
    expect(text).toContain('deadline_exceeded');
    expect(text).not.toContain('[DONE]');
    expect((await slow.usage(one))[0]).toMatchObject({ outcome: 'settled', charge: 2, errorCode: 'deadline_exceeded' });
    await slow.stop();
  });
});
