// The ChatInfo service as a client sees it: one test for each row of its contract, over HTTP.
import { afterAll, afterEach, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { completion, healthy, json } from '../../src/testing/fault-scripts.ts';
import type { Told } from '../../src/testing/gateway-client.ts';
import { PUBLIC_URL, startServices } from '../../src/testing/service-gateway.ts';
import type { Customer, TestGateway } from '../../src/testing/test-gateway.ts';

const CREATE = '/api/gpt/create_request';
const READ = '/api/gpt/get_response';
const UNITS = '/api/gpt/units';
const MODES =
  'chat shorter continue names task text poems books_list song_text summary paper report originality rewrite essay plan post code synopsis story article answer'.split(
    ' ',
  );
const NO_KEY = { success: false, error: expect.stringContaining(`${PUBLIC_URL}/subscription`) };
const TOO_OFTEN = {
  success: false,
  error: 'Кажется, вы отправляете запросы слишком часто. Обновите страницу, чтобы продолжить',
};

let gateway: TestGateway;
let rich: Customer;

beforeAll(async () => {
  gateway = await startServices();
  rich = await gateway.customer('paid', { requests: 100_000 });
});
afterEach(() => {
  setSystemTime();
  gateway.upstream.clear();
  gateway.upstream.answer = () => healthy('Ответ модели.');
});
afterAll(() => gateway.stop());

const create = (customer: Customer, more: Record<string, unknown> = {}) =>
  gateway.ask(CREATE, { content: 'Привет', key: customer.key, ...more });

async function readUntilSolved(customer: Customer, id: unknown): Promise<Told> {
  for (let tries = 0; tries < 200; tries++) {
    const told = await gateway.ask(READ, { id, key: customer.key });
    if (told.body['solving'] !== true) return told;
    await Bun.sleep(10);
  }
  throw new Error(`the request ${String(id)} was not solved`);
}

describe(`POST ${CREATE}`, () => {
  test('accepted: 200 with success, the units left, and the id, in that order', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    const { status, body, headers } = await create(customer);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['success', 'units', 'id']);
    expect(body).toEqual({ success: true, units: 4, id: expect.any(Number) });
    expect(Number.isSafeInteger(body['id'])).toBe(true);
    expect(headers.get('x-tolmach-charge')).toBe('2');
    expect(headers.get('x-tolmach-balance')).toBe('8');
    expect(headers.get('x-tolmach-unit')).toBe('requests');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test('accepted: units are half of the requests, rounded down', async () => {
    const customer = await gateway.customer('paid', { requests: 5 });
    expect((await create(customer)).body['units']).toBe(1);
    expect((await create(customer)).body['units']).toBe(0);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 1, units: 0 });
  });

  test('too little balance: 403 with the units left and where to buy', async () => {
    const customer = await gateway.customer('paid', { requests: 1 });
    const { status, body } = await create(customer);
    expect(status).toBe(403);
    expect(Object.keys(body)).toEqual(['success', 'units', 'error']);
    expect(body).toEqual({
      success: false,
      units: 0,
      error: `Недостаточно API Units для создания запроса. Купить еще: ${PUBLIC_URL}/prices`,
    });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 1 });
  });

  test('plan has no API: 403 with the name of the plan', async () => {
    const { status, body } = await create(await gateway.customer('free'));
    expect(status).toBe(403);
    expect(body).toEqual({
      success: false,
      error: 'Использовать API можно только на тарифе Престиж. Ваш тариф: Бесплатный.',
    });
  });

  test('too often: 429 with the Retry-After of the minute, and nothing charged', async () => {
    const customer = await gateway.customer('limited', { requests: 100 });
    for (let i = 0; i < 2; i++) expect((await create(customer)).status).toBe(200);
    const { status, body, headers } = await create(customer);
    expect({ status, body }).toEqual({ status: 429, body: TOO_OFTEN });
    expect(Number(headers.get('retry-after'))).toBeWithin(50, 61);
    expect(headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(await gateway.balance(customer)).toMatchObject({ requests: 96 });
  });

  test('key wrong, revoked, absent: 403 that says where to get one', async () => {
    const revoked = await gateway.customer('paid', { requests: 10 });
    await gateway.admin('DELETE', `keys/${revoked.keyId}`);
    for (const key of ['wrong', revoked.key, undefined, null, '', 12_345, {}, `${rich.key.slice(0, -1)}?`]) {
      const { status, body } = await gateway.ask(CREATE, { content: 'Привет', key });
      expect({ status, body }).toEqual({ status: 403, body: NO_KEY });
    }
  });

  test('account blocked: 403', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    await gateway.admin('PATCH', `accounts/${customer.accountId}`, { status: 'blocked' });
    expect(await create(customer)).toMatchObject({ status: 403, body: NO_KEY });
  });

  test('no content: 400 that names the field', async () => {
    for (const content of [undefined, null, '', ' \n', 5, ['Привет']]) {
      const { status, body } = await create(rich, { content });
      expect(status).toBe(400);
      expect(body).toEqual({ success: false, error: expect.stringContaining('content') });
    }
  });

  test('unknown mode: 400 that names the field and all modes', async () => {
    for (const mode of ['jokes', 'CHAT', 5, {}, '__proto__']) {
      const { status, body } = await create(rich, { mode });
      expect(status).toBe(400);
      expect(body).toEqual({ success: false, error: `Неизвестный mode. Допустимые значения: ${MODES.join(', ')}.` });
    }
  });

  test('bad JSON: 400', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      '[{}]',
      'null',
      '5',
      '"text"',
      'content=a&key=b',
      '{"content":"a","content":"b"}',
    ]) {
      const told = await gateway.ask(CREATE, body);
      expect(told.status).toBe(400);
      expect(told.body).toEqual({ success: false, error: expect.stringMatching(/^[А-Я]/) });
    }
  });

  test('no price for tasks in the plan: 403, never free', async () => {
    const customer = await gateway.customer('unpriced', { requests: 10 });
    const { status, body } = await create(customer);
    expect({ status, body }).toEqual({
      status: 403,
      body: { success: false, error: 'У этой модели нет цены в вашем тарифе.' },
    });
  });

  test.each(MODES)('mode %s: accepted, with its prompt before the text', async (mode) => {
    const { body } = await create(rich, { mode, content: 'Мой текст' });
    expect(await readUntilSolved(rich, body['id'])).toMatchObject({ status: 200 });
    const messages = gateway.upstream.calls.at(-1)?.body['messages'] as { role: string; content: string }[];
    expect(messages.at(-1)).toEqual({ role: 'user', content: 'Мой текст' });
    expect(messages.map((message) => message.role)).toEqual(mode === 'chat' ? ['user'] : ['system', 'user']);
  });

  test('mode absent, null or empty: chat', async () => {
    for (const mode of [undefined, null, '']) {
      const { body } = await create(rich, { mode });
      await readUntilSolved(rich, body['id']);
      expect(gateway.upstream.calls.at(-1)?.body['messages']).toEqual([{ role: 'user', content: 'Привет' }]);
    }
  });
});

describe(`POST ${READ}`, () => {
  test('done: 200 with the result', async () => {
    const { body } = await create(rich);
    const told = await readUntilSolved(rich, body['id']);
    expect(told.status).toBe(200);
    expect(Object.keys(told.body)).toEqual(['success', 'solving', 'result']);
    expect(told.body).toEqual({ success: true, solving: false, result: 'Ответ модели.' });
  });

  test('done: an answer is kept and can be asked for again, under a number or a decimal text', async () => {
    const { body } = await create(rich);
    const first = await readUntilSolved(rich, body['id']);
    expect((await readUntilSolved(rich, String(body['id']))).body).toEqual(first.body);
  });

  test('still running: 202', async () => {
    const gate = Promise.withResolvers<void>();
    gateway.upstream.queue(async (wire, call) => {
      await gate.promise;
      await healthy('Готово.')(wire, call);
    });
    const { body } = await create(rich);
    const told = await gateway.ask(READ, { id: body['id'], key: rich.key });
    expect({ status: told.status, body: told.body }).toEqual({ status: 202, body: { success: false, solving: true } });
    gate.resolve();
    expect((await readUntilSolved(rich, body['id'])).body['result']).toBe('Готово.');
  });

  test('failed: 200 with the reason, and its unit is given back', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    gateway.upstream.queue(json({ error: { message: 'secret words of a vendor' } }, 400));
    const { body } = await create(customer);
    expect(body['units']).toBe(4);
    const told = await readUntilSolved(customer, body['id']);
    expect(told.status).toBe(200);
    expect(Object.keys(told.body)).toEqual(['success', 'solving', 'error']);
    expect(told.body).toEqual({
      success: false,
      solving: false,
      error: 'Не удалось получить ответ нейросети: Поставщик модели отклонил запрос как неверный. API Unit возвращен.',
    });
    expect((await gateway.ask(UNITS, { key: customer.key })).body).toEqual({ success: true, units: 5 });
  });

  test('failed: an empty answer is a failure, and is given back', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    gateway.upstream.answer = () => json(completion(''));
    const sleep = gateway.running.gateway.sleep;
    Object.assign(gateway.running.gateway, { sleep: () => Promise.resolve() });
    const { body } = await create(customer);
    const told = await readUntilSolved(customer, body['id']);
    Object.assign(gateway.running.gateway, { sleep });
    expect(told.body).toMatchObject({ success: false, solving: false });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 10 });
  });

  test('unknown id, or another account’s: 404, the same for both', async () => {
    const other = await gateway.customer('paid', { requests: 10 });
    const { body } = await create(other);
    await readUntilSolved(other, body['id']);
    for (const id of [body['id'], 999_999_999, '9007199254740991']) {
      const told = await gateway.ask(READ, { id, key: rich.key });
      expect(told.status).toBe(404);
      expect(Object.keys(told.body)).toEqual(['success', 'solving', 'error']);
      expect(told.body).toEqual({ success: false, solving: false, error: 'Запрос с таким ID не найден.' });
    }
  });

  test('id that is no long: 400', async () => {
    for (const id of [
      undefined,
      null,
      '',
      'abc',
      -1,
      0,
      1.5,
      '1.5',
      '-1',
      2 ** 53,
      '9007199254740993',
      true,
      [1],
      {},
    ]) {
      const told = await gateway.ask(READ, { id, key: rich.key });
      expect(told.status).toBe(400);
      expect(told.body).toEqual({
        success: false,
        solving: false,
        error: 'Параметр id должен быть целым положительным числом.',
      });
    }
  });

  test('too often: 429 with Retry-After', async () => {
    const customer = await gateway.customer('limited', { requests: 100 });
    setSystemTime(new Date('2026-03-01T12:00:00.000Z'));
    for (let i = 0; i < 2; i++) await gateway.ask(READ, { id: 1, key: customer.key });
    const told = await gateway.ask(READ, { id: 1, key: customer.key });
    expect({ status: told.status, body: told.body }).toEqual({ status: 429, body: TOO_OFTEN });
    expect(told.headers.get('retry-after')).toBe('60');
  });

  test('key wrong or absent, plan without API: 403', async () => {
    for (const key of ['wrong', undefined])
      expect(await gateway.ask(READ, { id: 1, key })).toMatchObject({ status: 403, body: NO_KEY });
    const { key } = await gateway.customer('free');
    expect((await gateway.ask(READ, { id: 1, key })).body['error']).toContain('Ваш тариф: Бесплатный.');
  });

  test('free: polls change no balance and leave no usage', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    const { body } = await create(customer);
    await readUntilSolved(customer, body['id']);
    for (let i = 0; i < 20; i++) await gateway.ask(READ, { id: body['id'], key: customer.key });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 8 });
    expect(await gateway.usage(customer)).toHaveLength(1);
  });
});

describe(`POST ${UNITS}`, () => {
  test('200 with the units', async () => {
    const customer = await gateway.customer('paid', { requests: 467 });
    const { status, body } = await gateway.ask(UNITS, { key: customer.key });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['success', 'units']);
    expect(body).toEqual({ success: true, units: 233 });
  });

  test('200: the plan’s allowance of today counts, before its first use', async () => {
    const customer = await gateway.customer('prestige');
    expect((await gateway.ask(UNITS, { key: customer.key })).body).toEqual({ success: true, units: 100 });
  });

  test('plan has no API: 403 with the name of the plan', async () => {
    const { key } = await gateway.customer('free');
    const { status, body } = await gateway.ask(UNITS, { key });
    expect({ status, body }).toEqual({
      status: 403,
      body: { success: false, error: 'Использовать API можно только на тарифе Престиж. Ваш тариф: Бесплатный.' },
    });
  });

  test('key wrong or absent: 403', async () => {
    for (const key of ['wrong', undefined])
      expect(await gateway.ask(UNITS, { key })).toMatchObject({ status: 403, body: NO_KEY });
  });

  test('too often: 429 with Retry-After', async () => {
    const { key } = await gateway.customer('limited');
    setSystemTime(new Date('2026-03-01T12:00:00.000Z'));
    for (let i = 0; i < 2; i++) expect((await gateway.ask(UNITS, { key })).status).toBe(200);
    const told = await gateway.ask(UNITS, { key });
    expect({ status: told.status, body: told.body }).toEqual({ status: 429, body: TOO_OFTEN });
    expect(told.headers.get('retry-after')).toBe('60');
  });
});

describe('POST /v1/chat/completions of ChatInfo', () => {
  test('costs 1 unit', async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Привет, как дела?' }] };
    const response = await gateway.chat(customer, body);
    expect(response.status).toBe(200);
    expect((await gateway.ask(UNITS, { key: customer.key })).body['units']).toBe(4);
  });
});

test('the limits of the document stand in the built-in plan, for each route of its own', () => {
  const limits = gateway.running.gateway.plans.find('prestige')?.limits ?? [];
  const perMinute = (dialect: string, endpoint: string) =>
    limits.find(({ scope }) => scope.dialects.includes(dialect) && scope.endpoints.includes(endpoint))?.perMinute;
  expect(perMinute('openai', 'chat')).toBe(1500);
  expect(perMinute('chatinfo', 'task')).toBe(1500);
  expect(perMinute('chatinfo', 'status')).toBe(15_000);
  expect(perMinute('chatinfo', 'balance')).toBe(500);
});

test('the books are in order after all of this', async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
});
