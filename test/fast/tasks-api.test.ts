// Our own task routes: names for requests, cancelling, and signed webhooks.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { completion, hang, json } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

type Task = {
  readonly id: number;
  readonly status: string;
  readonly result: string | null;
  readonly error: { readonly code: string } | null;
};
type Answer = { readonly status: number; readonly headers: Headers; readonly body: Task & { error: { code: string } } };
type Received = { readonly headers: Headers; readonly text: string };

const MESSAGES = [{ role: 'user', content: 'Да или нет?' }];

let gateway: TestGateway;
let customer: Customer;
let statuses: number[] = [];
const received: Received[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    received.push({ headers: request.headers, text: await request.text() });
    return new Response('', { status: statuses.shift() ?? 200, headers: { location: '/elsewhere' } });
  },
});
const HOOK = `http://127.0.0.1:${receiver.port}/hook`;

beforeAll(async () => {
  const webhooks = { allowHosts: [`127.0.0.1:${receiver.port}`] };
  gateway = await TestGateway.start({
    config: { tasks: { model: 'strict', concurrency: 2, perAccount: 2 }, webhooks },
  });
});
beforeEach(async () => {
  received.length = 0;
  statuses = [];
  gateway.upstream.clear();
  gateway.upstream.answer = () => json(completion('Да.'));
  customer = await gateway.customer('requests', { requests: 100 });
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
  await receiver.stop(true);
});

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/tasks${path}`, {
    method,
    headers: { authorization: `Bearer ${customer.key}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const submit = (body: object = {}, headers?: Record<string, string>) =>
  ask('POST', '', { model: 'strict', messages: MESSAGES, ...body }, headers);

async function ended(id: number): Promise<Task> {
  for (let i = 0; i < 600; i++) {
    const { body } = await ask('GET', `/${id}`);
    if (body.status !== 'queued') return body;
    await Bun.sleep(5);
  }
  throw new Error(`task ${id} did not end`);
}

describe('a submitted task', () => {
  test('is answered with 202, shown by its id, and charged once', async () => {
    const { status, body } = await submit();
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { object: 'task', status: 'queued', result: null, error: null, ended_at: null },
    });
    expect(await ended(body.id)).toMatchObject({ id: body.id, status: 'completed', result: 'Да.', error: null });
    expect(await gateway.usage(customer)).toMatchObject([{ dialect: 'tolmach', endpoint: 'task', charge: 2 }]);
  });

  test('may be a mode and a text', async () => {
    const { body } = await ask('POST', '', { mode: 'summary', input: 'Длинный текст.' });
    expect(await ended(body.id)).toMatchObject({ status: 'completed' });
    expect(gateway.upstream.calls[0]?.text).toContain('Длинный текст.');
  });

  test('hands none of our own fields to the provider', async () => {
    await ended((await submit({ webhook_url: HOOK, temperature: 0.5 })).body.id);
    expect(gateway.upstream.calls[0]?.body).toMatchObject({ temperature: 0.5 });
    expect(gateway.upstream.calls[0]?.text).not.toContain('webhook');
    await until(() => received.length === 1);
  });

  test('that asks for what a task cannot do is refused by name, and nothing is held', async () => {
    const wrong = [{ stream: true }, { n: 2 }, { tools: [] }, { input: 'x' }, { mode: 'chat' }, { model: 5 }];
    for (const fields of [...wrong, { messages: [] }, { webhook_url: 'ftp://x' }, { webhook_url: 'http://x.org' }])
      expect({ fields, status: (await submit(fields)).status }).toEqual({ fields, status: 400 });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 100 });
  });

  test('of another account, or with an id that is none, is told as one that does not exist', async () => {
    const { id } = (await submit()).body;
    await ended(id);
    customer = await gateway.customer('requests', { requests: 2 });
    for (const path of [`/${id}`, '/0', '/x', '/99999999', '/1e3', '/99999999999999999999'])
      for (const method of ['GET', 'DELETE'])
        expect(await ask(method, path)).toMatchObject({ status: 404, body: { error: { code: 'task_not_found' } } });
  });
});

describe('a name for a request', () => {
  test('makes repetitions of it one task, charged once, at once and after its end', async () => {
    const name = { 'idempotency-key': crypto.randomUUID() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => submit({}, name)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(9).fill(200), 202]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    await ended(answers[0]?.body.id as number);
    const later = await submit({}, name);
    expect(later).toMatchObject({ status: 200, body: { status: 'completed', result: 'Да.' } });
    expect(later.headers.get('idempotency-replayed')).toBe('true');
    expect(await gateway.balance(customer)).toMatchObject({ requests: 98 });
  });

  test('that was used with another content is refused with 422', async () => {
    const name = { 'idempotency-key': crypto.randomUUID() };
    await ended((await submit({}, name)).body.id);
    expect(await submit({ temperature: 1 }, name)).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_mismatch' } },
    });
    expect(await submit({}, { 'idempotency-key': 'x'.repeat(256) })).toMatchObject({ status: 400 });
  });
});

describe('cancelling', () => {
  test('ends a running task, breaks the provider off, and gives the hold back', async () => {
    gateway.upstream.answer = () => hang;
    const { id } = (await submit()).body;
    await until(() => gateway.upstream.calls.length === 1);
    expect(await ask('DELETE', `/${id}`)).toMatchObject({
      status: 200,
      body: { status: 'cancelled', error: { code: 'task_cancelled' } },
    });
    await until(() => gateway.upstream.calls[0]?.closedAtMs !== undefined);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 100 });
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'void', errorCode: 'task_cancelled' }]);
  });

  test('ends a waiting task, which then never reaches a provider', async () => {
    gateway.upstream.answer = () => hang;
    const running = [(await submit()).body.id, (await submit()).body.id];
    await until(() => gateway.upstream.calls.length === 2);
    const { id } = (await submit()).body;
    expect(await ask('DELETE', `/${id}`)).toMatchObject({ body: { status: 'cancelled' } });
    for (const other of running) await ask('DELETE', `/${other}`);
    gateway.upstream.answer = () => json(completion('Да.'));
    await ended((await submit()).body.id);
    expect(gateway.upstream.calls).toHaveLength(3);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 98 });
  });

  test('leaves a finished task as it is, and so does cancelling again', async () => {
    const { id } = (await submit()).body;
    await ended(id);
    for (let i = 0; i < 2; i++)
      expect(await ask('DELETE', `/${id}`)).toMatchObject({
        status: 200,
        body: { status: 'completed', result: 'Да.' },
      });
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'settled', charge: 2 }]);
  });

  test('and completing at the same moment leave one end, and a charge that fits it', async () => {
    for (let i = 0; i < 20; i++) {
      const owner = await gateway.customer('requests', { requests: 2 });
      customer = owner;
      const { id } = (await submit()).body;
      await Bun.sleep(i % 5);
      await ask('DELETE', `/${id}`);
      const { status } = await ended(id);
      const charged = (await gateway.usage(owner)).map((row) => row.charge);
      expect({ status, charged }).toEqual({ status, charged: [status === 'completed' ? 2 : 0] });
    }
  });
});

describe('a webhook', () => {
  test("tells of the end once, signed with the key's own secret", async () => {
    const { id } = (await submit({ webhook_url: HOOK })).body;
    await until(() => received.length === 1);
    const [{ headers, text }] = received as [Received];
    expect(JSON.parse(text)).toMatchObject({
      type: 'task.completed',
      task: { id, status: 'completed', result: 'Да.' },
    });
    const { secret } = (await ask('GET', '/../webhook_secret')).body as unknown as { secret: string };
    const [, at = '', signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers.get('x-tolmach-signature') ?? '') ?? [];
    expect(signature).toBe(createHmac('sha256', secret).update(`${at}.${text}`).digest('hex'));
    expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(5);
    await Bun.sleep(700);
    expect(received).toHaveLength(1);
    customer = await gateway.customer('requests', { requests: 2 });
    expect((await ask('GET', '/../webhook_secret')).body).not.toMatchObject({ secret });
  });

  test('tells of failing and of being cancelled as well', async () => {
    gateway.upstream.queue(json({ error: {} }, 400), hang);
    await submit({ webhook_url: HOOK });
    await until(() => received.length === 1);
    const { id } = (await submit({ webhook_url: HOOK })).body;
    await ask('DELETE', `/${id}`);
    await until(() => received.length === 2);
    expect(received.map(({ text }) => (JSON.parse(text) as { type: string }).type)).toEqual([
      'task.failed',
      'task.cancelled',
    ]);
  });

  test('that is not taken, or redirected, is sent again later with a new time, and not after it was taken', async () => {
    const { clock } = gateway.running.gateway;
    let aheadMs = 0;
    const ahead = { nowMs: () => clock.nowMs() + aheadMs, monotonicMs: () => clock.monotonicMs() };
    Object.assign(gateway.running.gateway, { clock: ahead });
    statuses = [500, 307];
    await submit({ webhook_url: HOOK });
    await until(() => received.length === 1);
    await Bun.sleep(600);
    expect(received).toHaveLength(1);
    aheadMs = 13_000;
    await until(() => received.length === 2);
    aheadMs += 75_000;
    await until(() => received.length === 3);
    aheadMs += 86_400_000;
    await Bun.sleep(700);
    Object.assign(gateway.running.gateway, { clock });
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ headers }) => headers.get('x-tolmach-signature'))).size).toBe(3);
  });
});
