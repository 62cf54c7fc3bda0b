// A storm: two providers that fail in every way at random, under many calls at once. The providers' logs are the judge of
// double calls: no call is answered well twice, none is tried a third time, and what is charged is what was served.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { ERRORS } from '../../src/core/errors.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { completion, cutJson, healthy, json, resetAtOnce } from '../../src/testing/fault-scripts.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const SEED = Number(process.env['SEED'] ?? 20261122);
const CALLS = 200;
const PRICE = 2;

/** So long that a good answer comes in time however busy the machine is. */
const FIRST_BYTE_MS = 1_500;
/** A late success comes after the limit. */
const LATE_MS = FIRST_BYTE_MS + 500;
const late: Script = async (wire, call) => {
  await Bun.sleep(LATE_MS);
  await healthy()(wire, call);
};
/** What a provider may do, and whether it has answered well by it. */
const WEATHER: readonly (readonly [script: Script, isGood: boolean])[] = [
  [json('', 503), false],
  [json('', 503, { 'retry-after': '1' }), false],
  [json('', 429), false],
  [json('', 429, { 'retry-after': '3600' }), false],
  [json('', 500), false],
  [json('', 529), false],
  [json('', 400), false],
  [resetAtOnce, false],
  [cutJson(completion('never seen'), 50, 'reset'), false],
  [late, false],
  [healthy(), true],
  [healthy(), true],
];

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ upstreams: 2, config: { timeouts: { firstByteMs: FIRST_BYTE_MS } } });
  customer = await gateway.customer('requests', { requests: PRICE * CALLS });
});
afterAll(() => gateway.stop());

test(`${CALLS} calls in a storm: each is served once or refused with a known error, and no call is made a third time (SEED=${SEED})`, async () => {
  const good = new Map<string, number>();
  for (const [i, upstream] of gateway.upstreams.entries())
    upstream.answer = (call) => {
      const mark = /mark \d+\./.exec(call.text)?.[0] ?? '';
      // By the call and not by the order of arrival, so that a seed means the same storm again.
      const [script, isGood] = new SeededRandom(Bun.hash.crc32(`${SEED} ${i} ${mark}`)).pick(WEATHER);
      if (isGood) good.set(mark, (good.get(mark) ?? 0) + 1);
      return script;
    };
  const answers = await Promise.all(
    Array.from({ length: CALLS }, async (_, i) => {
      const mark = `mark ${i}.`;
      const isStream = i % 2 === 0;
      const messages = [{ role: 'user', content: mark }];
      const response = await gateway.chat(customer, { model: 'both', stream: isStream, messages });
      return { mark, status: response.status, text: await response.text(), headers: response.headers };
    }),
  );
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  const asked = gateway.upstreams.flatMap((upstream) => upstream.calls.map((call) => call.text));
  for (const { mark, status, text, headers } of answers) {
    const attempts = asked.filter((body) => body.includes(mark)).length;
    expect(attempts).toBeWithin(1, 3);
    expect(good.get(mark) ?? 0).toBe(status === 200 ? 1 : 0);
    if (status === 200) continue;
    const { code } = (JSON.parse(text) as { error: { code: keyof typeof ERRORS } }).error;
    expect(ERRORS[code].status).toBe(status);
    if (status === 503) expect(Number(headers.get('retry-after'))).toBeWithin(1, 61);
  }
  const served = answers.filter(({ status }) => status === 200).length;
  expect(served).toBeGreaterThan(CALLS / 10);
  expect((await gateway.balance(customer)).requests).toBe(PRICE * (CALLS - served));
}, 20_000);
