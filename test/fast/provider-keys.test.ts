// Several keys of one provider, the bounds on each, and calls that wait for their turn: who is asked with which key, who
// is passed by, who waits for how long, and that no key is shown to anybody but its vendor.
import { afterEach, describe, expect, test } from 'bun:test';
import type { AttemptReport, Reporter } from '../../src/pipeline/gateway.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { frame, healthy, json, stall, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { FaultUpstream, ReceivedCall } from '../../src/testing/fault-upstream.ts';
import { RawServer } from '../../src/testing/raw-server.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';
import { ProviderProbe } from '../../src/upstream/probe-providers.ts';

const KEYS = ['vendor-key-aaa', 'vendor-key-bbb', 'vendor-key-ccc'];
type Settings = Readonly<Record<string, unknown>>;

let gateway: TestGateway;
let customer: Customer;
let laterMs = 0;

afterEach(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
  laterMs = 0;
});

/** A gateway with the provider `first`, as told, and `second` behind it in the model `m`; `alone` has only the first. */
async function start(first: Settings, more: { model?: Settings; timeouts?: Settings; bounds?: Settings } = {}) {
  gateway = await TestGateway.start({
    upstreams: 2,
    config: (upstreams) => ({
      providers: [
        { name: 'first', vendor: 'openai', baseUrl: upstreams[0]?.baseUrl, apiKeys: KEYS, ...first },
        { name: 'second', vendor: 'openai', baseUrl: upstreams[1]?.baseUrl, apiKey: 'second-key' },
      ],
      models: [
        { name: 'alone', targets: [{ provider: 'first', model: 'x' }] },
        {
          name: 'm',
          targets: [
            { provider: 'first', model: 'x' },
            { provider: 'second', model: 'x', priority: 1 },
          ],
          ...more.model,
        },
      ],
      timeouts: { firstByteMs: 60_000, idleMs: 60_000, callMs: 300_000, ...more.timeouts },
      bounds: more.bounds ?? {},
    }),
  });
  const { clock } = gateway.running.gateway;
  const shifted = { nowMs: () => clock.nowMs() + laterMs, monotonicMs: () => clock.monotonicMs() + laterMs };
  Object.assign(gateway.running.gateway, { clock: shifted, sleep: () => Bun.sleep(1) });
  customer = await gateway.customer('requests', { requests: 10_000 });
}

const upstream = (i: number) => gateway.upstreams[i] as FaultUpstream;
const body = (model: string, stream = false) => ({ model, stream, messages: [{ role: 'user', content: 'Hello' }] });
const keyOf = ({ headers }: ReceivedCall) => headers.get('authorization')?.replace('Bearer ', '') ?? '';
const keysAsked = () => upstream(0).calls.map(keyOf);

async function ask(model = 'alone', stream = false) {
  const response = await gateway.chat(customer, body(model, stream));
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Answers wait until they are let go, one by one. */
function gate(): { readonly script: Script; letGo(): void } {
  const waiting: (() => void)[] = [];
  const script: Script = async (wire, call) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    await healthy()(wire, call);
  };
  return { script, letGo: () => waiting.shift()?.() };
}

describe('several keys', () => {
  test('take turns', async () => {
    await start({});
    for (let i = 0; i < 9; i++) expect((await ask()).status).toBe(200);
    expect(KEYS.map((key) => keysAsked().filter((asked) => asked === key).length)).toEqual([3, 3, 3]);
  });

  test.each([
    ['refused', json('', 401), 5_000],
    ['out of money', json('', 402), 5_000],
    ['limited for a while', json('', 429, { 'retry-after': '20' }), 20_000],
  ])('one that is %s rests alone, and no customer notices', async (_, script, restMs) => {
    await start({});
    upstream(0).answer = (call) => (keyOf(call) === KEYS[1] ? script : healthy());
    const asks = async (times: number) => {
      for (let i = 0; i < times; i++) expect((await ask()).status).toBe(200);
      return keysAsked().filter((key) => key === KEYS[1]).length;
    };
    expect(await asks(12)).toBe(1);
    laterMs += restMs - 1_000;
    expect(await asks(6)).toBe(1);
    laterMs += 2_000;
    expect(await asks(6)).toBe(2);
  });

  test('all refused: nobody is asked more than twice, and the other vendor answers where there is one', async () => {
    await start({});
    upstream(0).answer = () => json('', 401);
    expect((await ask()).status).toBe(503);
    expect(upstream(0).calls.length).toBe(2);
    laterMs += 10_000;
    expect((await ask('m')).status).toBe(200);
    expect([upstream(0).calls.length, upstream(1).calls.length]).toEqual([3, 1]);
  });

  test('what is not about the key goes to no other key of the same vendor', async () => {
    await start({});
    upstream(0).answer = () => json('', 503);
    expect((await ask()).status).toBe(503);
    expect(upstream(0).calls.length).toBe(1);
  });
});

describe('a key', () => {
  test('is shown to nobody who calls or reads logs and metrics, even where its vendor says it back', async () => {
    await start({});
    const told: unknown[] = [];
    const { report } = gateway.running.gateway;
    const listening = Object.fromEntries(
      Object.entries(report).map(([name, tell]) => [
        name,
        (...values: unknown[]) => {
          told.push(values);
          (tell as (...all: unknown[]) => void).apply(report, values);
        },
      ]),
    ) as Reporter;
    Object.assign(gateway.running.gateway, { report: listening });
    for (const status of [200, 400, 401, 403, 422, 429, 500, 503])
      for (const isStream of [false, true]) {
        // A vendor that says the key back, wherever it can.
        upstream(0).answer = (call) => {
          const words = `Incorrect API key provided: ${keyOf(call)}`;
          const error = { message: words, type: keyOf(call), code: keyOf(call), param: keyOf(call) };
          return json({ error }, status, { 'x-request-id': keyOf(call), 'set-cookie': keyOf(call) });
        };
        const { text, headers } = await ask('alone', isStream);
        told.push(text, [...headers]);
        laterMs += 61_000;
      }
    told.push(await (await fetch(`${gateway.url}/metrics`)).text());
    // In the middle of a stream, too.
    upstream(0).answer = (call) => {
      const error = { message: `Invalid: ${keyOf(call)}`, type: 'invalid_request_error', code: keyOf(call) };
      return stream([...streamFrames('one two').slice(0, 2), frame({ error })]);
    };
    told.push((await ask('alone', true)).text);
    expect(told.at(-1)).toContain('[secret]');
    const attempts = told.filter((one) => (one as AttemptReport[])[0]?.attempt !== undefined);
    expect(attempts.length).toBeGreaterThan(10);
    const all = JSON.stringify(told);
    expect(all).toContain('"keyNumber":3');
    expect(KEYS.filter((key) => all.includes(key))).toEqual([]);
  });

  test('goes to no host that a customer names, in whatever field, and to none that its vendor points to', async () => {
    await start({});
    const canary = await RawServer.start();
    const url = canary.url('/v1');
    const fields = [
      'base_url',
      'baseURL',
      'api_base',
      'api_url',
      'endpoint',
      'url',
      'host',
      'proxy',
      'provider',
      'user',
    ];
    const named = Object.fromEntries(fields.map((name) => [name, name === 'user' ? url : { url, base_url: url }]));
    const headers = {
      host: `127.0.0.1:${canary.port}`,
      'x-forwarded-host': `127.0.0.1:${canary.port}`,
      'x-portkey-custom-host': url,
      'openai-base-url': url,
      'x-base-url': url,
      forwarded: `host=127.0.0.1:${canary.port}`,
    };
    for (const extra of [named, { metadata: { base_url: url } }, { model: url }, { model: `alone@${url}` }])
      await (await gateway.chat(customer, { ...body('alone'), ...extra }, { headers })).text();
    for (const status of [301, 302, 303, 307, 308]) {
      upstream(0).queue(json('', status, { location: url, refresh: `0; url=${url}`, 'alt-svc': `h1="${url}"` }));
      expect((await ask()).status).toBe(502);
      laterMs += 61_000;
    }
    expect(upstream(0).calls.length).toBeGreaterThan(5);
    expect(canary.connections).toBe(0);
    await canary.stop();
  });
});

describe('a bound on requests at once', () => {
  test('is kept for each key, and all who wait are answered', async () => {
    await start({ concurrency: 2 });
    const open = new Map<string, number>();
    let most = 0;
    upstream(0).answer = (call) => async (wire) => {
      const key = keyOf(call);
      open.set(key, (open.get(key) ?? 0) + 1);
      most = Math.max(most, open.get(key) as number);
      await Bun.sleep(5);
      open.set(key, (open.get(key) as number) - 1);
      await healthy()(wire, call);
    };
    const fates = await Promise.all(Array.from({ length: 40 }, (_, i) => ask('alone', i % 2 === 0)));
    expect(fates.map(({ status }) => status)).toEqual(new Array(40).fill(200));
    expect(most).toBe(2);
    expect(new Set(keysAsked())).toEqual(new Set(KEYS));
  });

  test('that is met sends the call on to another target', async () => {
    await start({ apiKeys: KEYS.slice(0, 1), concurrency: 1 });
    const { script, letGo } = gate();
    upstream(0).answer = () => script;
    const first = ask('m');
    await until(() => upstream(0).calls.length === 1);
    for (let i = 0; i < 3; i++) expect((await ask('m')).headers.get('x-tolmach-provider')).toBe('second');
    letGo();
    expect((await first).headers.get('x-tolmach-provider')).toBe('first');
  });

  test('keeps those who came first before those who came later', async () => {
    await start({ apiKeys: KEYS.slice(0, 1), concurrency: 1 });
    const { script, letGo } = gate();
    upstream(0).answer = () => script;
    const order: number[] = [];
    const asked: Promise<void>[] = [];
    for (let i = 0; i < 5; i++) {
      const before = gateway.running.gateway.open.size;
      asked.push(ask().then(() => void order.push(i)));
      await until(() => gateway.running.gateway.open.size > before);
    }
    for (let i = 0; i < 5; i++) {
      await until(() => upstream(0).calls.length === i + 1);
      letGo();
    }
    await Promise.all(asked);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  test('lasts as long as a stream, and ends with it or with its client', async () => {
    await start({ apiKeys: KEYS.slice(0, 1), concurrency: 1 });
    upstream(0).answer = () => stall(streamFrames('one two').slice(0, 2));
    const controller = new AbortController();
    const response = await gateway.chat(customer, body('alone', true), { signal: controller.signal });
    await response.body?.getReader().read();
    upstream(0).answer = () => healthy();
    const second = ask();
    await Bun.sleep(150);
    expect(upstream(0).calls.length).toBe(1);
    controller.abort();
    expect((await second).status).toBe(200);
    expect((await ask('alone', true)).status).toBe(200);
    expect((await ask()).status).toBe(200);
  });

  test('leaves nobody waiting for longer than told, nor more than told: 503 with Retry-After, and no attempt', async () => {
    await start(
      { apiKeys: KEYS.slice(0, 1), concurrency: 1 },
      { timeouts: { providerQueueMs: 1_000 }, bounds: { waitingForProvider: 1 } },
    );
    const { script, letGo } = gate();
    upstream(0).answer = () => script;
    const first = ask();
    await until(() => upstream(0).calls.length === 1);
    const second = ask();
    await until(() => gateway.running.gateway.open.size === 2);
    const startedMs = performance.now();
    const third = await ask();
    expect(performance.now() - startedMs).toBeLessThan(900);
    const fates = [third, await second];
    for (const { status, text, headers } of fates) {
      expect([status, JSON.parse(text).error.code]).toEqual([503, 'upstream_rate_limited']);
      expect(Number(headers.get('retry-after'))).toBeWithin(1, 61);
    }
    letGo();
    expect((await first).status).toBe(200);
    expect(upstream(0).calls.length).toBe(1);
    const rows = await gateway.usage(customer);
    expect(rows.map(({ attempts }) => attempts).sort()).toEqual([0, 0, 1]);
    // Our own bound says nothing against the vendor.
    upstream(0).answer = () => healthy();
    expect((await ask('m')).headers.get('x-tolmach-provider')).toBe('first');
  });

  test('lets go a call whose client leaves the line, which then asks nobody', async () => {
    await start({ apiKeys: KEYS.slice(0, 1), concurrency: 1 });
    const { script, letGo } = gate();
    upstream(0).answer = () => script;
    const first = ask();
    await until(() => upstream(0).calls.length === 1);
    const controller = new AbortController();
    const leaving = gateway.chat(customer, body('alone'), { signal: controller.signal }).catch(() => 'left');
    await until(() => gateway.running.gateway.open.size === 2);
    controller.abort();
    expect(await leaving).toBe('left');
    await until(() => gateway.running.gateway.open.size === 1);
    letGo();
    expect((await first).status).toBe(200);
    upstream(0).answer = () => healthy();
    expect((await ask()).status).toBe(200);
    expect(upstream(0).calls.length).toBe(2);
  });
});

describe('a bound on requests a minute', () => {
  test('is kept for each key; beyond it a call waits where that is soon over, and else is told when to come', async () => {
    await start({ perMinute: 2 });
    const fates = await Promise.all(Array.from({ length: 6 }, () => ask()));
    expect(fates.every(({ status }) => status === 200)).toBe(true);
    expect(KEYS.map((key) => keysAsked().filter((asked) => asked === key).length)).toEqual([2, 2, 2]);
    const waiting = ask();
    await until(() => gateway.running.gateway.open.size === 1);
    await Bun.sleep(50);
    expect(upstream(0).calls.length).toBe(6);
    laterMs += 60_000;
    expect((await waiting).status).toBe(200);
  });

  test('that is over too late refuses at once, or another target answers', async () => {
    await start({ perMinute: 2, apiKeys: KEYS.slice(0, 1) }, { timeouts: { providerQueueMs: 20_000 } });
    for (let i = 0; i < 2; i++) expect((await ask()).status).toBe(200);
    const { status, headers } = await ask();
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeWithin(55, 61);
    expect((await ask('m')).headers.get('x-tolmach-provider')).toBe('second');
    laterMs += 45_000;
    const waiting = ask();
    await until(() => gateway.running.gateway.open.size === 1);
    laterMs += 15_000;
    expect((await waiting).status).toBe(200);
  });
});

describe('the order of a model', () => {
  const targets = (first: Settings, second: Settings) => ({
    targets: [
      { provider: 'first', model: 'x', ...first },
      { provider: 'second', model: 'x', ...second },
    ],
  });

  test('by price takes the cheaper target, and the dearer one only where that fails', async () => {
    await start({}, { model: { order: 'price', ...targets({ cost: 3 }, { cost: 2.5 }) } });
    for (let i = 0; i < 5; i++) await ask('m');
    upstream(1).queue(json('', 500));
    await ask('m');
    expect(gateway.upstreams.map(({ calls }) => calls.length)).toEqual([1, 6]);
  });

  test('by latency takes the target that begins its answers sooner, for whole answers and streams apart', async () => {
    await start({}, { model: { order: 'latency', ...targets({}, {}) } });
    // The first is quick with streams, the second with whole answers.
    const slow =
      (isSlow: boolean): Script =>
      async (wire, call) => {
        if (isSlow) await Bun.sleep(40);
        await healthy()(wire, call);
      };
    upstream(0).answer = ({ body: { stream } }) => slow(stream !== true);
    upstream(1).answer = ({ body: { stream } }) => slow(stream === true);
    for (let i = 0; i < 20; i++) for (const isStream of [false, true]) await ask('m', isStream);
    const share = (i: number, isStream: boolean) =>
      upstream(i).calls.filter((call) => (call.body.stream === true) === isStream).length / 20;
    expect(share(0, true)).toBeGreaterThan(0.7);
    expect(share(1, false)).toBeGreaterThan(0.7);
  });
});

describe('a look at a provider', () => {
  test('that is away spares the calls the try, and one that finds it back ends its rest', async () => {
    await start({});
    const probe = new ProviderProbe(gateway.running.gateway, 'first', 10_000);
    await probe.look();
    await upstream(0).refuse();
    await probe.look();
    const { headers } = await ask('m');
    expect(headers.get('x-tolmach-provider')).toBe('second');
    expect((await gateway.usage(customer))[0]?.attempts).toBe(1);
    await upstream(0).listen();
    await probe.look();
    expect((await ask('m')).headers.get('x-tolmach-provider')).toBe('first');
  });

  test('does not take back what calls have found out', async () => {
    await start({});
    upstream(0).queue(json('', 503, { 'retry-after': '30' }));
    await ask('m');
    await new ProviderProbe(gateway.running.gateway, 'first', 10_000).look();
    expect((await ask('m')).headers.get('x-tolmach-provider')).toBe('second');
  });

  test('finds the key that is refused, and calls go on with the others', async () => {
    const models = await RawServer.start();
    models.answer = (socket, { head }) => {
      const status = head.includes(KEYS[0] as string) ? '401 No' : '200 OK';
      socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\n{}`);
    };
    await start({ baseUrl: models.url('/v1') });
    const { gateway: running } = gateway.running;
    await new ProviderProbe(running, 'first', 10_000).look();
    const seen = models.requests.map(({ head }) => KEYS.findIndex((key) => head.includes(key)));
    expect(seen).toEqual([0, 1, 2]);
    expect(models.requests[0]?.head).toStartWith('GET /v1/models ');
    const rests = running.models.find('alone')?.routes[0]?.keyed.map(({ health }) => health.coolUntilMs > 0);
    expect(rests).toEqual([true, false, false]);
    await models.stop();
  });
});
