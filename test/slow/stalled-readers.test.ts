// Clients that ask for endless streams and read nothing: what they cost in memory, and what other streams feel of them.
// READERS says how many; SLICE=ci is a third of them.
//
// What is held for them is measured when they have stalled. While their buffers are filled, gigabytes pass through in
// seconds, and the runtime lets some hundreds of megabytes of read buffers lie until it collects them: that peak is
// told, and it is the price of the throughput and not of the readers.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { chunk, endless, frame, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { ordinaryStreamsP99Ms } from '../fuzz/other-streams.ts';

const READERS = Number(process.env['READERS'] ?? (process.env['SLICE'] === 'ci' ? 300 : 1_000));
const GROWN_MAX_BYTES = 100_000_000;
/** Others may take twice as long, and a moment more, for the machine has other things to do as well. */
const OTHERS_FACTOR_MAX = 2;
const OTHERS_SLACK_MS = 50;
/** Nothing more was sent for so long: all have stalled, and the gateway has rested from the flood. */
const CALM_MS = 5_000;
/** A thousand floods keep both sides busy for seconds, and no call may end before its reader has stalled. */
const LONG_TIMEOUTS = Object.fromEntries(
  ['connectMs', 'firstByteMs', 'idleMs', 'callMs', 'stalledReaderMs'].map((name) => [name, 600_000]),
);

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;
let customer: Customer;

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  folder = new GatewayFolder([upstream], { timeouts: LONG_TIMEOUTS });
  gateway = await folder.start();
  customer = await gateway.customer('requests', { requests: 1_000_000 });
});
afterAll(async () => {
  await gateway.kill();
  await upstream.stop();
  folder.remove();
});

test.each(['strict', 'loose'])(
  `model %s: ${READERS} stalled readers take at most ${GROWN_MAX_BYTES / 1e6} MB, and others are not held up`,
  async (model) => {
    const words = frame(chunk({ content: 'word '.repeat(50) }));
    upstream.answer = (call) =>
      call.text.includes('stalled') ? endless('text/event-stream', words) : stream(streamFrames('one two three'));
    const calmMs = await ordinaryStreamsP99Ms(gateway, customer);
    const calmBytes = await gateway.residentBytes();
    const peak = watchPeak();
    const sockets: Socket[] = [];
    for (let i = 0; i < READERS; i++) sockets.push(await dial(model));
    await until(() => upstream.calls.filter((call) => call.text.includes('stalled')).length === READERS);
    await untilCalm();
    const peakBytes = await peak.stop();
    const stalledBytes = await gateway.residentBytes();
    expect((await gateway.audit()).counted.openHolds).toBe(READERS);
    const stalledMs = await ordinaryStreamsP99Ms(gateway, customer);
    const sent = sentBytes();
    for (const socket of sockets) socket.destroy();
    upstream.clear();
    const grownBytes = stalledBytes - calmBytes;
    process.stdout.write(
      `${JSON.stringify({ model, readers: READERS, calmMb: calmBytes / 1e6, grownMb: grownBytes / 1e6, peakMb: peakBytes / 1e6, sentMb: sent / 1e6, calmP99Ms: calmMs, stalledP99Ms: stalledMs })}\n`,
    );
    expect(stalledMs).toBeLessThan(calmMs * OTHERS_FACTOR_MAX + OTHERS_SLACK_MS);
    expect(grownBytes).toBeLessThan(GROWN_MAX_BYTES);
    await until(async () => (await gateway.audit()).counted.openHolds === 0);
    expect(await gateway.audit()).toMatchObject({ ok: true });
  },
  180_000,
);

function sentBytes(): number {
  return upstream.calls.reduce((sum, call) => sum + call.bytesSent, 0);
}

/** How long the flood takes is the machine's affair. While it does the gateway is late, and takes no more calls than run. */
async function untilCalm(): Promise<void> {
  for (let isCalm = false; !isCalm; ) {
    const before = sentBytes();
    await Bun.sleep(CALM_MS);
    isCalm = before === sentBytes() && (await callsLimit()) > 2 * READERS;
  }
}

async function callsLimit(): Promise<number> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^tolmach_running_calls_limit (\d+)$/m.exec(metrics)?.[1]);
}

/** Asks for a stream and never reads. */
async function dial(model: string): Promise<Socket> {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'stalled' }] });
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${customer.key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

/** The most memory that the gateway has at any time. */
function watchPeak() {
  let isOn = true;
  let most = 0;
  const watching = (async () => {
    for (; isOn; await Bun.sleep(50)) most = Math.max(most, await gateway.residentBytes());
  })();
  return {
    async stop() {
      isOn = false;
      await watching;
      return most;
    },
  };
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const untilMs = performance.now() + 60_000; !(await what()); await Bun.sleep(20))
    if (performance.now() > untilMs) throw new Error('it did not happen in time');
}
