// The Sydney service as a client sees it: one test for each row of its contract, over HTTP.

import { afterAll, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { CallError, ERRORS } from '../../src/core/errors.ts';
import { sydney } from '../../src/dialects/sydney.ts';
import { clientAddress } from '../../src/http/client-address.ts';
import { startGateway } from '../../src/main.ts';
import { json } from '../../src/testing/fault-scripts.ts';
import type { Told } from '../../src/testing/gateway-client.ts';
import { GatewayClient } from '../../src/testing/gateway-client.ts';
import { PUBLIC_URL, startServices, UNIVERSAL_KEY } from '../../src/testing/service-gateway.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { environmentFor, TestGateway } from '../../src/testing/test-gateway.ts';

const CLAUDE = ['claude-2-100k', 'claude-1.3-100k', 'claude-instant-1-100k'];
const CHAT_MODELS = ['gpt-3.5-turbo', 'gpt-4', ...CLAUDE];
const HELLO = [{ role: 'user', content: 'Привет, как дела?' }];

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await startServices({ trustedProxies: 1 });
  customer = await gateway.customer('paid');
});
afterAll(() => gateway.stop());

/** The key as the document sends it: alone in `Authorization`. */
const ask = (path: string, body: unknown, key = customer.key) =>
  gateway.ask(path, body, key === '' ? {} : { authorization: key });

/** Keys of a plan with the document's limits; each test has one of its own. */
const fresh = () => gateway.customer('prestige');

function expectError(told: Told, status: number, text: string | RegExp): void {
  expect(told.status).toBe(status);
  expect(Object.keys(told.body)).toEqual(['error']);
  expect(told.body['error']).toMatch(text);
  expect(told.body['error']).toMatch(/[а-я]/i);
}

describe('POST /v1/chat', () => {
  test.each(CHAT_MODELS)('%s: 200 with the reply', async (model) => {
    const { status, body, headers } = await ask('/v1/chat', { model, messages: HELLO });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['reply']);
    expect(body['reply']).toContain('Привет, как дела?');
    expect(headers.get('x-tolmach-provider')).toBe('demo');
    expect(headers.get('x-tolmach-model')).toBe(model);
    expect(headers.get('x-tolmach-charge')).toBe('0');
  });

  test('a conversation with all three roles, and fields that nobody knows', async () => {
    const messages = [
      { role: 'system', content: 'Отвечай кратко.', name: 'x' },
      { role: 'user', content: 'Раз' },
      { role: 'assistant', content: 'Два' },
      { role: 'user', content: 'Три' },
    ];
    const { status, body } = await ask('/v1/chat', { model: 'gpt-3.5-turbo', messages, stream: true, n: 5 });
    expect(status).toBe(200);
    expect(body['reply']).toContain('«Три»');
  });

  test('a model that the document does not name: 400 that names those it does', async () => {
    for (const model of [undefined, null, '', 'gpt-4o', 'sdxl', 'GPT-4', 5, ['gpt-4'], '__proto__'])
      expectError(
        await ask('/v1/chat', { model, messages: HELLO }),
        400,
        `model должен быть одним из: ${CHAT_MODELS.join(', ')}`,
      );
  });

  test('messages that are none: 400 that names the field', async () => {
    for (const messages of [undefined, null, [], {}, 'text', 5])
      expectError(await ask('/v1/chat', { model: 'gpt-4', messages }), 400, 'messages');
    for (const message of [
      null,
      'text',
      {},
      { role: 'tool', content: 'a' },
      { role: 'function', content: 'a' },
      { content: 'a' },
    ])
      expectError(await ask('/v1/chat', { model: 'gpt-4', messages: [message] }), 400, 'Роль');
    for (const content of [undefined, null, 5, {}, ['text']])
      expectError(await ask('/v1/chat', { model: 'gpt-4', messages: [{ role: 'user', content }] }), 400, 'content');
  });

  test('a body that is no object: 400', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '5',
      '"text"',
      `${'['.repeat(1_000)}`,
      '{"model":"gpt-4","model":"gpt-4"}',
    ])
      expectError(await ask('/v1/chat', body), 400, /./);
  });

  test('any content type, or none', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      const headers = { authorization: customer.key, 'content-type': type };
      expect((await gateway.ask('/v1/chat', { model: 'gpt-3.5-turbo', messages: HELLO }, headers)).status).toBe(200);
    }
  });
});

describe('POST /v1/prompt', () => {
  test.each(CLAUDE)('%s: 200 with the reply to the last human turn', async (model) => {
    const prompt = '\n\nHuman: Раз\n\nAssistant: Два\n\nHuman: Переведи: "Hello?"\n\nAssistant: ';
    const { status, body } = await ask('/v1/prompt', { model, prompt });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['reply']);
    expect(body['reply']).toContain('«Переведи: "Hello?"»');
  });

  test('another model: 400', async () => {
    for (const model of ['gpt-4', 'gpt-3.5-turbo', 'claude-2', undefined])
      expectError(
        await ask('/v1/prompt', { model, prompt: 'Привет' }),
        400,
        `model должен быть одним из: ${CLAUDE.join(', ')}`,
      );
  });

  test('no prompt: 400 that names the field', async () => {
    for (const prompt of [undefined, null, '', ' \n', 5, ['a']])
      expectError(await ask('/v1/prompt', { model: CLAUDE[0], prompt }), 400, 'prompt');
  });

  test('turns become messages: with what is before them, without any, with ends of line of Windows', () => {
    const route = sydney.routes.find(({ path }) => path === '/v1/prompt');
    const read = (prompt: string) => {
      if (route?.action !== 'call') throw new Error('the route is gone');
      const text = JSON.stringify({ model: CLAUDE[0], prompt });
      return route
        .read({ text, contentType: '' }, { headers: new Headers(), rest: '', query: new URLSearchParams() })
        .messages.map(({ role, parts }) => [role, (parts[0] as { text: string }).text]);
    };
    expect(read('Будь краток.\n\nHuman: А?\n\nAssistant: Б.\n\nHuman: В?\n\nAssistant:')).toEqual([
      ['system', 'Будь краток.'],
      ['user', 'А?'],
      ['assistant', 'Б.'],
      ['user', 'В?'],
    ]);
    expect(read('Просто текст')).toEqual([['user', 'Просто текст']]);
    expect(read('Human: А?\r\n\r\nAssistant: Начало')).toEqual([
      ['user', 'А?'],
      ['assistant', 'Начало'],
    ]);
  });
});

describe('POST /v1/image', () => {
  const cat = { model: 'sdxl', prompt: 'A cat at night, photorealistic' };

  async function sizeOf(url: unknown): Promise<number> {
    const response = await fetch(String(url).replace(PUBLIC_URL, gateway.url));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/png');
    const view = new DataView(await response.arrayBuffer());
    expect(view.getUint32(0)).toBe(0x89_50_4e_47);
    return view.getUint32(16) / view.getUint32(20);
  }

  test.each(['sdxl', 'kandisky', 'kandinsky'])('%s: 200 with an address that needs no key', async (model) => {
    const { status, body } = await ask('/v1/image', { ...cat, model });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['url']);
    expect(body['url']).toStartWith(`${PUBLIC_URL}/files/`);
    expect(await sizeOf(body['url'])).toBe(1);
  });

  test('ar: each ratio of the document is the picture’s', async () => {
    const { key } = await gateway.customer('paid');
    for (const ar of ['16:9', '3:2', '1:1', '2:3', '9:16', null]) {
      const [across = 1, down = 1] = (ar ?? '1:1').split(':').map(Number);
      const { body } = await ask('/v1/image', { ...cat, ar }, key);
      expect(await sizeOf(body['url'])).toBeCloseTo(across / down, 5);
    }
  });

  test('ar that is another: 400 that names those that there are', async () => {
    for (const ar of ['4:3', '16x9', '', 1, {}])
      expectError(await ask('/v1/image', { ...cat, ar }), 400, 'ar должен быть одним из: 16:9, 3:2, 1:1, 2:3, 9:16');
  });

  test('negative: for sdxl alone; another model is 400', async () => {
    expect((await ask('/v1/image', { ...cat, negative: 'dogs' })).status).toBe(200);
    for (const model of ['kandisky', 'kandinsky']) {
      expectError(await ask('/v1/image', { ...cat, model, negative: 'dogs' }), 400, 'negative');
      expect((await ask('/v1/image', { ...cat, model, negative: null })).status).toBe(200);
    }
    expectError(await ask('/v1/image', { ...cat, negative: 5 }), 400, 'negative');
  });

  test('another model, no prompt: 400 that names the field', async () => {
    for (const model of [undefined, 'dall-e-3', 'gpt-4', 'toString'])
      expectError(
        await ask('/v1/image', { ...cat, model }),
        400,
        'model должен быть одним из: sdxl, kandisky, kandinsky',
      );
    for (const prompt of [undefined, '', ' ', 5])
      expectError(await ask('/v1/image', { ...cat, prompt }), 400, 'prompt');
  });

  test('the address works until it expires, and nobody can guess another', async () => {
    const { body } = await ask('/v1/image', cat);
    const address = String(body['url']).replace(PUBLIC_URL, gateway.url);
    const keepMs = gateway.running.gateway.config.files.keepMs;
    setSystemTime(new Date(Date.now() + keepMs - 5_000));
    expect((await fetch(address)).status).toBe(200);
    setSystemTime(new Date(Date.now() + 10_000));
    expect((await fetch(address)).status).toBe(404);
    setSystemTime();
    expect((await fetch(address.replace(/.(?=\.png)/, (c) => (c === '0' ? '1' : '0')))).status).toBe(404);
    expect((await fetch(`${gateway.url}/files/`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/files/..%2Fsecret`)).status).toBe(404);
  });

  test('text beyond 10 000 characters is cut, the negative part before the prompt', async () => {
    const { key } = await gateway.customer('paid');
    const told = await ask('/v1/image', { ...cat, prompt: '👋'.repeat(9_999), negative: 'ёж' }, key);
    expect(told.headers.get('x-tolmach-truncated')).toBe('1');
    expect(
      (await ask('/v1/image', { ...cat, prompt: 'ё'.repeat(10_007) }, key)).headers.get('x-tolmach-truncated'),
    ).toBe('7');
  });
});

describe('POST /v1/moderate', () => {
  test('default filters: nsfw and nsfl', async () => {
    for (const filters of [undefined, null, []]) {
      const { status, body } = await ask('/v1/moderate', { q: 'Привет, как дела?', filters });
      expect(status).toBe(200);
      expect(Object.keys(body)).toEqual(['flagged', 'filters']);
      expect(body).toEqual({
        flagged: false,
        filters: { nsfw: { flagged: false, score: 0 }, nsfl: { flagged: false, score: 0 } },
      });
    }
  });

  test('free words: политика and any other are filters under their own names', async () => {
    const { body } = await ask('/v1/moderate', {
      q: 'Депутаты приняли закон о выборах президента',
      filters: ['nsfw', 'политика', 'футбол', '__proto__'],
    });
    expect(body['flagged']).toBe(true);
    const filters = body['filters'] as Record<string, { flagged: boolean; score: number }>;
    expect(Object.keys(filters)).toEqual(['nsfw', 'политика', 'футбол', '__proto__']);
    expect(filters['политика']?.flagged).toBe(true);
    expect(filters['nsfw']?.flagged).toBe(false);
    expect(filters['футбол']).toEqual({ flagged: false, score: 0 });
    for (const { score } of Object.values(filters)) expect(score).toBeWithin(0, 1.000_001);
    const football = await ask('/v1/moderate', { q: 'Я говорю о футболе', filters: ['футбол'] });
    expect(football.body).toMatchObject({ flagged: true, filters: { футбол: { flagged: true } } });
  });

  test('flagged: when any filter is', async () => {
    const { body } = await ask('/v1/moderate', { q: 'порно', filters: ['nsfl', 'nsfw'] });
    expect(body).toMatchObject({ flagged: true, filters: { nsfw: { flagged: true }, nsfl: { flagged: false } } });
  });

  test('no q, filters that are no list of words: 400 that names the field', async () => {
    for (const q of [undefined, null, '', ' ', 5, ['a']]) expectError(await ask('/v1/moderate', { q }), 400, 'q');
    for (const filters of ['nsfw', [5], [''], [' '], {}, 5, ['x'.repeat(201)], Array.from({ length: 65 }, String)])
      expectError(await ask('/v1/moderate', { q: 'a', filters }), 400, 'filters');
  });

  test('axios slip: options sent as the body are read as that request, with the key that is in them', async () => {
    const data = { q: 'Привет, как дела?', filters: ['nsfw', 'политика'] };
    for (const headers of [
      { Authorization: customer.key },
      { authorization: `Bearer ${customer.key}` },
      { Authorization: UNIVERSAL_KEY },
    ]) {
      const { status, body } = await ask('/v1/moderate', { headers, data }, '');
      expect(status).toBe(200);
      expect(Object.keys(body['filters'] as object)).toEqual(['nsfw', 'политика']);
    }
    expect((await ask('/v1/moderate', { headers: { Authorization: customer.key }, data })).status).toBe(200);
    expect((await ask('/v1/moderate', { data })).status).toBe(200);
    expectError(await ask('/v1/moderate', { headers: { Authorization: 'wrong' }, data }, ''), 401, 'ключ');
    // A key in the headers is the request's own; what a body says of others is data.
    expect((await ask('/v1/moderate', { headers: { Authorization: 'other' }, data })).status).toBe(200);
    for (const body of [
      { data },
      { headers: {}, data },
      { headers: { Authorization: 5 }, data },
      { headers: [], data },
    ])
      expectError(await ask('/v1/moderate', body, ''), 401, 'ключ');
  });

  test('the slip is none where the request itself is there, nor on other routes', async () => {
    const headers = { Authorization: customer.key };
    expectError(await ask('/v1/moderate', { headers, q: 'a' }, ''), 401, 'ключ');
    expectError(await ask('/v1/chat', { headers, data: { model: 'gpt-4', messages: HELLO } }, ''), 401, 'ключ');
  });

  test('too often: 429 with Retry-After, where a plan limits it', async () => {
    const { key } = await gateway.customer('limited');
    for (let i = 0; i < 2; i++) expect((await ask('/v1/moderate', { q: 'a' }, key)).status).toBe(200);
    const told = await ask('/v1/moderate', { q: 'a' }, key);
    expectError(told, 429, 'Слишком много запросов');
    expect(Number(told.headers.get('retry-after'))).toBeWithin(50, 61);
  });
});

describe('statuses', () => {
  const ROUTES: readonly (readonly [path: string, body: Record<string, unknown>])[] = [
    ['/v1/chat', { model: 'gpt-3.5-turbo', messages: HELLO }],
    ['/v1/prompt', { model: 'claude-2-100k', prompt: 'Привет' }],
    ['/v1/image', { model: 'kandinsky', prompt: 'Кот' }],
    ['/v1/moderate', { q: 'Привет' }],
  ];

  test.each(ROUTES)('%s: the key in Authorization with or without Bearer, x-api-key or api-key', async (path, body) => {
    const { key } = await fresh();
    for (const headers of [
      { authorization: key },
      { authorization: `Bearer ${key}` },
      { 'x-api-key': key },
      { 'api-key': key },
    ] as Record<string, string>[])
      expect((await gateway.ask(path, body, headers)).status).toBe(200);
  });

  test.each(ROUTES)(
    '%s: 401 without a key, with a wrong, revoked or mistyped one, or one in the body',
    async (path, body) => {
      const revoked = await fresh();
      await gateway.admin('DELETE', `keys/${revoked.keyId}`);
      expectError(await ask(path, body, ''), 401, 'Не указан API ключ.');
      expectError(await ask(path, { ...body, key: customer.key }, ''), 401, 'Не указан API ключ.');
      expectError(await ask(path, '', ''), 401, 'Не указан API ключ.');
      for (const key of ['wrong', revoked.key, `${customer.key}x`])
        expectError(await ask(path, body, key), 401, 'Некорректный API ключ.');
    },
  );

  test.each(ROUTES)('%s: 403 for a plan without API and for a blocked account', async (path, body) => {
    expectError(await ask(path, body, (await gateway.customer('free')).key), 403, 'Бесплатный');
    const blocked = await fresh();
    await gateway.admin('PATCH', `accounts/${blocked.accountId}`, { status: 'blocked' });
    expectError(await ask(path, body, blocked.key), 403, 'заблокирован');
  });

  test.each(ROUTES)(
    '%s: 400 for two keys, a key in the address, and a body that is too large or compressed',
    async (path, body) => {
      expectError(
        await gateway.ask(path, body, { authorization: customer.key, 'api-key': 'other' }),
        400,
        'два разных',
      );
      expectError(await ask(`${path}?api_key=${customer.key}`, body), 400, 'в адресе');
      const zipped = { authorization: customer.key, 'content-encoding': 'gzip' };
      expectError(await gateway.ask(path, body, zipped), 400, 'Сжатые');
    },
  );

  test('no call ends in any status but 200, 400, 401, 403, 429 and 500, whatever fails', () => {
    const context = { requestId: 'r', publicUrl: PUBLIC_URL };
    for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
      for (const status of [undefined, 404, 409, 413, 422, 502]) {
        const error = new CallError(code, status === undefined ? {} : { status });
        const shown = sydney.error(error, context).status;
        expect(code === 'method_not_allowed' && status === undefined ? 400 : shown).toBeOneOf([
          400, 401, 403, 429, 500,
        ]);
      }
    }
  });

  test('500 where the provider fails, without a word of its own', async () => {
    const faulty = await startServices({
      models: [{ name: 'gpt-4', targets: [{ provider: 'first', model: 'upstream-model' }] }],
    });
    try {
      const { key } = await faulty.customer('prestige');
      faulty.upstream.answer = () => json({ error: { message: 'secret words' } }, 500);
      const told = await faulty.ask('/v1/chat', { model: 'gpt-4', messages: HELLO }, { authorization: key });
      expectError(told, 500, /поставщик/i);
      expect(told.body['error']).not.toContain('secret');
    } finally {
      await faulty.stop();
    }
  });

  test('400 for a model that is not served here', async () => {
    const { models } = gateway.running.gateway;
    const find = models.find.bind(models);
    Object.assign(models, { find: (name: string) => (name === 'gpt-4' ? undefined : find(name)) });
    const told = await ask('/v1/chat', { model: 'gpt-4', messages: HELLO });
    Object.assign(models, { find });
    expectError(told, 400, 'Модели gpt-4 нет');
  });
});

describe('limits of the document', () => {
  const chat = (key: string, model: string) => ask('/v1/chat', { model, messages: HELLO }, key);
  const image = (key: string, model: string) => ask('/v1/image', { model, prompt: 'Кот', ar: '16:9' }, key);

  test('gpt-4: the third call within a minute is 429 with a true Retry-After; another model goes on', async () => {
    const { key } = await fresh();
    for (let i = 0; i < 2; i++) expect((await chat(key, 'gpt-4')).status).toBe(200);
    const told = await chat(key, 'gpt-4');
    expectError(told, 429, 'Слишком много запросов');
    expect(Number(told.headers.get('retry-after'))).toBeWithin(50, 61);
    expect(told.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect((await chat(key, 'gpt-3.5-turbo')).status).toBe(200);
  });

  test('gpt-3.5-turbo: 10 a minute', async () => {
    const { key } = await fresh();
    const told = await Promise.all(Array.from({ length: 15 }, () => chat(key, 'gpt-3.5-turbo')));
    expect(told.filter(({ status }) => status === 200)).toHaveLength(10);
  });

  test('claude: 7 a minute over all its models and both routes', async () => {
    const { key } = await fresh();
    for (const model of CLAUDE) expect((await chat(key, model)).status).toBe(200);
    for (const model of [...CLAUDE, CLAUDE[0]])
      expect((await ask('/v1/prompt', { model, prompt: 'Привет' }, key)).status).toBe(200);
    expect((await chat(key, 'claude-instant-1-100k')).status).toBe(429);
    expect((await ask('/v1/prompt', { model: CLAUDE[1], prompt: 'Привет' }, key)).status).toBe(429);
    expect((await chat(key, 'gpt-4')).status).toBe(200);
  });

  test('sdxl: 3 a minute', async () => {
    const { key } = await fresh();
    for (let i = 0; i < 3; i++) expect((await image(key, 'sdxl')).status).toBe(200);
    expect((await image(key, 'sdxl')).status).toBe(429);
    expect((await image(key, 'kandinsky')).status).toBe(200);
  });

  test('kandinsky: 20 a minute, under both spellings together', async () => {
    const { key } = await fresh();
    const told = await Promise.all(
      Array.from({ length: 24 }, (_, i) => image(key, i % 2 === 0 ? 'kandinsky' : 'kandisky')),
    );
    expect(told.filter(({ status }) => status === 200)).toHaveLength(20);
  });

  test('the table stands in the built-in plans, a day as well as a minute', () => {
    for (const id of ['prestige', 'public']) {
      const limits = gateway.running.gateway.plans.find(id)?.limits ?? [];
      const rows = limits
        .filter(({ scope }) => scope.dialects.includes('sydney'))
        .map(({ scope, perDay, perMinute, perModel }) => [scope.models.join(), perDay, perMinute, perModel]);
      expect(rows).toEqual([
        ['gpt-4', 500, 2, false],
        ['gpt-3.5-turbo', 2000, 10, false],
        ['claude-*', 1500, 7, false],
        ['sdxl', 1000, 3, false],
        ['kandinsky', 10_000, 20, false],
      ]);
    }
  });

  test('a limit a day: 429 with the seconds until midnight in Moscow', async () => {
    const { key } = await gateway.customer('once');
    expect((await chat(key, 'gpt-4')).status).toBe(200);
    const told = await chat(key, 'claude-2-100k');
    expectError(told, 429, 'Слишком много запросов');
    // Moscow has been three hours ahead of UTC all year round since 2014.
    const sinceMidnightS = (Date.now() / 1000 + 3 * 3600) % 86_400;
    expect(Math.abs(Number(told.headers.get('retry-after')) - (86_400 - sinceMidnightS))).toBeLessThan(5);
  });

  test('calls of other services do not count', async () => {
    const services = await gateway.customer('prestige', { requests: 100 });
    for (let i = 0; i < 4; i++) await gateway.chat(services, { model: 'gpt-4', messages: HELLO });
    expect((await chat(services.key, 'gpt-4')).status).toBe(200);
  });

  test('a refused body does not count', async () => {
    const { key } = await fresh();
    for (let i = 0; i < 5; i++) await ask('/v1/chat', { model: 'gpt-4', messages: [] }, key);
    expect((await chat(key, 'gpt-4')).status).toBe(200);
  });
});

describe('the public key', () => {
  const chat = (address: string, model = 'gpt-4') =>
    gateway.ask('/v1/chat', { model, messages: HELLO }, { authorization: UNIVERSAL_KEY, 'x-forwarded-for': address });

  test('works on all of Sydney’s routes, for everybody', async () => {
    for (const [path, body] of [
      ['/v1/chat', { model: 'claude-2-100k', messages: HELLO }],
      ['/v1/prompt', { model: 'claude-2-100k', prompt: 'Привет' }],
      ['/v1/image', { model: 'kandisky', prompt: 'Кот' }],
      ['/v1/moderate', { q: 'Привет', filters: ['nsfw', 'политика'] }],
    ] as const)
      expect((await ask(path, body, UNIVERSAL_KEY)).status).toBe(200);
  });

  test('is limited for each client address by itself, and for an IPv6 network as one', async () => {
    for (const address of ['203.0.113.1', '203.0.113.2', '2001:db8:1:2::1']) {
      for (let i = 0; i < 2; i++) expect((await chat(address)).status).toBe(200);
      expectError(await chat(address), 429, 'Слишком много запросов');
    }
    expect((await chat('2001:db8:1:2:ffff::9')).status).toBe(429);
    expect((await chat('198.51.100.7, 203.0.113.1')).status).toBe(429);
    expect((await chat('203.0.113.1, 198.51.100.8')).status).toBe(200);
  });

  test('is limited as a whole to a hundred times the table', async () => {
    const told = await Promise.all(Array.from({ length: 301 }, (_, i) => chat(`192.0.${i >> 8}.${i & 255}`)));
    const admitted = told.filter(({ status }) => status === 200).length;
    // The tests before this one took some of the 200.
    expect(admitted).toBeWithin(185, 201);
  });

  test('sells nothing else', async () => {
    const body = { content: 'Привет', key: UNIVERSAL_KEY };
    expect((await gateway.ask('/api/gpt/create_request', body)).status).toBe(403);
    const response = await gateway.chat({ ...customer, key: UNIVERSAL_KEY }, { model: 'gpt-4', messages: HELLO });
    expect(response.status).toBe(403);
  });
});

test('the client’s address is the connection’s, or what the trusted proxies say', () => {
  expect(clientAddress('::ffff:10.0.0.1', '1.1.1.1', 0)).toBe('10.0.0.1');
  expect(clientAddress('10.0.0.9', '1.1.1.1, 2.2.2.2', 1)).toBe('2.2.2.2');
  expect(clientAddress('10.0.0.9', '1.1.1.1, 2.2.2.2', 2)).toBe('1.1.1.1');
  expect(clientAddress('10.0.0.9', '1.1.1.1', 2)).toBe('10.0.0.9');
  expect(clientAddress('10.0.0.9', 'unknown', 1)).toBe('10.0.0.9');
  expect(clientAddress('10.0.0.9', null, 1)).toBe('10.0.0.9');
  for (const address of ['2001:DB8:0:1::5', '2001:0db8::1:0:0:0:9', '2001:db8:0:1:2:3:4:5'])
    expect(clientAddress(address, null, 0)).toBe('2001:db8:0:1::/64');
});

test('a public key that is replaced in the configuration works at once, and the old one no longer', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-test-'));
  const path = join(dataDir, 'config.yaml');
  for (const publicKey of ['first-public-key', 'second-public-key']) {
    writeFileSync(path, JSON.stringify({ publicKey }));
    const running = await startGateway(loadConfig(environmentFor(dataDir, path, { OLLAMA_BASE_URL: '' })));
    const client = new GatewayClient(running.url);
    const statusWith = async (authorization: string) =>
      (await client.ask('/v1/moderate', { q: 'Привет' }, { authorization })).status;
    expect(await statusWith(publicKey)).toBe(200);
    expect(await statusWith('first-public-key')).toBe(publicKey === 'first-public-key' ? 200 : 401);
    await running.stop();
  }
  rmSync(dataDir, { recursive: true, force: true });
});

test('calls at a price of 0 need no balance, change none, and are in the usage', async () => {
  const poor = await gateway.customer('paid');
  await ask('/v1/chat', { model: 'gpt-4', messages: HELLO }, poor.key);
  await ask('/v1/image', { model: 'sdxl', prompt: 'Кот' }, poor.key);
  expect(await gateway.balance(poor)).toMatchObject({ requests: 0, microRub: 0 });
  expect(await gateway.usage(poor)).toMatchObject([
    { dialect: 'sydney', endpoint: 'image', model: 'sdxl', outcome: 'settled', charge: 0, usage: { images: 1 } },
    { dialect: 'sydney', endpoint: 'chat', model: 'gpt-4', outcome: 'settled', charge: 0, status: 200 },
  ]);
});

test('text of a chat beyond the plan’s bound is cut', async () => {
  const messages = [{ role: 'user', content: '👋'.repeat(10_003) }];
  const told = await ask('/v1/chat', { model: 'claude-2-100k', messages });
  expect(told.status).toBe(200);
  expect(told.headers.get('x-tolmach-truncated')).toBe('3');
});

describe('started with the preset of Sydney', () => {
  let alone: TestGateway;
  beforeAll(async () => {
    const env = { PRESET: 'sydney', OLLAMA_BASE_URL: '' };
    alone = await TestGateway.start({
      env,
      config: { plans: [], models: [], providers: [], publicKey: UNIVERSAL_KEY },
    });
  });
  afterAll(() => alone.stop());

  test('its routes answer, with texts of any length, and no others are there', async () => {
    const headers = { authorization: UNIVERSAL_KEY };
    const messages = [{ role: 'user', content: 'ё'.repeat(50_000) }];
    const told = await alone.ask('/v1/chat', { model: 'claude-2-100k', messages }, headers);
    expect(told.status).toBe(200);
    expect(told.headers.get('x-tolmach-truncated')).toBeNull();
    expect((await alone.ask('/api/gpt/units', { key: UNIVERSAL_KEY })).status).toBe(404);
  });
});

test('the books are in order after all of this', async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
});
