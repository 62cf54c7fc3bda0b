// GigaChat behind the running gateway: its fetched keys, its few places, its certificates, its functions and pictures.
import { afterEach, describe, expect, test } from 'bun:test';
import { PIXEL } from '../../src/testing/fault-scripts.ts';
import { SIGNED, TEST_CA } from '../../src/testing/test-certificates.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import type { GigaChatSettings } from '../../src/testing/vendors/gigachat.ts';
import { FakeGigaChat } from '../../src/testing/vendors/gigachat.ts';

const CREDENTIALS = btoa('client-id:client-secret');
const PRICES = [{ requests: 1 }];
const HELLO = { model: 'giga', messages: [{ role: 'user', content: 'Привет' }] };

let vendor: FakeGigaChat;
let gateway: TestGateway;

async function start(
  settings: Partial<GigaChatSettings> = {},
  provider: object = {},
  env = {},
  timeouts = {},
): Promise<void> {
  vendor = new FakeGigaChat({ credentials: CREDENTIALS, ...settings });
  const giga = {
    name: 'giga',
    vendor: 'gigachat',
    baseUrl: `${vendor.url}/api/v1`,
    apiKey: CREDENTIALS,
    options: { authUrl: `${vendor.url}/api/v2/oauth` },
    ...provider,
  };
  gateway = await TestGateway.start({
    env,
    config: {
      providers: [giga],
      models: [
        { name: 'giga', targets: [{ provider: 'giga', model: 'GigaChat-2' }] },
        { name: 'eyes', targets: [{ provider: 'giga', model: 'GigaChat-2-Max' }] },
        { name: 'kandinsky', kind: 'image', targets: [{ provider: 'giga', model: 'GigaChat-2' }] },
      ],
      plans: [{ id: 'requests', name: 'Requests', prices: PRICES }],
      timeouts: { firstByteMs: 5_000, idleMs: 5_000, ...timeouts },
    },
  });
}

afterEach(async () => {
  await gateway.stop();
  await vendor.stop();
});

async function textOf(response: Response): Promise<string> {
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? '';
}

describe('keys', () => {
  test('50 first calls at once fetch one key', async () => {
    await start({ atOnce: 50 }, { concurrency: 50 });
    const customer = await gateway.customer('requests', { requests: 100 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.chat(customer, HELLO)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(await textOf(answers[0] as Response)).toBe('Привет из Сбера.');
    expect(vendor.askedFor('/oauth')).toHaveLength(1);
    expect(vendor.askedFor('/chat/completions')).toHaveLength(50);
  });

  test('a key that the vendor ended early is fetched anew, once, and the customer does not notice', async () => {
    await start({ atOnce: 20 }, { concurrency: 20 });
    const customer = await gateway.customer('requests', { requests: 100 });
    expect((await gateway.chat(customer, HELLO)).status).toBe(200);
    vendor.endKeys();
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.chat(customer, HELLO)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(vendor.askedFor('/oauth')).toHaveLength(2);
    expect((await gateway.usage(customer)).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test('where the vendor’s clock is ahead of ours, a key that it calls expired is fetched anew', async () => {
    let aheadMs = 0;
    await start({ nowMs: () => Date.now() + aheadMs });
    const customer = await gateway.customer('requests', { requests: 100 });
    expect((await gateway.chat(customer, HELLO)).status).toBe(200);
    aheadMs = 40 * 60_000;
    expect((await gateway.chat(customer, HELLO)).status).toBe(200);
    expect(vendor.askedFor('/oauth')).toHaveLength(2);
  });

  test.each([
    ['a wrong key', { apiKey: btoa('someone:else') }, 'credentials'],
    ['a scope that is not the key’s', { scope: 'GIGACHAT_API_CORP' }, 'scope'],
  ])(
    '%s is ours alone: the customer reads 503, pays nothing, and the vendor is not stormed',
    async (_, wrong, word) => {
      const { apiKey = CREDENTIALS, scope } = wrong as { apiKey?: string; scope?: string };
      await start(scope === undefined ? {} : { scope }, { apiKey });
      const customer = await gateway.customer('requests', { requests: 10 });
      const answers = await Promise.all(Array.from({ length: 5 }, () => gateway.chat(customer, HELLO)));
      for (const answer of answers) {
        expect(answer.status).toBe(503);
        const text = await answer.text();
        expect(text).toContain('provider_unavailable');
        expect(text).not.toContain(word);
      }
      expect(vendor.askedFor('/oauth').length).toBeLessThanOrEqual(2);
      expect((await gateway.balance(customer)).requests).toBe(10);
    },
  );
});

describe('places', () => {
  test('a person’s account gets one call at once, streams among them, and nobody is refused for it', async () => {
    await start();
    vendor.delayMs = 5;
    const customer = await gateway.customer('requests', { requests: 100 });
    const calls = Array.from({ length: 12 }, (_, i) => gateway.chat(customer, { ...HELLO, stream: i % 2 === 0 }));
    for (const answer of await Promise.all(calls)) {
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('Сбера.');
    }
    expect(vendor.askedFor('/chat/completions')).toHaveLength(12);
  });

  test('who waits for a turn for too long is told to come again, pays nothing, and the vendor was not asked', async () => {
    await start({}, {}, {}, { providerQueueMs: 50 });
    vendor.delayMs = 600;
    const customer = await gateway.customer('requests', { requests: 10 });
    const first = gateway.chat(customer, HELLO);
    await Bun.sleep(100);
    const second = await gateway.chat(customer, HELLO);
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '10']);
    expect((await first).status).toBe(200);
    expect(vendor.askedFor('/chat/completions')).toHaveLength(1);
    expect((await gateway.balance(customer)).requests).toBe(9);
  });

  test('a client who leaves while it waits or streams gives its place back', async () => {
    await start();
    vendor.delayMs = 100;
    const customer = await gateway.customer('requests', { requests: 100 });
    const leaving = Array.from({ length: 4 }, () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30);
      return gateway.chat(customer, { ...HELLO, stream: true }, { signal: controller.signal }).catch(() => undefined);
    });
    await Promise.all(leaving);
    await gateway.auditAtRest();
    await Bun.sleep(120);
    vendor.delayMs = 0;
    expect((await gateway.chat(customer, HELLO)).status).toBe(200);
  });
});

describe('certificates', () => {
  test('an authority that no list has is named by `ca`, for that provider alone', async () => {
    await start({ tls: SIGNED }, { ca: TEST_CA });
    const customer = await gateway.customer('requests', { requests: 10 });
    expect((await gateway.chat(customer, HELLO)).status).toBe(200);
  });

  test('without it nothing is sent, whatever the environment says of verification', async () => {
    await start({ tls: SIGNED }, {}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    const customer = await gateway.customer('requests', { requests: 10 });
    const answer = await gateway.chat(customer, HELLO);
    expect(answer.status).toBe(503);
    expect(vendor.asked).toEqual([]);
    expect((await gateway.balance(customer)).requests).toBe(10);
  });
});

describe('functions', () => {
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];

  test.each([false, true])('a call and its result go there and back (stream %p)', async (stream) => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    const asked = await gateway.chat(customer, { ...HELLO, tools, stream });
    const text = await asked.text();
    expect(text).toContain('tool_calls');
    const id = /"id": ?"([0-9a-f]{8}-[0-9a-f-]{27})"/.exec(text)?.[1];
    const made = { id, type: 'function', function: { name: 'weather', arguments: '{"city":"Москва","days":2}' } };
    const messages = [
      ...HELLO.messages,
      { role: 'assistant', content: null, tool_calls: [made] },
      { role: 'tool', tool_call_id: id, content: 'солнечно' },
    ];
    const answered = await gateway.chat(customer, { ...HELLO, messages, tools });
    expect(answered.status).toBe(200);
    expect(JSON.parse(vendor.askedFor('/chat/completions').at(-1)?.text ?? '')).toMatchObject({
      messages: [
        { role: 'user', content: 'Привет' },
        {
          role: 'assistant',
          function_call: { name: 'weather', arguments: { city: 'Москва' } },
          functions_state_id: id,
        },
        { role: 'function', name: 'weather', content: '{"result":"солнечно"}' },
      ],
      function_call: 'auto',
    });
  });
});

describe('pictures to look at', () => {
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL.toString('base64')}` } };
  const look = (...pictures: object[]) => ({
    model: 'eyes',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Что тут?' }, ...pictures] }],
  });
  const seen = `image/png of ${PIXEL.length} bytes`;

  /** Deleting is waited for by nobody, so that a test has to. */
  async function allDeleted(): Promise<void> {
    const untilMs = performance.now() + 2_000;
    while (vendor.files.count > 0 && performance.now() < untilMs) await Bun.sleep(2);
    expect(vendor.files.count).toBe(0);
  }

  test.each([false, true])('are brought before the chat and deleted after it (stream %p)', async (stream) => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    const answer = await gateway.chat(customer, { ...look(picture, picture), stream });
    const text = stream ? wordsOfStream(await answer.text()) : await textOf(answer);
    expect(text).toBe(`The pictures are: ${seen}, ${seen}`);
    expect(vendor.files.brought).toBe(2);
    await allDeleted();
    expect((await gateway.usage(customer))[0]).toMatchObject({ attempts: 1, outcome: 'settled' });
  });

  test('are never brought for a model that does not see, nor for a call that is refused by another field', async () => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    for (const wrong of [{ model: 'giga' }, { n: 2 }, { stop: ['a'] }]) {
      const answer = await gateway.chat(customer, { ...look(picture), ...wrong });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: 'unsupported_parameter' } });
    }
    expect(vendor.asked).toEqual([]);
    expect((await gateway.balance(customer)).requests).toBe(10);
  });

  test('that the vendor refuses are the customer’s fault, those that it fails to keep its own; nothing is charged', async () => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    for (const [refusesWith, status] of [
      [413, 413],
      [500, 502],
    ] as const) {
      vendor.files.refusesWith = refusesWith;
      expect((await gateway.chat(customer, look(picture))).status).toBe(status);
    }
    expect(vendor.askedFor('/chat/completions')).toEqual([]);
    expect((await gateway.balance(customer)).requests).toBe(10);
  });

  test('are deleted too where the chat fails, and where the client leaves in the middle of it', async () => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    const failing = { ...look(picture), messages: [{ role: 'user', content: ['fail with 500', picture].map(asPart) }] };
    expect((await gateway.chat(customer, failing)).status).toBe(502);
    await allDeleted();
    vendor.delayMs = 100;
    const controller = new AbortController();
    const leaving = gateway.chat(customer, look(picture), { signal: controller.signal }).catch(() => undefined);
    while (vendor.askedFor('/chat/completions').length < 2) await Bun.sleep(2);
    expect(vendor.files.count).toBe(1);
    controller.abort();
    await leaving;
    await allDeleted();
  });

  test('are deleted before a gateway that stops is gone', async () => {
    await start();
    vendor.files.deleteMs = 200;
    const customer = await gateway.customer('requests', { requests: 10 });
    expect((await gateway.chat(customer, look(picture))).status).toBe(200);
    await gateway.stop();
    expect(vendor.files.brought).toBe(1);
    expect(vendor.files.count).toBe(0);
  });

  test('that cannot be deleted spoil no answer, and the operator is told of them', async () => {
    await start();
    vendor.files.isStuck = true;
    const alarms: string[] = [];
    const { report } = gateway.running.gateway;
    const alarm = report.alarm.bind(report);
    report.alarm = (event, fields) => {
      alarms.push(`${event} ${fields['provider']}`);
      alarm(event, fields);
    };
    const customer = await gateway.customer('requests', { requests: 10 });
    expect((await gateway.chat(customer, look(picture))).status).toBe(200);
    while (alarms.length === 0) await Bun.sleep(2);
    expect(alarms).toEqual(['file_not_deleted giga']);
  });

  test('a key that ends between the picture and the chat is fetched anew, and both are one customer’s', async () => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    vendor.files.onBring = () => vendor.endKeys();
    expect((await gateway.chat(customer, look(picture))).status).toBe(200);
    expect(vendor.askedFor('/oauth')).toHaveLength(2);
    await allDeleted();
  });
});

const asPart = (part: string | object) => (typeof part === 'string' ? { type: 'text', text: part } : part);

/** The text of a stream of chat completions. */
function wordsOfStream(raw: string): string {
  const data = [...raw.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as StreamChunk);
  return data.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}
type StreamChunk = { readonly choices: readonly { readonly delta: { readonly content?: string } }[] };

describe('pictures', () => {
  const paint = (key: string, body: object) =>
    gateway.ask('/v1/image', { model: 'kandinsky', prompt: 'Кот', ...body }, { authorization: key });

  test('are drawn by a chat and fetched as the client for whom they were drawn', async () => {
    await start();
    const { key } = await gateway.customer('requests', { requests: 10 });
    const { status, body } = await paint(key, {});
    expect(status).toBe(200);
    const picture = await fetch(String(body['url']).replace(/^https?:\/\/[^/]+/, gateway.url));
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(vendor.askedFor('/content')).toHaveLength(1);
  });

  test('what the vendor will not draw is refused as its content, and costs nothing', async () => {
    await start();
    const customer = await gateway.customer('requests', { requests: 10 });
    expect((await paint(customer.key, { prompt: 'запретное' })).status).toBe(400);
    expect((await paint(customer.key, { ar: '16:9' })).status).toBe(400);
    expect((await gateway.balance(customer)).requests).toBe(10);
  });
});
