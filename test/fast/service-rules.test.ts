// The rules that the ChatInfo and TextBot routes have in common: bodies, keys, spending, cutting, and that a task of one
// service can be read through the other.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/index.ts';
import { healthy } from '../../src/testing/fault-scripts.ts';
import type { Told } from '../../src/testing/gateway-client.ts';
import { PUBLIC_URL, startServices } from '../../src/testing/service-gateway.ts';
import type { Customer, TestGateway } from '../../src/testing/test-gateway.ts';

type Service = {
  readonly name: string;
  readonly create: string;
  readonly read: string;
  readonly balance: string;
  readonly text: string;
  readonly id: string;
  /** The field of the new task's id in the answer of `create`. */
  readonly made: string;
};

const CHATINFO: Service = {
  name: 'chatinfo',
  create: '/api/gpt/create_request',
  read: '/api/gpt/get_response',
  balance: '/api/gpt/units',
  text: 'content',
  id: 'id',
  made: 'id',
};
const TEXTBOT: Service = {
  name: 'textbot',
  create: '/api/generate_response',
  read: '/api/status',
  balance: '/api/balance',
  text: 'input_text',
  id: 'request_id',
  made: 'request_id',
};
const FORM = 'application/x-www-form-urlencoded';

let gateway: TestGateway;
let rich: Customer;

beforeAll(async () => {
  gateway = await startServices();
  rich = await gateway.customer('paid', { requests: 100_000 });
});
afterEach(() => {
  gateway.upstream.clear();
  gateway.upstream.answer = () => healthy('Ответ модели.');
});
afterAll(() => gateway.stop());

async function readUntilDone(service: Service, customer: Customer, id: unknown): Promise<Told> {
  for (let tries = 0; tries < 200; tries++) {
    const told = await gateway.ask(service.read, { [service.id]: id, key: customer.key });
    if (told.body['result'] !== undefined) return told;
    await Bun.sleep(10);
  }
  throw new Error(`the request ${String(id)} was not done`);
}

/** The text of the last message that the model was given. */
async function textGiven(service: Service, told: Told, customer = rich): Promise<string> {
  expect(told.status).toBe(200);
  await readUntilDone(service, customer, told.body[service.made]);
  const messages = gateway.upstream.calls.at(-1)?.body['messages'] as { content: string }[];
  return messages.at(-1)?.content ?? '';
}

for (const service of [CHATINFO, TEXTBOT]) {
  describe(`a body of ${service.name}`, () => {
    const fields = () => ({ [service.text]: 'Привет, «мир» & = + 👋', mode: 'chat', key: rich.key });
    const BODIES: readonly (readonly [name: string, type: string | undefined])[] = [
      ['JSON without a type, as requests.post(url, data=text) sends it', undefined],
      ['JSON as text/plain', 'text/plain;charset=UTF-8'],
      ['JSON under the type of a form, as curl -d sends it', FORM],
      ['JSON as application/json', 'application/json; charset=utf-8'],
      ['JSON under a type that nobody knows', 'x/y'],
    ];
    test.each(BODIES)('may be %s', async (_, type) => {
      const told = await gateway.ask(service.create, fields(), type === undefined ? {} : { 'content-type': type });
      expect(await textGiven(service, told)).toBe('Привет, «мир» & = + 👋');
    });

    test('may be a form', async () => {
      for (const type of [FORM, `${FORM.toUpperCase()}; charset=UTF-8`]) {
        const told = await gateway.ask(service.create, new URLSearchParams(fields()).toString(), {
          'content-type': type,
        });
        expect(await textGiven(service, told)).toBe('Привет, «мир» & = + 👋');
        const id = String(told.body[service.made]);
        const read = await gateway.ask(service.read, `${service.id}=${id}&key=${rich.key}`, { 'content-type': type });
        expect(read.body['result']).toBe('Ответ модели.');
        const left = await gateway.ask(service.balance, `key=${rich.key}`, { 'content-type': type });
        expect(left.status).toBe(200);
      }
    });

    test('may be a multipart form', async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields())) form.append(name, value);
      const response = await fetch(gateway.url + service.create, { method: 'POST', body: form });
      const body = (await response.json()) as Told['body'];
      const told = { status: response.status, body, headers: response.headers };
      expect(await textGiven(service, told)).toBe('Привет, «мир» & = + 👋');
    });

    test('may have a mark of byte order, blanks around it, and fields that nobody knows', async () => {
      const more = '"temperature":7,"model":"gpt-9","__proto__":{"mode":"jokes"},"constructor":null}';
      const body = `\uFEFF \r\n${JSON.stringify(fields()).slice(0, -1)},${more}\n`;
      expect((await gateway.ask(service.create, body)).status).toBe(200);
    });

    test('that gives a field twice is 400, whatever kind it is', async () => {
      const pairs = `${service.text}=a&key=${rich.key}&key=other`;
      const twice = await gateway.ask(service.create, pairs, { 'content-type': FORM });
      expect(twice.status).toBe(400);
      expect(JSON.stringify(twice.body)).toContain('Поле key указано дважды.');
      const form = new FormData();
      for (const key of [rich.key, 'other']) form.append('key', key);
      expect((await fetch(gateway.url + service.balance, { method: 'POST', body: form })).status).toBe(400);
    });

    test('that is a multipart form without a boundary is 400', async () => {
      const told = await gateway.ask(service.balance, 'rubbish', { 'content-type': 'multipart/form-data' });
      expect(told.status).toBe(400);
      expect(JSON.stringify(told.body)).toContain('Форму multipart не удалось прочитать.');
    });

    test('of bytes that are no UTF-8 is read with marks in their place', async () => {
      const [before = '', after = ''] = JSON.stringify({ ...fields(), [service.text]: 'а?б' }).split('?');
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from(after)]);
      expect(await textGiven(service, await gateway.ask(service.create, bytes))).toMatch(/^а\uFFFD+б$/);
    });
  });

  describe(`a key of ${service.name}`, () => {
    test('may come in the body, Authorization with or without Bearer, x-api-key, api-key, or in several of them', async () => {
      const { key } = rich;
      for (const [inBody, headers] of [
        [key, {}],
        [` ${key} `, {}],
        [undefined, { authorization: `Bearer ${key}` }],
        [undefined, { authorization: key }],
        [undefined, { 'x-api-key': key }],
        ['', { 'api-key': key }],
        [key, { authorization: `bearer ${key}`, 'x-api-key': key, 'api-key': key }],
      ] as [string | undefined, Record<string, string>][]) {
        expect((await gateway.ask(service.balance, { key: inBody }, headers)).status).toBe(200);
        const body = { [service.text]: 'Привет', key: inBody };
        expect((await gateway.ask(service.create, body, headers)).status).toBe(200);
      }
    });

    test('beside another one is 400', async () => {
      for (const path of [service.create, service.read, service.balance]) {
        const body = { [service.text]: 'Привет', [service.id]: 1, key: rich.key };
        const told = await gateway.ask(path, body, { authorization: 'Bearer other' });
        expect(told.status).toBe(400);
        expect(JSON.stringify(told.body)).toContain('В запросе два разных API ключа.');
        const headers = { authorization: `Bearer ${rich.key}`, 'x-api-key': 'other' };
        expect((await gateway.ask(path, { ...body, key: undefined }, headers)).status).toBe(400);
      }
    });

    test('in the address is 400', async () => {
      for (const path of [service.create, service.read, service.balance]) {
        const told = await gateway.ask(`${path}?key=${rich.key}`, { [service.text]: 'Привет', [service.id]: 1 });
        expect(told.status).toBe(400);
        expect(JSON.stringify(told.body)).toContain('Передавайте API ключ в заголовке, а не в адресе.');
      }
    });
  });

  describe(`spending of ${service.name}`, () => {
    test('takes today’s allowance first, then packs by their expiry', async () => {
      const customer = await gateway.customer('daily');
      const grant = (requests: number, expires?: string) =>
        gateway.admin('POST', `accounts/${customer.accountId}/grants`, {
          requests,
          expires,
          grantId: `${crypto.randomUUID()}`,
        });
      await grant(10);
      await grant(4, '2030-01-01');
      await grant(4, '2029-01-01');
      for (let i = 0; i < 5; i++)
        expect((await gateway.ask(service.create, { [service.text]: 'Привет', key: customer.key })).status).toBe(200);
      const { buckets } = await gateway.admin<{ buckets: Record<string, unknown>[] }>(
        'GET',
        `accounts/${customer.accountId}/balance`,
      );
      const gone = buckets.map((bucket) => [
        bucket['kind'],
        bucket['granted'],
        bucket['expiresAtMs'] === null ? null : new Date(bucket['expiresAtMs'] as number).getUTCFullYear(),
        (bucket['used'] as number) + (bucket['held'] as number),
      ]);
      expect(gone.find(([kind]) => kind !== 'pack')?.[3]).toBe(5);
      expect(gone.filter(([kind]) => kind === 'pack').sort((a, b) => Number(b[3]) - Number(a[3]))).toEqual([
        ['pack', 4, 2029, 4],
        ['pack', 4, 2030, 1],
        ['pack', 10, null, 0],
      ]);
    });

    test('never lets a balance for one task pay for two, however many come at once', async () => {
      const customer = await gateway.customer('paid', { requests: 3 });
      const told = await Promise.all(
        Array.from({ length: 30 }, () => gateway.ask(service.create, { [service.text]: 'a', key: customer.key })),
      );
      expect(told.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(told.filter(({ status }) => status === 403)).toHaveLength(29);
      expect(await gateway.balance(customer)).toMatchObject({ requests: 1 });
    });
  });

  describe(`text of ${service.name} beyond 10 000 characters`, () => {
    const TEXTS: readonly (readonly [name: string, sign: string])[] = [
      ['Russian', 'ё'],
      ['emoji', '👋'],
      ['Latin', 'a'],
    ];
    test.each(TEXTS)('is cut at its end, counted in code points: %s', async (_, sign) => {
      const ask = (text: string) => gateway.ask(service.create, { [service.text]: text, mode: 'essay', key: rich.key });
      const whole = await ask(sign.repeat(10_000));
      expect(whole.headers.get('x-tolmach-truncated')).toBeNull();
      expect(await textGiven(service, whole)).toBe(sign.repeat(10_000));
      const cut = await ask(`${sign.repeat(10_000)}хвост`);
      expect(cut.headers.get('x-tolmach-truncated')).toBe('5');
      expect(cut.headers.get('x-tolmach-charge')).toBe('2');
      expect(await textGiven(service, cut)).toBe(sign.repeat(10_000));
    });

    test('the prompt of a mode is not counted', async () => {
      const told = await gateway.ask(service.create, {
        [service.text]: 'ё'.repeat(10_001),
        mode: 'paper',
        key: rich.key,
      });
      expect(told.headers.get('x-tolmach-truncated')).toBe('1');
      await textGiven(service, told);
      const messages = gateway.upstream.calls.at(-1)?.body['messages'] as unknown[];
      const prompt = gateway.running.gateway.modes.find(({ id }) => id === 'paper')?.prompt;
      expect(messages[0]).toEqual({ role: 'system', content: prompt ?? '' });
    });
  });

  test(`a task of ${service.name} can be read through the other service, by its owner alone`, async () => {
    const other = service === CHATINFO ? TEXTBOT : CHATINFO;
    const stranger = await gateway.customer('paid', { requests: 10 });
    const id = (await gateway.ask(service.create, { [service.text]: 'Привет', key: rich.key })).body[service.made];
    expect((await readUntilDone(other, rich, id)).body['result']).toBe('Ответ модели.');
    expect((await gateway.ask(other.read, { [other.id]: id, key: stranger.key })).status).toBe(404);
  });

  test(`a task of ${service.name} is in the usage under its own route`, async () => {
    const customer = await gateway.customer('paid', { requests: 10 });
    const { body } = await gateway.ask(service.create, { [service.text]: 'Привет', key: customer.key });
    await readUntilDone(service, customer, body[service.made]);
    expect(await gateway.usage(customer)).toMatchObject([
      { dialect: service.name, endpoint: 'task', model: 'gpt-4o', outcome: 'settled', charge: 2, status: 200 },
    ]);
  });
}

describe('text of a chat beyond 10 000 characters', () => {
  test('loses its oldest messages first, then the tail of the last one, and never the system’s', async () => {
    const message = (role: string, content: string) => ({ role, content });
    const messages = [
      message('system', 'с'.repeat(100)),
      message('user', '👋'.repeat(6_000)),
      message('assistant', 'о'.repeat(3_000)),
      message('user', 'ё'.repeat(9_950)),
    ];
    const response = await gateway.chat(rich, { model: 'gpt-4o', messages });
    expect(response.headers.get('x-tolmach-truncated')).toBe(String(6_000 + 3_000 + 50));
    expect(gateway.upstream.calls.at(-1)?.body['messages']).toEqual([
      message('system', 'с'.repeat(100)),
      message('user', 'ё'.repeat(9_900)),
    ]);
  });
});

const POST_ROUTES = DIALECTS.flatMap((dialect) =>
  dialect.routes.filter(({ method }) => method === 'POST').map(({ path }) => [dialect.name, path] as const),
);

describe.each(POST_ROUTES)('%s %s', (name, path) => {
  test('answers a preflight from any page, without credentials', async () => {
    const response = await fetch(gateway.url + path, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  test('refuses wrong keys, keys in the address and other methods, readable from any page', async () => {
    const wrongKey = { chatinfo: 403, textbot: name === 'textbot' ? 403 : 401 }[name] ?? 401;
    const body = { key: 'wrong', content: 'a', input_text: 'a', id: 1, request_id: 1 };
    const wrong = await gateway.ask(
      path,
      body,
      name === 'chatinfo' || name === 'textbot' ? {} : { authorization: 'wrong' },
    );
    expect(wrong.status).toBe(wrongKey);
    const inAddress = await gateway.ask(`${path}?a=1&key=${rich.key}`, body);
    expect(inAddress.status).toBe(400);
    const response = await fetch(gateway.url + path, { method: 'PUT' });
    const method = { status: response.status, headers: response.headers };
    expect(method.status).toBe(405);
    for (const { headers } of [wrong, inAddress, method]) {
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-expose-headers')).toContain('x-request-id');
      expect(headers.get('x-request-id')).toBeTruthy();
      expect(headers.get('content-type')).toStartWith('application/json');
    }
    expect(JSON.stringify([wrong.body, inAddress.body])).not.toContain(rich.key);
  });
});

test('addresses in errors are the configured one', async () => {
  const told = await gateway.ask(TEXTBOT.balance, { key: 'wrong' });
  expect(told.body['error_message']).toContain(PUBLIC_URL);
});

test('the books are in order after all of this', async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
});
