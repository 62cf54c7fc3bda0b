// One vendor dead in every way that it can be, another healthy: calls, whole and streamed, many at once. CALLS sets how
// many of them there are for each way; the figures are printed.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { WELL } from '../../src/core/routing.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import {
  completion,
  cutJson,
  cutStream,
  frame,
  hang,
  healthy,
  json,
  resetAtOnce,
  stall,
  stream,
  streamFrames,
} from '../../src/testing/fault-scripts.ts';
import type { ReceivedCall } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const CALLS = Number(process.env['CALLS'] ?? 100);
const AT_ONCE = 25;
const WORDS = ['alpha bravo charlie delta echo foxtrot', 'uno dos tres cuatro cinco seis'] as const;
/** Long enough for the healthy vendor, however busy the machine is. */
const SHORT_MS = 1_000;

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({
    upstreams: 2,
    config: ([first, second]) => {
      const keys = (i: number) => [`key-${i}-a`, `key-${i}-b`, `key-${i}-c`];
      const dead = { vendor: 'openai', apiKeys: keys(0) };
      const providers = {
        first: { ...dead, baseUrl: first?.baseUrl },
        'not-tls': { ...dead, baseUrl: first?.baseUrl.replace('http:', 'https:') },
        'no-name': { ...dead, baseUrl: 'http://vendor.invalid/v1' },
        second: { vendor: 'openai', apiKeys: keys(1), baseUrl: second?.baseUrl },
      };
      return {
        providers: Object.entries(providers).map(([name, provider]) => ({ name, ...provider })),
        models: ['first', 'not-tls', 'no-name'].map((name) => ({
          name,
          targets: [
            { provider: name, model: 'a' },
            { provider: 'second', model: 'a', priority: 1 },
          ],
        })),
        bounds: { failuresInRow: 10 },
        timeouts: { firstByteMs: SHORT_MS, idleMs: SHORT_MS },
      };
    },
  });
  customer = await gateway.customer('requests', { requests: 1_000_000 });
});
beforeEach(() => {
  for (const model of ['first', 'not-tls', 'no-name'])
    for (const route of gateway.running.gateway.models.find(model)?.routes ?? []) {
      Object.assign(route, WELL);
      for (const { health } of route.keyed) Object.assign(health, WELL);
    }
  for (const [i, upstream] of gateway.upstreams.entries()) {
    upstream.clear();
    upstream.answer = () => healthy(WORDS[i] as string);
  }
});
afterEach(() => {
  for (const [i, { calls }] of gateway.upstreams.entries())
    for (const { headers } of calls) keysSeen[i]?.add(headers.get('authorization') ?? 'none');
});
afterAll(() => gateway.stop());

/** What each vendor was shown, in all tests. */
const keysSeen = [new Set<string>(), new Set<string>()];

type Fate = { readonly status: number; readonly text: string; readonly tookMs: number };

/** A call with a mark of its own, and the text that came of it. */
async function ask(model: string, mark: string, isStream: boolean): Promise<Fate> {
  const startedMs = performance.now();
  const messages = [{ role: 'user', content: mark }];
  const response = await gateway.chat(customer, { model, stream: isStream, messages });
  const body = await response.text();
  const tookMs = performance.now() - startedMs;
  if (response.status !== 200) return { status: response.status, text: body, tookMs };
  return { status: 200, text: isStream ? textOfStream(body) : JSON.parse(body).choices[0].message.content, tookMs };
}

function textOfStream(body: string): string {
  const frames = [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data as string);
  if (frames.at(-1) !== '[DONE]') return `unfinished: ${body}`;
  return frames
    .slice(0, -1)
    .flatMap((data) => JSON.parse(data).choices.map((choice: Choice) => choice.delta.content ?? ''))
    .join('');
}
type Choice = { readonly delta: { readonly content?: string } };

async function askMany(model: string, calls: number): Promise<Fate[]> {
  const fates: Fate[] = [];
  let next = 0;
  const worker = async () => {
    while (next < calls) {
      const i = next++;
      fates.push(await ask(model, `mark-${i}-`, i % 2 === 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return fates;
}

/** The most requests that any one call made, and all of them, as the vendors counted. */
function asked(): { most: number; all: number } {
  const counts = new Map<string, number>();
  const received = gateway.upstreams.flatMap((upstream) => upstream.calls);
  for (const { text } of received) {
    const mark = /mark-\d+-/.exec(text)?.[0] ?? '';
    counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  return { most: Math.max(...counts.values()), all: received.length };
}

const byKind = (whole: Script, streamed: Script) => (call: ReceivedCall) =>
  call.body.stream === true ? streamed : whole;
const CUT = Buffer.from(streamFrames(WORDS[0]).join(''));
const SERVER_ERROR = { error: { message: 'x', type: 'server_error', code: null, param: null } };

const DEATHS: readonly (readonly [string, (call: ReceivedCall) => Script])[] = [
  ['429 with Retry-After', () => json('', 429, { 'retry-after': '7' })],
  ['503', () => json('', 503)],
  ['529', () => json('', 529)],
  ['401', () => json('', 401)],
  ['402', () => json('', 402)],
  ['500', () => json('', 500)],
  ['502 with a page', () => json('<html></html>', 502, { 'content-type': 'text/html' })],
  ['a redirect', () => json('', 302, { location: 'http://127.0.0.1:9/' })],
  ['a reset after the request', () => resetAtOnce],
  ['silence', () => hang],
  ['an error object in a 200', () => json(SERVER_ERROR)],
  ['a page in a 200', () => json('<html></html>', 200, { 'content-type': 'text/html' })],
  ['half an answer', byKind(cutJson(completion(WORDS[0]), 60, 'fin'), cutStream(CUT, 40, 'fin'))],
  ['headers and nothing more', byKind(cutJson(completion(WORDS[0]), 0, 'reset'), stall([]))],
  ['an error as the first event', byKind(json('', 500), stream([frame(SERVER_ERROR)]))],
  ['every second answer a 503', (call) => (call.id % 2 === 0 ? json('', 503) : healthy(WORDS[0]))],
  ['every third answer a reset', (call) => (call.id % 3 === 0 ? resetAtOnce : healthy(WORDS[0]))],
];

/** What is promised of any way to be dead. Answers the figures, as a line. */
async function expectAnswered(way: string, model = 'first'): Promise<void> {
  const fates = await askMany(model, CALLS);
  const { most, all } = asked();
  const good = fates.filter(({ status }) => status === 200);
  const tookMs = fates.map((fate) => fate.tookMs).sort((a, b) => a - b);
  const p95Ms = Math.round(tookMs[Math.floor(tookMs.length * 0.95)] as number);
  process.stdout.write(
    `  ${way}: ${good.length} of ${fates.length} answered, at most ${most} requests a call, ` +
      `${(((all - CALLS) / CALLS) * 100).toFixed(1)} % extra, p95 ${p95Ms} ms\n`,
  );
  expect(good.length / fates.length).toBeGreaterThanOrEqual(0.999);
  for (const { text } of good) expect(WORDS).toContain(text as (typeof WORDS)[number]);
  expect(most).toBeLessThanOrEqual(2);
}

describe('a vendor dead before the first byte, another healthy: 99.9 % answered, by one vendor each, one extra request at most', () => {
  test.each(DEATHS)('%s', async (way, script) => {
    (gateway.upstreams[0] as (typeof gateway.upstreams)[0]).answer = script;
    await expectAnswered(way);
  });

  test('connections refused', async () => {
    await gateway.upstreams[0]?.refuse();
    await expectAnswered('connections refused');
    await gateway.upstreams[0]?.listen();
  });

  test.each([
    ['no TLS where it should be', 'not-tls'],
    ['a name that leads nowhere', 'no-name'],
  ])('%s', (way, model) => expectAnswered(way, model));

  test('money and holds are as if nothing had happened', async () => {
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });
});

test('a stream that dies after its first byte is never gone on with by another vendor', async () => {
  const part = streamFrames(WORDS[0]).slice(0, 4);
  const first = gateway.upstreams[0] as (typeof gateway.upstreams)[0];
  first.answer = ({ id }) => [cutStream(CUT, CUT.length / 2, 'reset'), stall(part), stream(part)][id % 3] as Script;
  const fates = await Promise.all(Array.from({ length: 60 }, (_, i) => ask('first', `mark-${i}-`, true)));
  for (const { text } of fates) {
    const [ofFirst, ofSecond] = WORDS.map((words) => words.split(' ').some((word) => text.includes(`"${word} "`)));
    expect([ofFirst && ofSecond, text === WORDS[1] || (ofFirst && text.startsWith('unfinished'))]).toEqual([
      false,
      true,
    ]);
  }
});

test('keys went to their own vendor only, and all of them, whichever vendor died', () => {
  expect(keysSeen.map((seen) => [...seen].sort())).toEqual(
    [0, 1].map((i) => ['a', 'b', 'c'].map((letter) => `Bearer key-${i}-${letter}`)),
  );
});
