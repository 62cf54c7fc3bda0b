// Streams as vendors document them (test/streams), cut at every byte in three ways: the message ends as if it were whole,
// the connection ends, the connection breaks. SLICE=ci cuts at every 64th, CUT_EVERY=n at every nth.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import {
  CUT_FAMILIES,
  cutsOf,
  findWrongCuts,
  recordedStreams,
  streamsFor,
} from '../../src/testing/faults/cut-streams.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const STRIDE = Number(process.env['CUT_EVERY'] ?? (process.env['SLICE'] === 'ci' ? 64 : 1));

let gateway: TestGateway;
let customer: Customer;
let cutsMade = 0;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { firstByteMs: 10_000, idleMs: 10_000, callMs: 30_000 } } });
  customer = await gateway.customer('money', { rub: '1000000' });
});
afterAll(async () => {
  const audit = await gateway.auditAtRest();
  process.stdout.write(`cut streams: ${cutsMade} cuts, every ${STRIDE}. byte, audit ${JSON.stringify(audit)}\n`);
  expect(audit).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

for (const { folder, clients } of CUT_FAMILIES) {
  const streams = recordedStreams(join(import.meta.dir, '..', 'streams', folder));

  test(`there are at least ten streams of ${folder}`, () => {
    expect(streams.length).toBeGreaterThanOrEqual(10);
  });

  describe.each(clients.map((client) => [`${folder}, ${client.name}`, client] as const))('%s:', (_, client) => {
    test.each(streamsFor(client, streams).map((recorded, i) => [recorded.name, recorded, i] as const))(
      '%s ends in an error wherever it is cut, and is charged by the policy',
      async (_name, recorded, i) => {
        const cuts = cutsOf(recorded, STRIDE, i * 5);
        expect(await findWrongCuts(gateway, customer, client, recorded, cuts)).toEqual([]);
        cutsMade += cuts.length;
      },
      600_000,
    );
  });
}
