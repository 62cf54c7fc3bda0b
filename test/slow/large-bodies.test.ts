// Hundreds of large bodies at once, of which none is ever whole: the real process must not hold more of them than it may.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';

const MIB = 1024 * 1024;
const ROOM_BYTES = 160 * MIB;
const SENT_BYTES = 20 * MIB;
const SENDERS = 100;
/** What is on its way when room is refused, and what the runtime has not collected yet. */
const BESIDE_BYTES = 250 * MIB;
const SETTLE_MS = 3_000;

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;
let customers: Customer[];

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  folder = new GatewayFolder([upstream], { bounds: { openBodyBytes: ROOM_BYTES } });
  gateway = await folder.start();
  customers = [];
  for (let i = 0; i < 5; i++) customers.push(await gateway.customer('requests', { requests: 1_000 }));
});
afterAll(async () => {
  await gateway.kill();
  await upstream.stop();
  folder.remove();
});

test.each([
  ['customers', '/v1/chat/completions', (i: number) => `authorization: Bearer ${customers[i % 5]?.key}\r\n`],
  ['nobody who is known', '/api/gpt/create_request', () => ''],
])(
  `${SENDERS} bodies of ${SENT_BYTES / MIB} MiB that do not end, from %s, take no more than their room, and a call is served beside them`,
  async (_, path, headers) => {
    const calmBytes = await gateway.residentBytes();
    const sockets: Socket[] = [];
    for (let i = 0; i < SENDERS; i++) {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${headers(i)}content-length: ${SENT_BYTES + 1}\r\n\r\n`);
      socket.write(Buffer.alloc(SENT_BYTES, 120));
      sockets.push(socket);
    }
    await Bun.sleep(SETTLE_MS);
    const grownBytes = (await gateway.residentBytes()) - calmBytes;
    const served = await gateway.chat(customers[0], { model: 'strict', messages: [{ role: 'user', content: 'Hi' }] });
    for (const socket of sockets) socket.destroy();
    process.stdout.write(`${JSON.stringify({ path, senders: SENDERS, grownMb: grownBytes / 1e6 })}\n`);
    expect(served.status).toBe(200);
    expect(grownBytes).toBeLessThan(ROOM_BYTES + BESIDE_BYTES);
    expect(await gateway.audit()).toMatchObject({ ok: true });
  },
  60_000,
);
