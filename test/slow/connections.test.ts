// Clients that are slow, silent or gone: none keeps anything for longer than it may, and none is cut while it waits for
// a slow provider.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { healthy, httpChunk, stream, streamFrames, streamHead } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const timeouts = { quietClientMs: 1_000, firstByteMs: 20_000, idleMs: 20_000, callMs: 30_000, keepAliveMs: 60_000 };
  gateway = await TestGateway.start({ config: { timeouts } });
  customer = await gateway.customer('requests', { requests: 1000 });
});
afterAll(async () => {
  expect(await gateway.auditAtRest(10_000)).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

type Connection = { readonly text: string; readonly closedAfterMs: number | undefined };

/** Sends text over a socket of its own and watches for so long. */
function watch(text: string, forMs: number): Promise<Connection> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let got = '';
    const finish = (closedAfterMs: number | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: got, closedAfterMs });
    };
    const timer = setTimeout(() => finish(undefined), forMs);
    socket.on('data', (bytes) => (got += bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => finish(performance.now() - startedMs));
    socket.write(text);
  });
}

function requestText(body: string, length = Buffer.byteLength(body)): string {
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${customer.key}\r\ncontent-length: ${length}\r\n\r\n${body}`;
}

function body(isStream: boolean, model = 'strict', content = 'Hello'): string {
  return JSON.stringify({ model, stream: isStream, messages: [{ role: 'user', content }] });
}

/** Speaks, is silent for longer than a quiet client may be, and ends. */
const slowProvider: Script = async (wire) => {
  const frames = streamFrames('one two three');
  await wire.send(streamHead());
  await wire.send(httpChunk(frames.slice(0, 2).join('')));
  await Bun.sleep(11_000);
  await wire.send(httpChunk(frames.slice(2).join('')));
  await wire.send('0\r\n\r\n');
};

test('only quiet connections outside of calls are closed', async () => {
  gateway.upstream.answer = (call) => (call.text.includes('slowly') ? slowProvider : stream(streamFrames('x')));
  const [afterRefusal, afterStream, halfBody, halfHead, slow] = await Promise.all([
    watch(requestText(body(false, 'no-such-model')), 15_000),
    watch(requestText(body(true)), 15_000),
    watch(requestText(body(false).slice(0, 20), 500), 15_000),
    watch('GET /livez HTTP/1.1\r\nhost:', 15_000),
    watch(requestText(body(true, 'strict', 'slowly')), 14_000),
  ]);
  expect(afterRefusal.text).toContain('404');
  expect(afterRefusal.closedAfterMs).toBeLessThan(10_000);
  expect(afterStream.text).toContain('[DONE]');
  expect(afterStream.closedAfterMs).toBeLessThan(10_000);
  expect(halfBody.closedAfterMs).toBeLessThan(10_000);
  expect(halfHead.closedAfterMs).toBeLessThan(14_000);
  expect(slow.text).toContain('three');
  expect(slow.text).toContain('[DONE]');
}, 20_000);

test('a large body that comes steadily over a slow line is served; a small one that trickles is cut', async () => {
  gateway.upstream.answer = () => healthy();
  /** Sends the body in pieces, one each 250 ms, and tells what came back and when the connection ended. */
  const upload = async (content: string, pieceBytes: number): Promise<Connection> => {
    const text = requestText(body(false, 'strict', content)).replace('host: x', 'host: x\r\nconnection: close');
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const startedMs = performance.now();
    let got = '';
    let closedAfterMs: number | undefined;
    socket.on('data', (bytes) => (got += bytes));
    socket.on('close', () => {
      closedAfterMs = performance.now() - startedMs;
    });
    for (let at = 0; at < text.length && closedAfterMs === undefined; at += pieceBytes) {
      socket.write(text.slice(at, at + pieceBytes));
      await Bun.sleep(250);
    }
    while (closedAfterMs === undefined && got === '') await Bun.sleep(50);
    socket.destroy();
    return { text: got, closedAfterMs };
  };
  // Both take longer than a quiet client has here.
  const [steady, trickle] = await Promise.all([upload('a'.repeat(3_000_000), 80_000), upload('a'.repeat(2_000), 40)]);
  expect(steady.text).toContain('HTTP/1.1 200');
  expect(trickle.text).toBe('');
  expect(trickle.closedAfterMs).toBeLessThan(9_000);
}, 30_000);
