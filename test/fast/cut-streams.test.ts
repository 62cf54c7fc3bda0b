// Streams as vendors document them (test/streams), cut at a few of their bytes: a slice of what the slow suite does at
// every byte.
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

const STRIDE = 211;

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { firstByteMs: 5_000, idleMs: 5_000 } } });
  customer = await gateway.customer('money', { rub: '1000000' });
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

for (const { folder, clients } of CUT_FAMILIES) {
  const streams = recordedStreams(join(import.meta.dir, '..', 'streams', folder));
  describe.each(clients.map((client) => [`${folder}, ${client.name}`, client] as const))('%s:', (_, client) => {
    test.each(streamsFor(client, streams).map((recorded, i) => [recorded.name, recorded, i] as const))(
      '%s ends in an error wherever it is cut, and is charged by the policy',
      async (_name, recorded, i) => {
        expect(await findWrongCuts(gateway, customer, client, recorded, cutsOf(recorded, STRIDE, i * 37))).toEqual([]);
      },
    );
  });
}
