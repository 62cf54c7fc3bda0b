// Bad requests over real sockets: whatever is sent, there is one answer that its client can read, none of them a
// failure of ours, and no request is found where another one's body is. The long campaign is test/slow/fuzz.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/index.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { runCampaign } from '../fuzz/campaign.ts';
import { FUZZED_SETTINGS, openCredentials } from '../fuzz/fuzzed-gateway.ts';
import { isOf, judge } from '../fuzz/judge.ts';
import type { Outcome } from '../fuzz/lane.ts';
import { Lane } from '../fuzz/lane.ts';
import { BAD_CHUNKS, LENGTHS, SMUGGLED } from '../fuzz/misframe.ts';
import type { Credentials } from '../fuzz/mutate-request.ts';
import { REGRESSIONS, regressionBytes } from '../fuzz/regressions.ts';
import { validRequests } from '../fuzz/valid-requests.ts';

const CASES = 1_500;
const SEED = 7;

let gateway: TestGateway;
let credentials: Credentials;
let port: number;
let lane: Lane;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: FUZZED_SETTINGS });
  credentials = await openCredentials(gateway);
  port = Number(new URL(gateway.url).port);
  lane = new Lane(port);
});
afterAll(async () => {
  lane.close();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

test('mutations start from at least one valid request of every route', async () => {
  const known = (await validRequests()).flat().map(({ method, target }) => ({ method, target }));
  const missing = DIALECTS.flatMap(({ routes }) => routes).filter(
    (route) => !known.some(({ method, target }) => method === route.method && isOf(route.path, target)),
  );
  expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test(`${CASES} bad requests get answers that their clients can read, none of them a failure of ours`, async () => {
  const valid = await validRequests();
  const report = await runCampaign({ port, valid, credentials, seed: SEED, first: 0, count: CASES, lanes: 32 });
  expect(report.failures).toEqual([]);
  expect(report.sent).toBe(CASES);
  // A campaign that is refused at the door finds nothing behind it.
  expect(report.statuses.get(200)).toBeGreaterThan(CASES / 10);
}, 30_000);

test.each(REGRESSIONS.map((one) => [one.why, one] as const))('answered wrongly once: %s', async (_, regression) => {
  const { method, target } = regression;
  const bytes = regressionBytes(regression, credentials);
  const request = { number: 0, from: '', bytes, method, target, isFramed: true, isHeadSound: true };
  expect(judge(request, await lane.exchange(bytes, { isHead: false, isFramed: true, waitMs: 5_000 }))).toBeUndefined();
});

describe('a request whose end is told in two ways', () => {
  const BODY = JSON.stringify({ model: 'strict', messages: [{ role: 'user', content: 'Hello' }] });
  const send = (lines: readonly string[], rest: string): Promise<Outcome> => {
    const head = [`authorization: Bearer ${credentials.keys[0]}`, 'host: gateway.example', ...lines].join('\r\n');
    const bytes = Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n${rest}`, 'latin1');
    return lane.exchange(bytes, { isHead: false, isFramed: false, waitMs: 200 });
  };
  /** Refused by the runtime, without a word and with the end of the connection; a 200 would have been charged. */
  const isRefused = ({ answers, end }: Outcome) =>
    end === 'closed' && answers.length > 0 && answers.every(({ status }) => status === 400 || status === 413);

  test.each(LENGTHS.map((lengths) => [lengths(BODY.length).join(' + ').slice(0, 80), lengths] as const))(
    '%j: is refused, and what hides behind it is not read as a request',
    async (_, lengths) => {
      for (const rest of [BODY, BODY + SMUGGLED]) {
        const outcome = await send(lengths(BODY.length), rest);
        expect(isRefused(outcome)).toBe(true);
        expect(outcome.answers.some(({ body }) => body.includes('admin_only'))).toBe(false);
      }
    },
  );

  test.each(BAD_CHUNKS.map((chunks) => [chunks.slice(0, 40), chunks] as const))(
    'chunks %j: are refused, and what hides behind them is not read as a request',
    async (_, chunks) => {
      const outcome = await send(['transfer-encoding: chunked'], chunks + SMUGGLED);
      expect(isRefused(outcome)).toBe(true);
      expect(outcome.answers.some(({ body }) => body.includes('admin_only'))).toBe(false);
    },
  );

  test('costs nothing and reaches no provider', async () => {
    gateway.upstream.clear();
    for (const lengths of LENGTHS) await send(lengths(BODY.length), BODY);
    expect(gateway.upstream.calls).toEqual([]);
  });
});
