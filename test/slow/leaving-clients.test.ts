// Clients that leave a stream after each of its events, on every route that streams: the provider is let go within a
// second, the call ends once, and what was delivered is charged, never more than the whole.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { CallRoute } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { httpChunk, streamFrames, streamHead } from '../../src/testing/fault-scripts.ts';
import type { ReceivedCall } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
/** Without usage, so that what was delivered is counted by us whether or not the stream was read to its end. */
const FRAMES = streamFrames(WORDS.join(' '), null);
const LET_GO_MS = 1_000;

const ROUTES = DIALECTS.flatMap(({ routes }) => routes)
  .filter((route): route is CallRoute => route.action === 'call' && route.stream !== undefined)
  .flatMap((route) => (['strict', 'loose'] as const).map((model) => [route.path, model, route.endpoint] as const));

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { firstByteMs: 10_000, idleMs: 10_000, callMs: 30_000 } } });
});
afterAll(() => gateway.stop());

test.each(ROUTES)(
  '%s, model %s: a client that leaves after any event',
  async (path, model, endpoint) => {
    const [byRequests, byMoney] = await Promise.all([
      chargesOf(await gateway.customer('requests', { requests: 100_000 }), path, model, endpoint),
      chargesOf(await gateway.customer('money', { rub: '100000' }), path, model, endpoint),
    ]);
    // The first event only opens the answer. From the first word on, a generation counts whole.
    expect(byRequests).toEqual([0, 0, ...Array(FRAMES.length - 1).fill(2)]);
    const whole = byMoney.at(-1) as number;
    expect(byMoney.slice(0, 2)).toEqual([0, 0]);
    for (const [k, charge] of byMoney.entries()) {
      expect(charge).toBeGreaterThanOrEqual(byMoney[k - 1] ?? 0);
      expect(charge).toBeLessThanOrEqual(whole);
    }
    // Who left after one word pays for less than who heard all eight.
    expect(byMoney[2]).toBeLessThan(whole);
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  },
  60_000,
);

/** The charges of clients that left after 0, 1, 2 … of the provider's events, the last of them right after the end. */
async function chargesOf(customer: Customer, path: string, model: string, endpoint: string): Promise<number[]> {
  const charges: number[] = [];
  for (let k = 0; k <= FRAMES.length; k++) {
    const mark = `${customer.keyId} ${path} ${model} leaves ${k}`;
    const before = gateway.upstream.answer;
    gateway.upstream.answer = (call) => (call.text.includes(mark) ? sendSome(k) : before(call));
    const client = await dial(customer, path.replace('{name}', model), bodyOf(path, model, endpoint, mark));
    await until(() => callOf(mark) !== undefined && callOf(mark)?.bytesSent === bytesUpTo(k));
    await until(() => client.text().includes(lastSeenOf(k)));
    client.socket.destroy();
    const leftMs = performance.now();
    if (k < FRAMES.length) {
      await until(() => callOf(mark)?.closedAtMs !== undefined);
      expect((callOf(mark)?.closedAtMs as number) - leftMs).toBeLessThan(LET_GO_MS);
    }
    await until(async () => (await gateway.usage(customer)).length === k + 1);
    charges.push((await gateway.usage(customer))[0]?.charge as number);
  }
  return charges;
}

/** What a client has seen when all that it can see of `k` events has come. */
function lastSeenOf(k: number): string {
  if (k === FRAMES.length) return '0\r\n\r\n';
  return k < 2 ? '' : (WORDS[Math.min(k - 2, WORDS.length - 1)] as string);
}

function bytesUpTo(k: number): number {
  const end = k === FRAMES.length ? 5 : 0;
  return streamHead().length + FRAMES.slice(0, k).reduce((sum, one) => sum + httpChunk(one).length, 0) + end;
}

/** All of it, or so many events and then nothing until it is let go. */
function sendSome(k: number): Script {
  return async (wire) => {
    await wire.send(streamHead());
    for (const one of FRAMES.slice(0, k)) await wire.send(httpChunk(one));
    if (k === FRAMES.length) await wire.send('0\r\n\r\n');
    else await wire.closed;
  };
}

const callOf = (mark: string): ReceivedCall | undefined =>
  gateway.upstream.calls.find((call) => call.text.includes(mark));

function bodyOf(path: string, model: string, endpoint: string, text: string): string {
  if (path.endsWith(':streamGenerateContent'))
    return JSON.stringify({ contents: [{ role: 'user', parts: [{ text }] }] });
  if (path === '/v1/responses') return JSON.stringify({ model, stream: true, input: text });
  if (path === '/api/generate')
    return JSON.stringify({ model, stream: true, prompt: text, options: { num_predict: 100 } });
  const asked =
    endpoint === 'completion'
      ? { prompt: text, max_tokens_to_sample: 100 }
      : { messages: [{ role: 'user', content: text }] };
  return JSON.stringify({ model, stream: true, max_tokens: 100, ...asked });
}

type Client = { readonly socket: Socket; readonly text: () => string };

async function dial({ key }: Customer, path: string, body: string): Promise<Client> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  let text = '';
  socket.on('data', (bytes) => (text += bytes));
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return { socket, text: () => text };
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const untilMs = performance.now() + 10_000; !(await what()); await Bun.sleep(3))
    if (performance.now() > untilMs) throw new Error('it did not happen in time');
}
