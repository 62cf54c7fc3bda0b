// Clients that leave in the middle or stop reading: the provider is let go within a second, the call ends once, and
// what was delivered is charged.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { chunk, endless, frame, hang, httpChunk, streamFrames, streamHead } from '../../src/testing/fault-scripts.ts';
import type { ReceivedCall } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({
    // Nothing but the client ends a call here, however busy the machine is.
    config: { timeouts: { firstByteMs: 60_000, idleMs: 60_000, callMs: 60_000, stalledReaderMs: 400 } },
  });
  customer = await gateway.customer('requests', { requests: 100_000 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

function requestText(model: string, isStream: boolean, content = 'Hello'): string {
  const body = JSON.stringify({ model, stream: isStream, messages: [{ role: 'user', content }] });
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${customer.key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A client on a socket of its own. */
async function dial(text: string): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

/** Reads until `count` events have come. */
function readEvents(socket: Socket, count: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const look = () => {
      if ((text.match(/^data: /gm) ?? []).length >= count) resolve(text);
    };
    socket.on('data', (bytes) => {
      text += bytes;
      look();
    });
    look();
  });
}

/** Waits until a number has stopped growing for fifty looks. */
async function untilStill(count: () => number): Promise<void> {
  let last = count();
  let same = 0;
  await until(() => {
    same = last > 0 && count() === last ? same + 1 : 0;
    last = count();
    return same >= 50;
  }, 20_000);
}

const receivedCall = (mark: string): ReceivedCall | undefined =>
  gateway.upstream.calls.find((call) => call.text.includes(mark));

const FRAMES = streamFrames('one two three', null);

/** Sends some frames, and says no more until it is let go. */
function sendAndWait(frames: readonly string[]): Script {
  return async (wire) => {
    await wire.send(streamHead());
    for (const one of frames) await wire.send(httpChunk(one));
    await wire.closed;
  };
}

describe.each(['strict', 'loose'])('model %s: a client that leaves a stream', (model) => {
  test('after any of its events: the provider is let go within a second, one end, a charge once text came', async () => {
    gateway.upstream.answer = (call) => sendAndWait(FRAMES.slice(0, Number(/leave (\d+)/.exec(call.text)?.[1])));
    await Promise.all(
      FRAMES.map(async (_, k) => {
        const socket = await dial(requestText(model, true, `leave ${k} ${model}`));
        // A translated stream opens together with its first text.
        if (k > (model === 'loose' ? 1 : 0)) await readEvents(socket, k);
        await until(() => receivedCall(`leave ${k} ${model}`) !== undefined);
        socket.destroy();
        await until(() => receivedCall(`leave ${k} ${model}`)?.closedAtMs !== undefined, 1_000);
      }),
    );
    await gateway.auditAtRest();
    const rows = (await gateway.usage(customer)).slice(0, FRAMES.length);
    expect(rows.every((row) => row.errorCode === 'client_closed' || row.errorCode === null)).toBe(true);
    // The first event only opens the answer, so those who left before or after it pay nothing.
    expect(rows.map((row) => row.charge).sort()).toEqual([0, 0, ...Array(FRAMES.length - 2).fill(2)]);
  });

  test('right after [DONE] is charged once, as one that stays', async () => {
    const before = (await gateway.balance(customer)).requests;
    gateway.upstream.answer = () => async (wire) => {
      await wire.send(streamHead());
      for (const one of FRAMES) await wire.send(httpChunk(one));
      await wire.send('0\r\n\r\n');
    };
    for (let i = 0; i < 20; i++) {
      const socket = await dial(requestText(model, true));
      expect(await readEvents(socket, FRAMES.length)).toContain('[DONE]');
      socket.destroy();
    }
    await gateway.auditAtRest();
    expect((await gateway.balance(customer)).requests).toBe(before - 20 * 2);
    const rows = (await gateway.usage(customer)).slice(0, 20);
    expect(rows.every((row) => row.outcome === 'settled' && row.errorCode === null)).toBe(true);
  });
});

test('a client that leaves before a whole answer costs nothing, and its provider is let go', async () => {
  gateway.upstream.answer = () => hang;
  const socket = await dial(requestText('strict', false));
  await until(() => gateway.upstream.calls.length === 1);
  socket.destroy();
  await until(() => gateway.upstream.calls[0]?.closedAtMs !== undefined, 1_000);
  await gateway.auditAtRest();
  expect((await gateway.usage(customer))[0]).toMatchObject({
    outcome: 'void',
    charge: 0,
    errorCode: 'client_closed',
    status: 499,
  });
});

test('100 clients that leave at random moments of whole and streamed answers leave nothing open', async () => {
  gateway.upstream.answer = (call) => {
    const pace = 1 + (call.id % 7);
    return async (wire, one) => {
      await Bun.sleep(pace);
      if (one.body.stream !== true) return void (await wire.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
      await wire.send(streamHead());
      for (const each of FRAMES) {
        await Bun.sleep(pace);
        await wire.send(httpChunk(each));
      }
      await wire.send('0\r\n\r\n');
    };
  };
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const socket = await dial(requestText(i % 2 === 0 ? 'strict' : 'loose', i % 3 !== 0));
      socket.resume();
      await Bun.sleep((i * 7) % 45);
      socket.destroy();
    }),
  );
  await Bun.sleep(100);
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await until(() => gateway.upstream.calls.every((call) => call.closedAtMs !== undefined || call.bytesSent > 0), 1_000);
});

describe('clients that stop reading', () => {
  test.each(['strict', 'loose'])(
    'model %s: hold the provider back, and are cut',
    async (model) => {
      const READERS = 20;
      Bun.gc(true);
      const before = process.memoryUsage().external;
      gateway.upstream.answer = () => endless('text/event-stream', frame(chunk({ content: 'word '.repeat(50) })));
      const sockets = await Promise.all(Array.from({ length: READERS }, () => dial(requestText(model, true))));
      const closed = sockets.map((socket) => {
        socket.once('data', () => socket.pause());
        return new Promise((resolve) => socket.once('close', resolve));
      });
      await until(() => gateway.upstream.calls.length === READERS, 10_000);
      // Nobody takes any more. This process is the provider as well, so some of what is held is the provider's.
      await untilStill(() => gateway.upstream.calls.reduce((sum, { bytesSent }) => sum + bytesSent, 0));
      Bun.gc(true);
      expect(process.memoryUsage().external - before).toBeLessThan(READERS * 2 * 1024 * 1024);
      await until(() => gateway.upstream.calls.every((call) => call.closedAtMs !== undefined), 10_000);
      // What the provider could send lies in the system's buffers; without back-pressure it would be all it likes.
      for (const call of gateway.upstream.calls) expect(call.bytesSent).toBeLessThan(48 * 1024 * 1024);
      await gateway.auditAtRest();
      const rows = (await gateway.usage(customer)).slice(0, READERS);
      expect(rows.map(({ charge, errorCode }) => ({ charge, errorCode }))).toEqual(
        Array(READERS).fill({ charge: 2, errorCode: 'slow_reader' }),
      );
      for (const socket of sockets) socket.resume();
      await Promise.race([
        Promise.all(closed),
        Bun.sleep(10_000).then(() => Promise.reject(new Error('connections stayed open'))),
      ]);
    },
    40_000,
  );
});
