// Large bodies that come slowly, many at once: how much of them may lie in memory, who is refused then, and when there is
// room again.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { endless } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

const KIB = 1024;
/** A share is 200 KiB: one body of 150 and no other. */
const BOUNDS = { bodyBytes: 200 * KIB, openBodyBytes: 800 * KIB };
const SENT_BYTES = 150 * KIB;

let gateway: TestGateway;
let customer: Customer;
let other: Customer;
const sockets: Socket[] = [];

beforeAll(async () => {
  gateway = await TestGateway.start({
    config: { bounds: BOUNDS, tasks: { model: 'strict' }, timeouts: { stalledReaderMs: 5_000 } },
  });
  customer = await gateway.customer('requests', { requests: 1_000 });
  other = await gateway.customer('requests', { requests: 1_000 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(await gateway.auditAtRest(5_000)).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await until(async () => (await chat(customer, SENT_BYTES)).status === 200);
});
afterAll(() => gateway.stop());

/** Announces a body of `announced` bytes and sends the first `sent` of them. */
async function sendHalf(key: string | undefined, sent: number, announced = 190 * KIB, path = '/v1/chat/completions') {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  sockets.push(socket);
  let told = '';
  socket.on('data', (bytes) => (told += bytes));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  const authorization = key === undefined ? '' : `authorization: Bearer ${key}\r\n`;
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${authorization}content-length: ${announced}\r\n\r\n`);
  await new Promise<void>((resolve) => socket.write('x'.repeat(sent), () => resolve()));
  return { told: () => told };
}

/** A call whose body has so many bytes and a little more. */
function chat(of: Customer, bytes: number): Promise<Response> {
  const messages = [{ role: 'user', content: 'x'.repeat(20) }];
  const body = JSON.stringify({ model: 'strict', messages, metadata: { pad: 'x'.repeat(bytes) } });
  return gateway.chat(of, body);
}

const refusalOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { error: { code: string } }).error.code,
  response.headers.get('retry-after'),
];

test('an account whose bodies have its share gets 429, and others and small bodies are served', async () => {
  await sendHalf(customer.key, SENT_BYTES);
  await until(async () => (await chat(customer, SENT_BYTES)).status === 429);
  expect(await refusalOf(await chat(customer, SENT_BYTES))).toEqual([429, 'concurrency_limit_exceeded', '1']);
  expect((await chat(customer, 1_000)).status).toBe(200);
  expect((await chat(other, SENT_BYTES)).status).toBe(200);
});

test('a body that declares no length takes room as it comes', async () => {
  await sendHalf(customer.key, SENT_BYTES);
  await until(async () => (await chat(customer, SENT_BYTES)).status === 429);
  const body = new Blob([JSON.stringify({ model: 'strict', metadata: { pad: 'x'.repeat(SENT_BYTES) } })]).stream();
  const headers = { authorization: `Bearer ${customer.key}` };
  const chunked = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
  expect(await refusalOf(chunked)).toEqual([429, 'concurrency_limit_exceeded', '1']);
});

test('a body that is only announced takes no room', async () => {
  for (let i = 0; i < 20; i++) await sendHalf(customer.key, 10);
  expect((await chat(customer, SENT_BYTES)).status).toBe(200);
});

test('bodies whose sender is not known yet have a share together, and customers with keys in headers feel nothing', async () => {
  const units = '/api/gpt/units';
  const halves = await Promise.all(Array.from({ length: 3 }, () => sendHalf(undefined, SENT_BYTES, 190 * KIB, units)));
  await until(() => halves.filter(({ told }) => told().startsWith('HTTP/1.1 503')).length === 2);
  const small = await fetch(gateway.url + units, { method: 'POST', body: new URLSearchParams({ key: other.key }) });
  expect(small.status).toBe(200);
  expect((await chat(customer, SENT_BYTES)).status).toBe(200);
});

test('what a stream was asked with has its room until the stream has ended', async () => {
  gateway.upstream.queue(endless('text/event-stream', 'data: {}\n\n'));
  const leaving = new AbortController();
  const messages = [{ role: 'user', content: 'x' }];
  const body = JSON.stringify({ model: 'strict', stream: true, messages, metadata: { pad: 'x'.repeat(SENT_BYTES) } });
  const headers = { authorization: `Bearer ${customer.key}` };
  const { signal } = leaving;
  const streamed = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body, signal });
  expect(streamed.status).toBe(200);
  expect((await chat(customer, SENT_BYTES)).status).toBe(429);
  leaving.abort();
  await until(async () => (await chat(customer, SENT_BYTES)).status === 200);
});
