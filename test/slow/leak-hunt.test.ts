// Planted secrets, and every route and fault driven with them: none is ever found in a log line, a metric, the answer
// to somebody it is not for, or a byte of the data folder. Prompts and answers of tasks are kept as long as the
// contract says, in the table `task`, and not a byte of them longer.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import {
  bytes,
  chunk,
  completion,
  cutJson,
  frame,
  hang,
  healthy,
  json,
  resetAtOnce,
  stall,
  stream,
  streamFrames,
} from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import { ADMIN_TOKEN } from '../../src/testing/gateway-client.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import { configFor } from '../../src/testing/test-gateway.ts';
import { runCampaign } from '../fuzz/campaign.ts';
import type { Canary, Sighting } from '../fuzz/canaries.ts';
import { canaryText, findCanaries } from '../fuzz/canaries.ts';
import { FUZZED_SETTINGS, openCredentials } from '../fuzz/fuzzed-gateway.ts';
import type { ValidRequest } from '../fuzz/valid-requests.ts';
import { KEY_MARK, validRequests } from '../fuzz/valid-requests.ts';

const BAD_REQUESTS = Number(process.env['CASES'] ?? (process.env['SLICE'] === 'ci' ? 3_000 : 100_000));
const SEED = Number(process.env['SEED'] ?? 20_261_122);
const FORGOTTEN_MS = 30_000;
/** Fields in which clients put text for a model. */
const TEXT_FIELDS = ['content', 'text', 'prompt', 'input', 'input_text', 'q', 'negative', 'system', 'suffix', 'user'];

const VENDOR_KEY = `sk-${canaryText('vendor-key')}`;
const MASTER_SECRET = canaryText('master-secret');
const COOKIE = canaryText('cookie');
const WRONG_KEY = `sk-${canaryText('wrong-key')}`;
const QUERY_KEY = canaryText('query-key');
const PROMPT = canaryText('prompt');
const ANSWER = canaryText('answer');
/** What only the vendor and we know of our account there. */
const VENDOR_WORDS = canaryText('vendor-account');

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;
let key: string;
let webhookSecret: string;
/** Found in answers, as they come. */
const inAnswers: Sighting[] = [];
let answers = 0;

const secrets = (): Canary[] => [
  { what: 'the vendor key', text: VENDOR_KEY },
  { what: 'the master secret', text: MASTER_SECRET },
  { what: 'the admin token', text: ADMIN_TOKEN },
  { what: "the customer's key", text: key },
  { what: 'the webhook secret', text: webhookSecret },
  { what: 'a cookie', text: COOKIE },
  { what: 'a wrong key', text: WRONG_KEY },
  { what: 'a key in the query', text: QUERY_KEY },
  { what: "the vendor's words about our account", text: VENDOR_WORDS },
];
const texts: readonly Canary[] = [
  { what: 'a prompt', text: PROMPT },
  { what: 'an answer', text: ANSWER },
];

/** What a vendor says when it is our account that fails, with all that it should not say. */
const ours = {
  error: {
    message: `Incorrect API key ${VENDOR_KEY} of ${VENDOR_WORDS}`,
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
};
const echo = {
  error: {
    message: `Bad input: ${PROMPT}, key ${VENDOR_KEY}, https://${VENDOR_WORDS}.example/x`,
    type: 'invalid_request_error',
    code: VENDOR_WORDS,
    param: VENDOR_KEY,
  },
};

const FAULTS: Readonly<Record<string, Script>> = {
  healthy: healthy(ANSWER),
  'a reset': resetAtOnce,
  silence: hang,
  'a refusal of our key': json(ours, 401),
  'our empty account': json({ error: { ...ours.error, code: 'insufficient_quota' } }, 429),
  'a refusal that echoes': json(echo, 400),
  'a failure that echoes': json(echo, 500),
  'a page': json(`<html>${PROMPT} ${VENDOR_KEY}</html>`, 502, { 'content-type': 'text/html' }),
  'an error in a 200': json(ours),
  'broken JSON': json(`{"choices":"${PROMPT}${VENDOR_KEY}`),
  'a cut answer': cutJson(completion(ANSWER), 150, 'reset'),
  'a redirect': json('', 302, { location: `https://${VENDOR_WORDS}.example/?key=${VENDOR_KEY}` }),
  'headers of its own': json(completion(ANSWER), 200, {
    'set-cookie': VENDOR_WORDS,
    'x-vendor-account': VENDOR_WORDS,
    'openai-organization': VENDOR_WORDS,
  }),
  'a coding nobody asked for': json(completion(ANSWER), 200, { 'content-encoding': VENDOR_WORDS }),
  'a status line of its own': bytes(`HTTP/1.1 500 ${VENDOR_WORDS}\r\nx: y\r\ncontent-length: 0\r\n\r\n`),
  'no HTTP': bytes(`${VENDOR_KEY} ${PROMPT}\r\n\r\n`),
  'an error in a stream': stream([...streamFrames(ANSWER).slice(0, 2), frame(ours)]),
  'an echo in a stream': stream([
    ...streamFrames(ANSWER).slice(0, 2),
    frame({ error: { message: VENDOR_WORDS, code: VENDOR_WORDS } }),
  ]),
  'an error event in a stream': stream([
    ...streamFrames(ANSWER).slice(0, 2),
    `event: error\n${frame({ type: 'error', ...ours })}`,
  ]),
  'garbage in a stream': stream([frame(chunk({ content: ANSWER })), `data: {${PROMPT}${VENDOR_KEY}\n\n`]),
  'a stalled stream': stall(streamFrames(ANSWER).slice(0, 3)),
};

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  const settings = configFor([upstream], {
    ...FUZZED_SETTINGS,
    models: FUZZED_SETTINGS.models.map((model) => ({
      ...model,
      targets: model.targets.map((target) => ({
        ...target,
        provider: target.provider === 'demo' ? 'first' : target.provider,
      })),
    })),
    timeouts: { firstByteMs: 150, idleMs: 150, callMs: 2_000 },
  });
  const providers = (settings['providers'] as object[]).map((provider) => ({ ...provider, apiKey: VENDOR_KEY }));
  folder = new GatewayFolder([upstream], { ...settings, providers });
  gateway = await folder.start({ LOG_LEVEL: 'debug', TOLMACH_SECRET: MASTER_SECRET });
  key = (await gateway.customer('requests', { requests: 100_000_000 })).key;
  webhookSecret = (
    (await (
      await fetch(`${gateway.url}/v1/webhook_secret`, { headers: { authorization: `Bearer ${key}` } })
    ).json()) as { secret: string }
  ).secret;
});
afterAll(async () => {
  await upstream.stop();
  folder.remove();
});

/** The request with a canary for every text that a model would read. */
function withCanaries(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(withCanaries);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      TEXT_FIELDS.includes(name) && typeof value === 'string' ? `${PROMPT} ${value}` : withCanaries(value),
    ]),
  );
}

async function send(request: ValidRequest, more: Readonly<Record<string, string>> = {}, query = ''): Promise<void> {
  const headers: Record<string, string> = { cookie: `session=${COOKIE}`, ...request.headers };
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  if (request.carrier === 'bearer') headers['authorization'] = `Bearer ${key}`;
  if (request.carrier === 'x-api-key') headers['x-api-key'] = key;
  if (request.carrier === 'admin') headers['authorization'] = `Bearer ${ADMIN_TOKEN}`;
  const canaried =
    typeof request.body === 'string'
      ? request.body.replaceAll('Текст', PROMPT)
      : JSON.stringify(withCanaries(request.body));
  const answer = await fetch(`${gateway.url}${request.target}${query}`, {
    method: request.method,
    headers: { ...headers, ...more },
    ...(request.body === undefined ? {} : { body: canaried.replaceAll(KEY_MARK, key) }),
  });
  const text = `${JSON.stringify([...answer.headers])}${await answer.text()}`;
  answers++;
  const isFailure = answer.status >= 400;
  // A customer's own webhook secret is what that route is for, and a text belongs to whoever sent it.
  const wanted =
    request.target === '/v1/webhook_secret'
      ? secrets().filter(({ text: secret }) => secret !== webhookSecret)
      : secrets();
  const where = `${request.method} ${request.target} ${answer.status}`;
  inAnswers.push(
    ...findCanaries(
      isFailure ? [...wanted, ...texts.filter(({ text: marker }) => marker === ANSWER)] : wanted,
      Buffer.from(text),
      where,
    ),
  );
}

test('the hunt sees a secret in every form that it may be written in', () => {
  const canary = { what: 'x', text: canaryText('x') };
  const text = Buffer.from(canary.text);
  const forms = [
    text,
    Buffer.from(canary.text, 'utf16le'),
    Buffer.from(text.toString('hex')),
    ...[0, 1, 2].map((before) => Buffer.from(Buffer.from(`${'a'.repeat(before)}${canary.text}zz`).toString('base64'))),
  ];
  for (const form of forms)
    expect(findCanaries([canary], Buffer.concat([Buffer.from('..'), form]), '')).toHaveLength(1);
  expect(findCanaries([canary], Buffer.from(canaryText('x')), '')).toEqual([]);
});

describe('driven through every route and fault', () => {
  test('no secret is in an answer', async () => {
    const valid = (await validRequests()).flat();
    for (const script of Object.values(FAULTS)) {
      upstream.answer = () => script;
      // One by one is what a wait for silence would take too long for.
      await Promise.all(valid.map((request) => send(request)));
    }
    upstream.answer = () => healthy(ANSWER);
    for (const request of valid) {
      await send(request, { authorization: `Bearer ${WRONG_KEY}` });
      await send(request, { 'x-api-key': WRONG_KEY });
      await send(request, {}, `?key=${QUERY_KEY}&api_key=${QUERY_KEY}`);
    }
    expect(inAnswers).toEqual([]);
    expect(answers).toBeGreaterThan(valid.length * Object.keys(FAULTS).length);
  }, 300_000);

  test(`nor after ${BAD_REQUESTS} bad requests in a log line or a metric, where no prompt and no answer is either`, async () => {
    const credentials = await openCredentials(gateway);
    const port = Number(new URL(gateway.url).port);
    const forgetting = setInterval(() => upstream.clear(), 100);
    await runCampaign({
      port,
      valid: await validRequests(),
      credentials: { ...credentials, keys: [key] },
      seed: SEED,
      first: 0,
      count: BAD_REQUESTS,
      lanes: 32,
    });
    clearInterval(forgetting);
    const metrics = Buffer.from(await (await fetch(`${gateway.url}/metrics`)).text());
    await untilTasksEnded();
    const log = Buffer.from(await gateway.child.told());
    expect(log.length).toBeGreaterThan(100_000);
    const all = [...secrets(), ...texts];
    expect([...findCanaries(all, log, 'the log'), ...findCanaries(all, metrics, 'the metrics')]).toEqual([]);
  }, 600_000);

  test('nor in a byte of the data folder while the gateway runs, where prompts are gone soon after their tasks', async () => {
    expect(findInFolder(secrets())).toEqual([]);
    // The chore that forgets comes every ten seconds.
    for (const untilMs = performance.now() + FORGOTTEN_MS; performance.now() < untilMs; await Bun.sleep(1_000))
      if (findInFolder(texts.slice(0, 1)).length === 0) break;
    expect(findInFolder(texts.slice(0, 1))).toEqual([]);
    // Answers wait to be polled, in the database and perhaps in its write-ahead log.
    const places = findInFolder(texts.slice(1)).map(({ where }) => where);
    expect(places).toContain('tolmach.db');
    expect(places.filter((where) => where !== 'tolmach.db' && where !== 'tolmach.db-wal')).toEqual([]);
    await gateway.kill();
    expect(findInFolder([...secrets(), ...texts.slice(0, 1)])).toEqual([]);
  }, 60_000);

  test('nor, once the tasks have been forgotten, any byte of their answers', async () => {
    const afterwardsMs = Date.now() + 1_000;
    const store = await openStore(afterwardsMs);
    for (;;) {
      const purged = await store.write({ kind: 'purgeTasks', endedBeforeMs: afterwardsMs, keysBeforeMs: afterwardsMs });
      if (purged.kind !== 'written' || purged.isMoreLeft !== true) break;
    }
    await store.close();
    expect(findInFolder([...secrets(), ...texts])).toEqual([]);
  });
});

async function openStore(nowMs: number) {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
  return (await openSqliteStore({ dataDir: folder.path, timeZone: 'UTC', clock, maxWaiting: 100 })).store;
}

/** All that is in the data folder, but the operator's own configuration. */
function findInFolder(canaries: readonly Canary[]): Sighting[] {
  const names = readdirSync(folder.path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name !== 'config.yaml' && statSync(join(folder.path, name)).isFile())
    .flatMap((name) => findCanaries(canaries, readFileSync(join(folder.path, name)), name));
}

async function untilTasksEnded(): Promise<void> {
  for (const untilMs = performance.now() + 120_000; ; await Bun.sleep(200)) {
    if ((await gateway.audit()).counted.openHolds === 0) return;
    if (performance.now() > untilMs) throw new Error('tasks are still open');
  }
}
