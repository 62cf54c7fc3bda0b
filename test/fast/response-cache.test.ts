// Answers that are given again where a request asks for that: the same bytes, a share of the price, nobody else's.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { formatKey } from '../../src/core/key-format.ts';
import { shareOf } from '../../src/core/price.ts';
import { KeyRing } from '../../src/pipeline/authenticate.ts';
import type { KeptAnswer } from '../../src/pipeline/response-cache.ts';
import { ResponseCache } from '../../src/pipeline/response-cache.ts';
import type { KeyOwner, Store } from '../../src/store/store.ts';
import { messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { completion, json, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

const USAGE = { prompt_tokens: 30, completion_tokens: 7 };
const PRICE = 30 * 50 + 7 * 200;
const HELLO = { model: 'strict', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 20 };
const ON = { 'x-tolmach-cache': 'on' };

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const limits = [{ name: 'minute', perMinute: 2 }];
  gateway = await TestGateway.start({
    config: {
      plans: [
        ...TEST_PLANS,
        { id: 'slow', name: 'Slow', dailyRequests: 9, prices: [{ requests: 1 }], limits },
        { id: 'public', name: 'Public', prices: [{ requests: 0 }] },
      ],
      publicKey: 'everybody-may-use-this-key',
      trustedProxies: 1,
      bounds: { replayChars: 20_000 },
    },
  });
});
beforeEach(async () => {
  gateway.upstream.clear();
  gateway.upstream.answer = ({ body }) =>
    body.stream === true ? stream(streamFrames('Hello.', USAGE)) : json(completion('Hello.', { usage: USAGE }));
  customer = await gateway.customer('money', { rub: '100' });
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

async function ask(fields: object = {}, headers: Record<string, string> = ON, who = customer) {
  const response = await gateway.chat(who, { ...HELLO, ...fields }, { headers });
  const text = await response.text();
  await gateway.auditAtRest();
  return { status: response.status, text, headers: response.headers, cache: response.headers.get('x-tolmach-cache') };
}
/** More tokens than the hold is for: the charge is cut to it. */
const MUCH = { prompt_tokens: 1_000, completion_tokens: 7 };
const asked = () => gateway.upstream.calls.length;
const spent = async () => 100_000_000 - (await gateway.balance(customer)).microRub;

describe('the same request again', () => {
  for (const fields of [
    {},
    { stream: true },
    { model: 'loose' },
    { model: 'loose', stream: true },
    { n: 2, temperature: 2 },
  ])
    test(`${JSON.stringify(fields)} gets the same bytes without a provider, for a tenth of the price`, async () => {
      const first = await ask(fields);
      expect(first).toMatchObject({ status: 200, cache: 'miss' });
      expect(await spent()).toBe(PRICE);
      const again = await ask(fields);
      expect(again).toMatchObject({ status: 200, cache: 'hit', text: first.text });
      for (const name of ['content-type', 'x-tolmach-provider', 'x-tolmach-model'])
        expect(again.headers.get(name)).toBe(first.headers.get(name));
      expect(again.headers.get('x-tolmach-charge')).toBe(String(PRICE / 10));
      expect(asked()).toBe(1);
      expect(await spent()).toBe(PRICE + PRICE / 10);
      const [record] = await gateway.usage(customer);
      expect(record).toMatchObject({ attempts: 0, costMicroRub: 0, charge: PRICE / 10, priceVersion: 'money@1*10%' });
      expect(record).toMatchObject({
        outcome: 'settled',
        usage: { inputTokens: 30, outputTokens: 7 },
        countedTokens: null,
      });
    });

  test('costs a share of what was charged, also where that was cut to the hold', async () => {
    gateway.upstream.queue(json(completion('Hello.', { usage: MUCH })));
    const charge = Number((await ask()).headers.get('x-tolmach-charge'));
    expect(charge).toBeLessThan(1_000 * 50);
    expect((await ask()).headers.get('x-tolmach-charge')).toBe(String(Math.ceil(charge / 10)));
  });

  test('at a price of requests costs the share rounded up', async () => {
    customer = await gateway.customer('requests', { requests: 10 });
    await ask();
    expect(await ask()).toMatchObject({ cache: 'hit' });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 10 - 2 - 1 });
    expect([shareOf(2, 10), shareOf(0, 10), shareOf(7, 0), shareOf(7, 100)]).toEqual([1, 0, 0, 7]);
  });

  test('is held like any other: without balance it is refused, and it counts against limits', async () => {
    const poor = await gateway.customer('requests', { requests: 3 });
    await ask({}, ON, poor);
    expect(await ask({}, ON, poor)).toMatchObject({ status: 429 });
    const slow = await gateway.customer('slow');
    expect(await ask({}, ON, slow)).toMatchObject({ status: 200, cache: 'miss' });
    expect(await ask({}, ON, slow)).toMatchObject({ status: 200, cache: 'hit' });
    expect(await ask({}, ON, slow)).toMatchObject({ status: 429 });
  });

  test('with a name of its own is charged its share once, however often it is sent', async () => {
    await ask();
    const named = { ...ON, 'idempotency-key': 'one' };
    const first = await ask({}, named);
    const replayed = await ask({}, named);
    expect(first.cache).toBe('hit');
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(replayed.text).toBe(first.text);
    expect(await spent()).toBe(PRICE + PRICE / 10);
  });

  test('that nobody asked a cache for goes to the provider, and leaves nothing behind', async () => {
    for (const headers of [{}, { 'x-tolmach-cache': 'off' }, {}])
      expect(await ask({}, headers as Record<string, string>)).toMatchObject({ status: 200, cache: null });
    expect(await ask()).toMatchObject({ cache: 'miss' });
    expect(asked()).toBe(4);
    expect(await ask({}, { 'x-tolmach-cache': 'yes' })).toMatchObject({ status: 400 });
  });
});

describe('a key that asks for the cache', () => {
  const OFF = { 'x-tolmach-cache': 'off' };
  const setCache = (cache: unknown, key = customer.keyId) => gateway.admin('PATCH', `keys/${key}`, { cache });
  type Keys = { readonly keys: readonly { readonly id: string; readonly cache: string }[] };
  const listed = async () => (await gateway.admin<Keys>('GET', `accounts/${customer.accountId}/keys`)).keys;

  test('does so from when it was made, for streamed and whole answers, and not for other keys of its account', async () => {
    const made = await gateway.admin<{ id: string; key: string }>('POST', `accounts/${customer.accountId}/keys`, {
      cache: 'on',
    });
    const asking = { ...customer, keyId: made.id, key: made.key };
    for (const fields of [{}, { stream: true }]) {
      const first = await ask(fields, {}, asking);
      expect(first).toMatchObject({ status: 200, cache: 'miss' });
      expect(await ask(fields, {}, asking)).toMatchObject({ status: 200, cache: 'hit', text: first.text });
      expect(await ask(fields, {})).toMatchObject({ status: 200, cache: null });
    }
    expect(await spent()).toBe(4 * PRICE + (2 * PRICE) / 10);
    expect((await listed()).map(({ id, cache }) => [id, cache])).toEqual([
      [customer.keyId, 'off'],
      [made.id, 'on'],
    ]);
  });

  test('is overridden by the request: off wins over its on, and on over its off', async () => {
    expect(await setCache('on')).toEqual({ id: customer.keyId, cache: 'on' });
    expect(await ask({}, OFF)).toMatchObject({ status: 200, cache: null });
    expect(await ask({}, {})).toMatchObject({ cache: 'miss' });
    expect(await ask({}, OFF)).toMatchObject({ status: 200, cache: null });
    expect(await ask({}, {})).toMatchObject({ cache: 'hit' });
    expect(await setCache('off')).toEqual({ id: customer.keyId, cache: 'off' });
    expect(await ask({}, {})).toMatchObject({ status: 200, cache: null });
    expect(await ask()).toMatchObject({ cache: 'hit' });
    expect(asked()).toBe(4);
  });

  test('is changed by on and off alone, and only where it is', async () => {
    const refusalOf = (asked: Promise<unknown>): Promise<unknown> => asked.catch(String);
    for (const wrong of ['yes', true, null, undefined]) expect(await refusalOf(setCache(wrong))).toContain('400');
    expect(await refusalOf(setCache('on', 'key_none'))).toContain('404');
    const made = gateway.admin('POST', `accounts/${customer.accountId}/keys`, { cache: 'yes' });
    expect(await refusalOf(made)).toContain('400');
    expect((await listed()).map(({ cache }) => cache)).toEqual(['off']);
  });

  test('that another process changes is what it is now within a second', async () => {
    let nowMs = 0;
    let usesCache = false;
    const owner: Omit<KeyOwner, 'usesCache'> = {
      keyId: 'k',
      accountId: 'a',
      planId: 'p',
      revoked: false,
      accountStatus: 'active',
    };
    const store = { findKey: async () => ({ ...owner, usesCache }) } as unknown as Store;
    const ring = new KeyRing(
      store,
      (key) => key,
      () => nowMs,
    );
    const key = formatKey(new Uint8Array(20));
    const told = async () => (await ring.authenticate(key)).usesCache;
    expect(await told()).toBe(false);
    usesCache = true;
    nowMs = 1_000;
    expect(await told()).toBe(true);
  });
});

describe('an answer is given only to', () => {
  test('its own account', async () => {
    await ask();
    const other = await gateway.customer('money', { rub: '1' });
    expect(await ask({}, ON, other)).toMatchObject({ cache: 'miss' });
  });

  test('its own address, where the key is everybody’s', async () => {
    const everybody = { accountId: '', keyId: '', key: 'everybody-may-use-this-key' };
    const from = async (address: string) => {
      const plain = await ask({}, { ...ON, 'x-forwarded-for': address }, everybody);
      return plain.cache;
    };
    expect(await from('192.0.2.1')).toBe('miss');
    expect(await from('192.0.2.1')).toBe('hit');
    expect(await from('192.0.2.2')).toBe('miss');
  });

  test('a request of the same body, route and shape', async () => {
    const headers = { authorization: `Bearer ${customer.key}`, ...ON };
    const post = async (path: string, body: object, more: Record<string, string> = {}) => {
      const init = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) };
      const response = await fetch(`${gateway.url}${path}`, init);
      await response.text();
      await gateway.auditAtRest();
      return response.headers.get('x-tolmach-cache');
    };
    expect(await post('/v1/chat/completions', HELLO)).toBe('miss');
    expect(await post('/api/v1/chat/completions', HELLO)).toBe('miss');
    expect(await post('/v1/chat/completions', { ...HELLO, temperature: 0 })).toBe('miss');
    expect(await post('/v1/chat/completions', HELLO)).toBe('hit');
    gateway.upstream.answer = () => stream(messageFrames('Hello.'));
    const message = { ...HELLO, model: 'claude', stream: true };
    expect(await post('/v1/messages', message, { 'anthropic-version': '2023-06-01' })).toBe('miss');
    expect(await post('/v1/messages', message, { 'anthropic-version': '2023-01-01' })).toBe('miss');
    expect(await post('/v1/messages', message, { 'anthropic-version': '2023-06-01' })).toBe('hit');
  });
});

describe('nothing is kept of', () => {
  const frames = streamFrames('Hello.', USAGE);
  const cases: Readonly<Record<string, readonly [fields: object, script: Script]>> = {
    'a failure': [{}, json('', 400)],
    'an answer without output': [{}, json(completion(''))],
    'a stream that was cut': [{ stream: true }, stream(frames.slice(0, 2))],
    'an answer that is too long': [{}, json(completion('Hello. '.repeat(3_000)))],
    'a stream that is too long': [{ stream: true }, stream(streamFrames('Hello. '.repeat(300), USAGE))],
  };
  for (const [what, [fields, script]] of Object.entries(cases))
    test(what, async () => {
      gateway.upstream.queue(script);
      await ask(fields);
      const before = asked();
      expect(await ask(fields)).toMatchObject({ status: 200, cache: 'miss' });
      expect(asked()).toBe(before + 1);
      expect(await ask(fields)).toMatchObject({ status: 200, cache: 'hit' });
    });
});

describe('the memory of the cache', () => {
  const kept = (body: string): KeptAnswer => ({
    answer: { status: 200, headers: {}, body },
    usage: { source: 'exact', inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, images: 0 },
    provider: 'first',
    upstreamModel: 'm',
  });

  test('is bounded, and what was used the longest ago goes first', () => {
    const cache = new ResponseCache({ chars: 100, ttlMs: 1_000 }, () => 0);
    cache.put('a', kept('x'.repeat(40)));
    cache.put('b', kept('x'.repeat(40)));
    expect(cache.find('a')).toBeDefined();
    cache.put('c', kept('x'.repeat(40)));
    expect([cache.find('a'), cache.find('b'), cache.find('c')].map((it) => it !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
    expect(cache.chars).toBe(82);
    cache.put('d', kept('x'.repeat(200)));
    expect(cache.chars).toBe(82);
    cache.put('a', kept('short'));
    expect(cache.chars).toBe(41 + 6);
  });

  test('forgets an answer when its time is over, however often it was used', () => {
    let nowMs = 0;
    const cache = new ResponseCache({ chars: 100, ttlMs: 1_000 }, () => nowMs);
    cache.put('a', kept('answer'));
    nowMs = 999;
    expect(cache.find('a')).toBeDefined();
    nowMs = 1_000;
    expect(cache.find('a')).toBeUndefined();
    expect(cache.chars).toBe(0);
  });
});
