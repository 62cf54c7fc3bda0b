// The TextBot service as a client sees it: one test for each row of its contract, over HTTP.
import { afterAll, afterEach, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { healthy, json } from '../../src/testing/fault-scripts.ts';
import type { Told } from '../../src/testing/gateway-client.ts';
import { PUBLIC_URL, startServices } from '../../src/testing/service-gateway.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const CREATE = '/api/generate_response';
const STATUS = '/api/status';
const BALANCE = '/api/balance';
const WRONG_KEY = `Некорректный API ключ. Получить можно на ${PUBLIC_URL}/account`;
const TOO_OFTEN = { status: 'failed', error_message: 'Слишком много запросов. Попробуйте позже.' };

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
  gateway.ask(CREATE, { input_text: 'Расскажи три шутки', mode: 'article', key: customer.key, ...more });

async function readUntilDone(customer: Customer, id: unknown): Promise<Told> {
  for (let tries = 0; tries < 200; tries++) {
    const told = await gateway.ask(STATUS, { request_id: id, key: customer.key });
    if (told.body['status'] !== 'processing') return told;
    await Bun.sleep(10);
  }
  throw new Error(`the request ${String(id)} was not done`);
}

describe(`POST ${CREATE}`, () => {
  test('accepted: 200 with the id, processing, and the requests left, in that order', async () => {
    const customer = await gateway.customer('paid', { requests: 598 });
    const { status, body, headers } = await create(customer);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['request_id', 'status', 'balance']);
    expect(body).toEqual({ request_id: expect.any(Number), status: 'processing', balance: 596 });
    expect(headers.get('x-tolmach-charge')).toBe('2');
    expect(headers.get('x-tolmach-balance')).toBe('596');
  });

  test('too little: 403 with the balance, what is needed, and where to pay', async () => {
    for (const requests of [1, 0]) {
      const customer = await gateway.customer('paid', requests === 0 ? {} : { requests });
      const { status, body } = await create(customer);
      expect(status).toBe(403);
      expect(Object.keys(body)).toEqual(['status', 'error_message', 'balance']);
      expect(body).toEqual({
        status: 'failed',
        error_message: `Недостаточно запросов для генерации. Баланс: ${requests}. Нужно: 2. Оплатить запросы: ${PUBLIC_URL}/price`,
        balance: requests,
      });
    }
  });

  const MISSING: readonly (readonly [names: string, body: (key: string) => unknown])[] = [
    ['key', () => ({ input_text: 'Текст', mode: 'chat' })],
    ['key', () => ({ input_text: 'Текст', key: '' })],
    ['key', () => ({ input_text: 'Текст', key: null })],
    ['input_text', (key) => ({ mode: 'chat', key })],
    ['input_text', (key) => ({ input_text: '', key })],
    ['input_text', (key) => ({ input_text: null, key })],
    ['input_text, key', () => ({})],
    ['input_text, key', () => ({ mode: 'jokes' })],
  ];
  test.each(MISSING)('missing fields: 400 that names %s', async (names, body) => {
    const told = await gateway.ask(CREATE, body(rich.key));
    expect(told.status).toBe(400);
    expect(told.body).toEqual({ status: 'failed', error_message: `Отсутствуют необходимые параметры: ${names}` });
  });

  test('missing mode: chat', async () => {
    for (const mode of [undefined, null, '']) {
      const { status, body } = await create(rich, { mode });
      expect(status).toBe(200);
      await readUntilDone(rich, body['request_id']);
      expect(gateway.upstream.calls.at(-1)?.body['messages']).toEqual([
        { role: 'user', content: 'Расскажи три шутки' },
      ]);
    }
  });

  test('all 22 modes: accepted', async () => {
    const { modes } = (await (await fetch(`${gateway.url}/api/modes`)).json()) as { modes: { id: string }[] };
    expect(modes).toHaveLength(22);
    for (const { id } of modes) expect((await create(rich, { mode: id })).status).toBe(200);
  });

  test('wrong key: 403', async () => {
    const revoked = await gateway.customer('paid', { requests: 10 });
    await gateway.admin('DELETE', `keys/${revoked.keyId}`);
    for (const key of ['5668ds-1122-44432-2211-88799d932', revoked.key, 12_345, {}]) {
      const { status, body } = await gateway.ask(CREATE, { input_text: 'Текст', key });
      expect({ status, body }).toEqual({ status: 403, body: { status: 'failed', error_message: WRONG_KEY } });
    }
  });

  test('plan has no API: 403 that names the plan', async () => {
    const { status, body } = await create(await gateway.customer('free'));
    expect(status).toBe(403);
    expect(body).toEqual({
      status: 'failed',
      error_message: `Тариф «Бесплатный» не включает API. Подключить платные запросы: ${PUBLIC_URL}/price`,
    });
  });

  test('unknown mode: 400 that names the field and the modes', async () => {
    for (const mode of ['jokes', 5, {}, 'constructor']) {
      const { status, body } = await create(rich, { mode });
      expect(status).toBe(400);
      expect(Object.keys(body)).toEqual(['status', 'error_message']);
      expect(body['error_message']).toStartWith('Неизвестный mode. Допустимые значения: chat, shorter, ');
    }
  });

  test('bad JSON: 400', async () => {
    for (const body of ['', '{', '[]', 'null', '"text"', '{"key":"a","key":"b"}']) {
      const told = await gateway.ask(CREATE, body);
      expect(told.status).toBe(400);
      expect(told.body).toEqual({ status: 'failed', error_message: expect.stringMatching(/^[А-Я]/) });
    }
  });

  test('too often: 429 with Retry-After', async () => {
    const customer = await gateway.customer('limited', { requests: 100 });
    for (let i = 0; i < 2; i++) expect((await create(customer)).status).toBe(200);
    const { status, body, headers } = await create(customer);
    expect({ status, body }).toEqual({ status: 429, body: TOO_OFTEN });
    expect(Number(headers.get('retry-after'))).toBeWithin(50, 61);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 96 });
  });
});

describe(`POST ${STATUS}`, () => {
  test('completed: 200 with the result', async () => {
    const id = (await create(rich)).body['request_id'];
    for (const asked of [id, String(id)]) {
      const told = await readUntilDone(rich, asked);
      expect(told.status).toBe(200);
      expect(Object.keys(told.body)).toEqual(['request_id', 'status', 'result']);
      expect(told.body).toEqual({ request_id: id, status: 'completed', result: 'Ответ модели.' });
    }
  });

  test('processing: 200', async () => {
    const gate = Promise.withResolvers<void>();
    gateway.upstream.queue(async (wire, call) => {
      await gate.promise;
      await healthy('Готово.')(wire, call);
    });
    const id = (await create(rich)).body['request_id'];
    const told = await gateway.ask(STATUS, { request_id: id, key: rich.key });
    expect({ status: told.status, body: told.body }).toEqual({
      status: 200,
      body: { request_id: id, status: 'processing' },
    });
    gate.resolve();
    expect((await readUntilDone(rich, id)).body['result']).toBe('Готово.');
  });

  test('failed: 200 with the reason, and its requests are given back', async () => {
    const customer = await gateway.customer('paid', { requests: 2 });
    gateway.upstream.queue(json({ error: { message: 'secret words of a vendor' } }, 400));
    const { body } = await create(customer);
    expect(body['balance']).toBe(0);
    const told = await readUntilDone(customer, body['request_id']);
    expect(told.status).toBe(200);
    expect(told.body).toEqual({
      request_id: body['request_id'],
      status: 'failed',
      error_message: 'Поставщик модели отклонил запрос как неверный.',
    });
    expect((await gateway.ask(BALANCE, { key: customer.key })).body).toEqual({ balance: 2 });
  });

  test('unknown id, or another account’s: 404, the same for both', async () => {
    const other = await gateway.customer('paid', { requests: 10 });
    const id = (await create(other)).body['request_id'];
    await readUntilDone(other, id);
    for (const asked of [id, 987_654_321]) {
      const { status, body } = await gateway.ask(STATUS, { request_id: asked, key: rich.key });
      expect({ status, body }).toEqual({
        status: 404,
        body: { status: 'failed', error_message: 'Запрос с таким ID не найден' },
      });
    }
  });

  test('missing id: 400 that names it; an id that is no long: 400', async () => {
    const missing = await gateway.ask(STATUS, { key: rich.key });
    expect({ status: missing.status, body: missing.body }).toEqual({
      status: 400,
      body: { status: 'failed', error_message: 'Отсутствуют необходимые параметры: request_id' },
    });
    for (const id of ['abc', 0, -5, 1.5, 2 ** 53, '9007199254740993', true, [1]]) {
      const { status, body } = await gateway.ask(STATUS, { request_id: id, key: rich.key });
      expect(status).toBe(400);
      expect(body).toEqual({
        status: 'failed',
        error_message: 'Параметр request_id должен быть целым положительным числом.',
      });
    }
  });

  test('missing key: 400; wrong key: 403', async () => {
    expect(await gateway.ask(STATUS, { request_id: 1 })).toMatchObject({
      status: 400,
      body: { status: 'failed', error_message: 'Отсутствуют необходимые параметры: key' },
    });
    expect(await gateway.ask(STATUS, { request_id: 1, key: 'wrong' })).toMatchObject({
      status: 403,
      body: { status: 'failed', error_message: WRONG_KEY },
    });
  });

  test('too often: 429 with Retry-After', async () => {
    const { key } = await gateway.customer('limited');
    setSystemTime(new Date('2036-03-01T12:00:00.000Z'));
    for (let i = 0; i < 2; i++) await gateway.ask(STATUS, { request_id: 1, key });
    setSystemTime(new Date('2036-03-01T12:00:20.500Z'));
    const told = await gateway.ask(STATUS, { request_id: 1, key });
    expect({ status: told.status, body: told.body }).toEqual({ status: 429, body: TOO_OFTEN });
    expect(told.headers.get('retry-after')).toBe('40');
    setSystemTime(new Date('2036-03-01T12:01:01.000Z'));
    expect((await gateway.ask(STATUS, { request_id: 1, key })).status).toBe(404);
  });
});

describe(`POST ${BALANCE}`, () => {
  test('200 with the requests', async () => {
    const customer = await gateway.customer('paid', { requests: 596 });
    const { status, body } = await gateway.ask(BALANCE, { key: customer.key });
    expect({ status, body }).toEqual({ status: 200, body: { balance: 596 } });
  });

  test('wrong key: 403 with error_message alone', async () => {
    const { status, body } = await gateway.ask(BALANCE, { key: 'wrong' });
    expect({ status, body }).toEqual({ status: 403, body: { error_message: WRONG_KEY } });
  });

  test('missing key: 400 with error_message alone', async () => {
    const { status, body } = await gateway.ask(BALANCE, {});
    expect({ status, body }).toEqual({
      status: 400,
      body: { error_message: 'Отсутствуют необходимые параметры: key' },
    });
  });

  test('too often: 429 with Retry-After', async () => {
    const { key } = await gateway.customer('limited');
    setSystemTime(new Date('2026-03-01T12:00:00.000Z'));
    for (let i = 0; i < 2; i++) await gateway.ask(BALANCE, { key });
    const { status, body, headers } = await gateway.ask(BALANCE, { key });
    expect({ status, body }).toEqual({ status: 429, body: { error_message: TOO_OFTEN.error_message } });
    expect(headers.get('retry-after')).toBe('60');
  });
});

describe('started with the preset of TextBot', () => {
  let textbot: TestGateway;
  let customer: Customer;
  beforeAll(async () => {
    textbot = await TestGateway.start({
      env: { PRESET: 'textbot', OLLAMA_BASE_URL: '' },
      config: { plans: [], models: [], providers: [] },
    });
    customer = await textbot.customer('prestige', { requests: 100 });
  });
  afterAll(() => textbot.stop());

  test('POST /v1/chat/completions answers any name of a model, for 2 requests', async () => {
    for (const model of ['gpt-4o', 'gpt-3.5-turbo', 'anything']) {
      const before = (await textbot.balance(customer)).requests;
      const body = { model, messages: [{ role: 'user', content: 'Расскажи три шутки' }] };
      const response = await textbot.chat(customer, body);
      expect(response.status).toBe(200);
      expect(response.headers.get('x-tolmach-model')).toBe('gpt-4o');
      expect((await textbot.balance(customer)).requests).toBe(before - 2);
    }
  });

  test('the other services’ routes are not there', async () => {
    for (const path of ['/api/gpt/units', '/v1/chat', '/api/v1/completions'])
      expect((await textbot.ask(path, { key: customer.key })).status).toBe(404);
  });
});

test('the books are in order after all of this', async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
});
