// Whole answers, texts and pictures of both families, cut at every byte of head and body: never an answer made of a part,
// never a charge. SLICE=ci cuts at every 64th, CUT_EVERY=n at every nth.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Script } from '../../src/testing/fault-scripts.ts';
import type { Family } from '../../src/testing/faults/family.ts';
import { FAMILIES } from '../../src/testing/faults/family.ts';
import { goodWhole } from '../../src/testing/faults/fault-case.ts';
import type { CallKind } from '../../src/testing/faults/fault-row.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const STRIDE = Number(process.env['CUT_EVERY'] ?? (process.env['SLICE'] === 'ci' ? 64 : 1));
const CALLS_AT_ONCE = 60;
/** So long a provider waits for its bytes to be read before it breaks off. */
const READ_MS = 25;

let gateway: TestGateway;
let customer: Customer;
let cutsMade = 0;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { firstByteMs: 10_000, idleMs: 10_000, callMs: 30_000 } } });
  customer = await gateway.customer('requests', { requests: 1_000 });
});
afterAll(async () => {
  const audit = await gateway.auditAtRest();
  process.stdout.write(`cut answers: ${cutsMade} cuts, every ${STRIDE}. byte, audit ${JSON.stringify(audit)}\n`);
  expect(audit).toMatchObject({ ok: true, counted: { openHolds: 0, calls: cutsMade } });
  expect(await gateway.balance(customer)).toMatchObject({ requests: 1_000 });
  await gateway.stop();
});

const wholes = FAMILIES.flatMap((family) =>
  family.kinds
    .filter((kind) => kind === 'whole' || kind === 'image')
    .map((kind) => [family.name, kind, family] as const),
);

test.each(wholes)(
  '%s, %s: an answer that is cut anywhere is an error and costs nothing',
  async (_, kind, family) => {
    const message = messageOf(family, kind);
    const model = kind === 'image' ? 'picture' : family.shapes.family === 'openai' ? 'strict' : 'claude';
    const wrong: string[] = [];
    const cuts: number[] = [];
    for (let at = 0; at < message.length; at += STRIDE) cuts.push(at);
    for (const ending of ['fin', 'reset'] as const) {
      gateway.upstream.clear();
      const queue = [...cuts];
      gateway.upstream.queue(...cuts.map((at) => cutAt(message, at, ending)));
      const work = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { status, code, isWellFormed } = await family.ask(gateway, customer, { model, kind });
          if (status !== 502 || code !== 'upstream_reset' || !isWellFormed) wrong.push(`${ending}: ${status} ${code}`);
        }
      };
      await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
      cutsMade += cuts.length;
    }
    expect(wrong).toEqual([]);
  },
  600_000,
);

function messageOf(family: Family, kind: CallKind): Buffer {
  const body = Buffer.from(JSON.stringify(goodWhole({ kind, shapes: family.shapes })));
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function cutAt(message: Buffer, at: number, ending: 'fin' | 'reset'): Script {
  return async (wire) => {
    if (at > 0) await wire.send(message.subarray(0, at));
    await Bun.sleep(READ_MS);
    if (ending === 'fin') wire.end();
    else wire.reset();
  };
}
