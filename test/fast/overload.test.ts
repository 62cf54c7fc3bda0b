// More calls than there is room for: who is refused, with what, how soon, and who is answered all the same.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Lateness } from '../../src/core/load-limit.ts';
import { LoadLimit } from '../../src/core/load-limit.ts';
import { CallGate } from '../../src/pipeline/call-gate.ts';
import { PLAN_PRESETS } from '../../src/presets/plans.ts';
import { completion, healthy, json, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { ADMIN_TOKEN } from '../../src/testing/gateway-client.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

const CHAT = { model: 'strict', messages: [{ role: 'user', content: 'Да или нет?' }] };
const MAX = 8;

let gateway: TestGateway;
let customer: Customer;
/** Opened at the end of a test: until then the provider answers nobody. */
let gate: PromiseWithResolvers<void>;

beforeAll(async () => {
  gateway = await TestGateway.start({
    config: {
      plans: [
        ...TEST_PLANS,
        { id: 'few', name: 'Few', prices: [{ requests: 2 }], callsAtOnce: { perKey: 2, perAccount: 3 } },
      ],
      publicKey: 'everybody-may-use-this-key',
      trustedProxies: 1,
      bounds: { openCalls: MAX, openCallsPerKey: MAX, openCallsPerAccount: MAX },
      timeouts: { firstByteMs: 5_000, idleMs: 5_000 },
      tasks: { model: 'strict' },
    },
  });
});
beforeEach(async () => {
  gate = Promise.withResolvers();
  gateway.upstream.clear();
  gateway.upstream.answer = () => async (wire, call) => {
    await gate.promise;
    await json(completion('Да.'))(wire, call);
  };
  customer = await gateway.customer('requests', { requests: 1000 });
});
afterEach(async () => {
  gate.resolve();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  expect(gateway.running.gateway.gate.running).toBe(0);
});
afterAll(() => gateway.stop());

/** Starts calls that stay open, and resolves when the provider has all of them. */
async function fill(count: number, of = customer): Promise<{ readonly answers: readonly Promise<Response>[] }> {
  const before = gateway.upstream.calls.length;
  const calls = Array.from({ length: count }, () => gateway.chat(of, CHAT));
  for (let i = 0; i < 400 && gateway.upstream.calls.length < before + count; i++) await Bun.sleep(5);
  expect(gateway.upstream.calls.length).toBe(before + count);
  return { answers: calls };
}

async function told(response: Response) {
  const { error } = (await response.json()) as { error: { code: string } };
  return { status: response.status, code: error.code, retryAfter: response.headers.get('retry-after') };
}

describe('where all places are taken', () => {
  test('calls, pictures and tasks of everybody are refused with 503 and Retry-After, and nothing is held', async () => {
    const { answers } = await fill(MAX);
    const other = await gateway.customer('requests', { requests: 10 });
    const headers = { authorization: `Bearer ${other.key}` };
    for (const path of ['/v1/chat/completions', '/v1/images/generations', '/v1/tasks']) {
      const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(CHAT) });
      expect(response.headers.get('x-request-id')).not.toBeNull();
      const { status, code, retryAfter } = await told(response);
      expect({ path, status, code }).toEqual({ path, status: 503, code: 'overloaded' });
      expect(Number(retryAfter)).toBeWithin(1, 4);
    }
    expect((await gateway.ask('/api/gpt/create_request', { content: 'Да?', key: other.key })).status).toBe(503);
    expect(await gateway.balance(other)).toMatchObject({ requests: 10 });
    gate.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(MAX).fill(200));
    expect((await gateway.chat(other, CHAT)).status).toBe(200);
  });

  test('probes, metrics, the operator and free routes are answered', async () => {
    await fill(MAX);
    for (const path of ['/livez', '/readyz', '/metrics']) expect((await fetch(gateway.url + path)).status).toBe(200);
    const headers = { authorization: `Bearer ${customer.key}` };
    expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(200);
    const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
    expect((await fetch(`${gateway.url}/admin/v1/accounts`, { headers: admin })).status).toBe(200);
    expect(await (await fetch(`${gateway.url}/metrics`)).text()).toContain(`tolmach_running_calls ${MAX}`);
  });

  test('a refusal waits neither for the key nor for the body', async () => {
    await fill(MAX);
    const { keys } = gateway.running.gateway;
    const asked: unknown[] = [];
    const spy = new Proxy(keys, { get: (_, name) => asked.push(name) });
    Object.assign(gateway.running.gateway, { keys: spy });
    const body = new ReadableStream({ start: (sink) => sink.enqueue(new TextEncoder().encode('{"model":')) });
    const controller = new AbortController();
    const refused = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}` },
      body,
      signal: controller.signal,
    });
    expect(refused.status).toBe(503);
    controller.abort();
    Object.assign(gateway.running.gateway, { keys });
    expect(asked).toEqual([]);
  });

  test('a body that is still coming takes a place, and gives it back when its client leaves', async () => {
    const bodies = Array.from({ length: MAX }, () => {
      const controller = new AbortController();
      const body = new ReadableStream({ start: (sink) => sink.enqueue(new TextEncoder().encode('{"model":')) });
      const headers = { authorization: `Bearer ${customer.key}` };
      const init = { method: 'POST', headers, body, signal: controller.signal };
      void fetch(`${gateway.url}/v1/chat/completions`, init).catch(() => undefined);
      return controller;
    });
    const { gate: door } = gateway.running.gateway;
    for (let i = 0; i < 400 && door.running < MAX; i++) await Bun.sleep(5);
    expect((await gateway.chat(customer, CHAT)).status).toBe(503);
    for (const controller of bodies) controller.abort();
    for (let i = 0; i < 400 && door.running > 0; i++) await Bun.sleep(5);
    expect(door.running).toBe(0);
  });
});

describe('a customer with too many calls at once', () => {
  test('is refused with 429 and Retry-After by key and by account, and others are not', async () => {
    const few = await gateway.customer('few', { requests: 100 });
    const { key } = await gateway.admin<{ key: string }>('POST', `accounts/${few.accountId}/keys`, {});
    await fill(2, few);
    expect(await told(await gateway.chat(few, CHAT))).toEqual({
      status: 429,
      code: 'concurrency_limit_exceeded',
      retryAfter: '1',
    });
    await fill(1, { ...few, key });
    expect(await told(await gateway.chat({ ...few, key }, CHAT))).toMatchObject({ code: 'concurrency_limit_exceeded' });
    await fill(1);
    expect(await gateway.balance(few)).toMatchObject({ requests: 94 });
  });

  test('is not refused for calls that have ended, in whatever way', async () => {
    const few = await gateway.customer('few', { requests: 100 });
    const ends = [
      () => gateway.chat(few, CHAT),
      () => gateway.chat(few, { ...CHAT, stream: true }),
      () => gateway.chat(few, { ...CHAT, model: 'nothing' }),
      () => gateway.chat(few, 'no json'),
      () => gateway.chat(few, CHAT, { headers: { 'idempotency-key': 'same' } }),
      () => gateway.chat(few, CHAT, { signal: AbortSignal.timeout(20) }),
    ];
    const scripts = [healthy(), json('', 500), stream(streamFrames('a b').slice(0, -1))];
    for (let i = 0; i < 18; i++) {
      const script = scripts[i % scripts.length] as (typeof scripts)[number];
      gateway.upstream.answer = () => script;
      const response = await (ends[i % ends.length] as () => Promise<Response>)().catch(() => undefined);
      await response?.text();
      expect(response?.status).not.toBe(429);
      await gateway.auditAtRest();
    }
    expect(gateway.running.gateway.gate.running).toBe(0);
  });
});

describe('the gate', () => {
  test('counts each client of the key that is everybody’s for itself', () => {
    const plan = { ...(PLAN_PRESETS[0] as (typeof PLAN_PRESETS)[0]), callsAtOnce: { perKey: 1 } };
    const door = new CallGate({ openCalls: 9, openCallsPerKey: 9, openCallsPerAccount: 2 }, () => 0);
    const enter = (key: string) => door.enter({ key, accountId: 'acc_public' }, plan);
    const first = enter('key@192.0.2.1');
    expect(() => enter('key@192.0.2.1')).toThrow('running at once');
    enter('key@192.0.2.2');
    expect(() => enter('key@192.0.2.3')).toThrow('running at once');
    first.leave();
    first.leave();
    expect(door.running).toBe(1);
    enter('key@192.0.2.3');
  });
});

describe('the limit of running calls', () => {
  const IN_TIME: Lateness = { loopMs: 1, writeMs: 2 };
  const LATE: Lateness = { loopMs: 80, writeMs: 2 };
  const VERY_LATE: Lateness = { loopMs: 800, writeMs: 2 };
  const observe = (limit: LoadLimit, running: number, moment: Lateness, moments = 8) => {
    for (let i = 0; i < moments; i++) limit.observe(moment, running);
    return limit.current;
  };

  test('falls below what runs while the process stays late, and grows back within 5 s', () => {
    const limit = new LoadLimit(10_000);
    expect(observe(limit, 2_000, LATE)).toBe(1_250);
    expect(observe(limit, 1_250, VERY_LATE)).toBe(625);
    expect(observe(limit, 625, VERY_LATE)).toBe(313);
    expect(observe(limit, 100, VERY_LATE)).toBe(256);
    // 250 moments, 20 ms apart, are 5 s.
    expect(observe(limit, 500, IN_TIME, 250)).toBe(10_000);
  });

  test('does not fall for a pause that passes', () => {
    const limit = new LoadLimit(10_000);
    for (let i = 0; i < 60; i++) limit.observe(i % 8 === 3 ? IN_TIME : VERY_LATE, 1_000);
    expect(limit.current).toBe(10_000);
  });

  test('falls for a store that does not keep up as well', () => {
    expect(observe(new LoadLimit(10_000), 1_000, { loopMs: 0, writeMs: 360 })).toBe(556);
  });

  test('never falls under what is harmless, and never rises above a small bound', () => {
    const limit = new LoadLimit(10);
    expect(observe(limit, 10, VERY_LATE)).toBe(10);
    expect(observe(limit, 10, IN_TIME)).toBe(10);
  });
});
