// Thousands of connections that do nothing beside ordinary traffic: kept ones after an answer, heads and bodies that
// stop halfway. IDLE says how many; SLICE=ci is a fifth of them. Each side needs as many open files.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { ordinaryStreamsP99Ms } from '../fuzz/other-streams.ts';

const IDLE = Number(process.env['IDLE'] ?? (process.env['SLICE'] === 'ci' ? 1_000 : 5_000));
const AT_ONCE = 100;
const GROWN_MAX_BYTES = 100_000_000;
const OTHERS_FACTOR_MAX = 2;
const OTHERS_SLACK_MS = 50;
/** Kinds of idleness, by turns. Of those with half a head the runtime itself gets rid after ten seconds. */
const KINDS = ['kept', 'kept', 'kept', 'half a head', 'half a body'] as const;

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;
let customer: Customer;

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  upstream.answer = () => stream(streamFrames('one two three'));
  folder = new GatewayFolder([upstream], { timeouts: { quietClientMs: 255_000 } });
  gateway = await folder.start();
  customer = await gateway.customer('requests', { requests: 1_000_000 });
});
afterAll(async () => {
  await gateway.kill();
  await upstream.stop();
  folder.remove();
});

test(`${IDLE} idle connections take at most ${GROWN_MAX_BYTES / 1e6} MB, and ordinary streams do not feel them`, async () => {
  const calmMs = await ordinaryStreamsP99Ms(gateway, customer);
  const calmBytes = await gateway.residentBytes();
  const sockets: Socket[] = [];
  while (sockets.length < IDLE)
    sockets.push(
      ...(await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => dial(textOf(KINDS[i % KINDS.length]))))),
    );
  const openedBytes = await gateway.residentBytes();
  const idleMs = await ordinaryStreamsP99Ms(gateway, customer);
  const stillOpen = sockets.filter((socket) => !socket.destroyed).length;
  const grownMb = (openedBytes - calmBytes) / 1e6;
  process.stdout.write(
    `${JSON.stringify({ idle: IDLE, stillOpen, calmMb: calmBytes / 1e6, grownMb, calmP99Ms: calmMs, idleP99Ms: idleMs })}\n`,
  );
  expect(stillOpen).toBeGreaterThan(IDLE * 0.75);
  expect(openedBytes - calmBytes).toBeLessThan(GROWN_MAX_BYTES);
  expect(idleMs).toBeLessThan(calmMs * OTHERS_FACTOR_MAX + OTHERS_SLACK_MS);
  for (const socket of sockets) socket.destroy();
  expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
}, 180_000);

function textOf(kind: (typeof KINDS)[number] | undefined): string {
  if (kind === 'half a head') return 'GET /livez HTTP/1.1\r\nhost:';
  if (kind === 'kept') return 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n';
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${customer.key}\r\ncontent-length: 500\r\n\r\n{"model":`;
}

async function dial(text: string): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.resume();
  socket.write(text);
  return socket;
}
