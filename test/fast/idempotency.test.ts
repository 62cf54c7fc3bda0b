// `Idempotency-Key` on every route that charges: the same request again is the same answer, and nothing more.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { CallError } from '../../src/core/errors.ts';
import type { Route } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { AnswerRecorder } from '../../src/pipeline/answer-recorder.ts';
import { completion, healthy, json, PIXEL, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

type Told = { readonly status: number; readonly text: string; readonly headers: Headers };

const MESSAGES = [{ role: 'user', content: 'Да или нет?' }];
const HUMAN = '\n\nHuman: Да или нет?\n\nAssistant:';
const CHAT = { model: 'strict', messages: MESSAGES };

const CONTENTS = { contents: [{ parts: [{ text: 'Да или нет?' }] }] };
const EMBEDDED = { content: { parts: [{ text: 'Да' }] } };

/** A body that each charging route takes. */
const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '/v1/chat/completions': CHAT,
  '/v1/completions': { model: 'strict', prompt: 'Да или' },
  '/v1/engines/{name}/completions': { prompt: 'Да или' },
  '/v1/responses': { model: 'strict', input: 'Да или нет?' },
  '/v1/embeddings': { model: 'vectors', input: 'Да' },
  '/v1/rerank': { model: 'ranks', query: 'Да', documents: ['нет'] },
  '/v2/rerank': { model: 'ranks', query: 'Да', documents: ['нет'] },
  ...Object.fromEntries(
    ['/v1', '/v1beta'].flatMap((version) => [
      [`${version}/models/{name}:generateContent`, CONTENTS],
      [`${version}/models/{name}:streamGenerateContent`, CONTENTS],
      [`${version}/models/{name}:embedContent`, EMBEDDED],
      [`${version}/models/{name}:batchEmbedContents`, { requests: [EMBEDDED] }],
    ]),
  ),
  '/v1/images/edits': { model: 'picture', prompt: 'кот', image: PIXEL },
  '/v1/audio/speech': { model: 'voice', input: 'Да', voice: 'alloy' },
  '/v1/audio/transcriptions': { model: 'listener', file: PIXEL },
  '/v1/audio/translations': { model: 'listener', file: PIXEL },
  '/v1/images/generations': { model: 'picture', prompt: 'кот' },
  '/api/gpt/create_request': { content: 'Да или нет?' },
  '/api/generate_response': { input_text: 'Да или нет?', mode: 'chat' },
  '/api/chat': CHAT,
  '/api/generate': { model: 'strict', prompt: 'Да или нет?', stream: false },
  '/api/embed': { model: 'vectors', input: 'Да' },
  '/api/embeddings': { model: 'vectors', prompt: 'Да' },
  '/api/v1/completions': { model: 'strict', prompt: 'Да или' },
  '/api/v1/completions/claude': { model: 'strict', prompt: HUMAN, max_tokens_to_sample: 10 },
  '/api/v1/chat/completions': CHAT,
  '/kandinsky': { prompt: 'кот' },
  '/api/kandinsky': { prompt: 'кот' },
  '/v1/chat': { model: 'gpt-4', messages: MESSAGES },
  '/v1/prompt': { model: 'claude-2-100k', prompt: HUMAN },
  '/v1/image': { model: 'sdxl', prompt: 'кот' },
  '/v1/tasks': CHAT,
  '/v1/messages': { ...CHAT, max_tokens: 10 },
  '/v1/complete': { model: 'strict', prompt: HUMAN, max_tokens_to_sample: 10 },
};

const CHARGING = DIALECTS.flatMap((dialect) =>
  dialect.routes
    .filter(({ action }) => ['call', 'image', 'work', 'createTask', 'submitTask'].includes(action))
    .map((route) => [`${dialect.name} ${route.path}`, dialect, route] as const),
);

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const to = (name: string, kind = 'text') => ({
    name,
    kind,
    targets: [{ provider: 'first', model: 'upstream-model' }],
  });
  const limits = [{ name: 'minute', perMinute: 2 }];
  gateway = await TestGateway.start({
    config: {
      plans: [...TEST_PLANS, { id: 'slow', name: 'Slow', dailyRequests: 4, prices: [{ requests: 0 }], limits }],
      publicKey: 'everybody-may-use-this-key',
      trustedProxies: 1,
      tasks: { model: 'strict' },
      bounds: { replayChars: 20_000, recordingChars: 50_000 },
      models: [
        ...['strict', 'gpt-4', 'claude-2-100k'].map((name) => to(name)),
        ...['picture', 'sdxl', 'kandinsky'].map((name) => to(name, 'image')),
        to('voice', 'speech'),
        to('listener', 'transcription'),
        to('vectors', 'embedding'),
        to('ranks', 'rerank'),
        { name: 'loose', targets: [{ provider: 'untidy', model: 'upstream-model' }] },
      ],
    },
  });
});
beforeEach(async () => {
  gateway.upstream.clear();
  gateway.upstream.answer = () => healthy('Да.');
  customer = await gateway.customer('requests', { requests: 1000 });
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

async function ask(path: string, body: unknown, name: string, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'idempotency-key': name, ...headers },
    body: typeof body === 'string' || body instanceof FormData ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const chat = (fields: object, name: string, headers?: Record<string, string>) =>
  ask('/v1/chat/completions', { ...CHAT, ...fields }, name, headers);
const spent = async () => 1000 - (await gateway.balance(customer)).requests;
const codeOf = ({ text }: Told) => (JSON.parse(text) as { error: { code: string } }).error.code;
const callsAtRest = async () => {
  await gateway.auditAtRest();
  return gateway.upstream.calls.length;
};
/** The body as its route takes it: a form where there are files. */
function written(route: Route, body: Readonly<Record<string, unknown>>): unknown {
  if (route.takesFiles !== true) return body;
  const form = new FormData();
  for (const [name, value] of Object.entries(body))
    form.append(
      name,
      value instanceof Uint8Array ? new File([value as Uint8Array<ArrayBuffer>], 'a.png') : String(value),
    );
  return form;
}

test('every route that charges is tested here', () => {
  expect(CHARGING.map(([, , route]) => route.path).filter((path) => BODIES[path] === undefined)).toEqual([]);
});

describe.each(CHARGING)('%s', (_, dialect, route) => {
  const body = BODIES[route.path] as Readonly<Record<string, unknown>>;
  const path = route.path.replace('{name}', route.action === 'work' ? 'vectors' : 'strict');
  const isTask = route.action === 'createTask' || route.action === 'submitTask';

  test('answers a repeated request again, and charges and asks once', async () => {
    const name = crypto.randomUUID();
    const first = await ask(path, written(route, body), name);
    expect(first.status).toBeWithin(200, 203);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    const charged = await spent();
    expect(charged).toBe(2);
    const again = await ask(path, written(route, body), name);
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    // A task is told as it is now; any other answer is given again to the byte.
    if (isTask) {
      const ids = [first, again].map(({ text }) => JSON.parse(text) as { id?: number; request_id?: number });
      expect(ids[1]?.id).toBe(ids[0]?.id as number);
      expect(ids[1]?.request_id).toBe(ids[0]?.request_id as number);
      await until(() => gateway.upstream.calls.length > 0);
    } else {
      expect(again.text).toBe(first.text);
      expect(again.headers.get('x-tolmach-charge')).toBe('0');
      expect(again.headers.get('x-tolmach-balance')).toBe('998');
    }
    expect(await spent()).toBe(2);
    expect(await callsAtRest()).toBe(1);
  });

  test('refuses the name with another body, or a bad name, in its own shape, and charges nothing', async () => {
    const name = crypto.randomUUID();
    await ask(path, written(route, body), name);
    const before = await spent();
    const other = await ask(path, written(route, { ...body, user: 'another' }), name);
    const shown = (route.error ?? dialect.error)(new CallError('idempotency_mismatch', { param: 'Idempotency-Key' }), {
      requestId: other.headers.get('x-request-id') ?? '',
      publicUrl: gateway.running.gateway.config.publicUrl,
    });
    expect(other.status).toBe(shown.status);
    expect(JSON.parse(other.text)).toEqual(shown.body);
    for (const bad of ['x'.repeat(256), 'two words'])
      expect((await ask(path, written(route, body), bad)).status).toBe(400);
    expect(await spent()).toBe(before);
  });
});

describe('a name for a call', () => {
  test('of 200 twins at once is asked and charged once, the others are refused, and later all get the answer', async () => {
    const name = crypto.randomUUID();
    const gate = Promise.withResolvers<void>();
    gateway.upstream.answer = () => async (wire, call) => {
      await gate.promise;
      await json(completion('Да.'))(wire, call);
    };
    const twins = Array.from({ length: 200 }, () => chat({}, name));
    const refused: Told[] = [];
    for (const twin of twins) void twin.then((told) => (told.status === 409 ? refused.push(told) : undefined));
    await until(() => refused.length === 199);
    expect(new Set(refused.map(codeOf))).toEqual(new Set(['idempotency_running']));
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    gate.resolve();
    const answers = (await Promise.all(twins)).filter(({ status }) => status === 200);
    expect(answers).toHaveLength(1);
    const later = await Promise.all(Array.from({ length: 20 }, () => chat({}, name)));
    expect(new Set(later.map(({ text }) => text))).toEqual(new Set([answers[0]?.text as string]));
    expect(await spent()).toBe(2);
    expect(await callsAtRest()).toBe(1);
  });

  test('belongs to the account, whichever of its keys brings it, and to no other account', async () => {
    const name = crypto.randomUUID();
    const first = await chat({}, name);
    const { key } = await gateway.admin<{ key: string }>('POST', `accounts/${customer.accountId}/keys`, {});
    expect((await chat({}, name, { authorization: `Bearer ${key}` })).text).toBe(first.text);
    const { key: foreign } = await gateway.customer('requests', { requests: 2 });
    const other = await chat({}, name, { authorization: `Bearer ${foreign}` });
    expect(other.headers.get('idempotency-replayed')).toBeNull();
    expect(await callsAtRest()).toBe(2);
  });

  test('with the key that is everybody’s belongs to the client’s address as well', async () => {
    const from = (address: string) =>
      ask('/v1/chat', { model: 'gpt-4', messages: MESSAGES }, 'one', {
        authorization: 'everybody-may-use-this-key',
        'x-forwarded-for': address,
      });
    const [anna, boris, annaAgain] = [await from('192.0.2.1'), await from('192.0.2.2'), await from('192.0.2.1')];
    expect([anna, boris, annaAgain].map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([anna, boris, annaAgain].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([
      null,
      null,
      'true',
    ]);
  });

  test('names one route: the same body on another is another request', async () => {
    const name = crypto.randomUUID();
    await chat({}, name);
    expect((await ask('/api/v1/chat/completions', CHAT, name)).status).toBe(422);
  });

  test('is free again after a call that was not charged, with any body', async () => {
    const name = crypto.randomUUID();
    gateway.upstream.answer = () => json('', 500);
    expect((await chat({}, name)).status).toBe(502);
    gateway.upstream.answer = () => healthy('Да.');
    expect(await chat({ temperature: 1 }, name)).toMatchObject({ status: 200 });
    expect(await spent()).toBe(2);
  });

  test('is not taken by a request that was refused', async () => {
    const name = crypto.randomUUID();
    expect((await chat({ model: 'nothing' }, name)).status).toBe(404);
    expect((await chat({}, name)).status).toBe(200);
  });

  test('is kept of calls that cost nothing too; a repetition does not count towards the ledger’s limits', async () => {
    customer = await gateway.customer('slow');
    const name = crypto.randomUUID();
    const first = await chat({}, name);
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    expect((await chat({}, name)).text).toBe(first.text);
    expect((await chat({}, crypto.randomUUID())).headers.get('x-ratelimit-remaining-requests')).toBe('0');
    // Repetitions have the plan's limits to themselves.
    await chat({}, name);
    expect(await chat({}, name)).toMatchObject({ status: 429 });
    expect(await callsAtRest()).toBe(2);
  });
});

describe('the answer of a named call', () => {
  test('is the text of a stream, byte for byte and as one stream', async () => {
    for (const model of ['strict', 'loose']) {
      gateway.upstream.clear();
      const name = crypto.randomUUID();
      gateway.upstream.answer = () => stream(streamFrames('Да, это поток.'), { paceMs: 1 });
      const first = await chat({ model, stream: true }, name);
      expect(first.text).toEndWith('data: [DONE]\n\n');
      const again = await chat({ model, stream: true }, name);
      expect(again.text).toBe(first.text);
      expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(await callsAtRest()).toBe(1);
    }
    expect(await spent()).toBe(4);
  });

  test('that is too long is not kept, and is told as such instead of being charged again', async () => {
    const long = 'слово '.repeat(10_000);
    for (const isStream of [false, true]) {
      const name = crypto.randomUUID();
      gateway.upstream.answer = () => (isStream ? stream(streamFrames(long)) : json(completion(long)));
      expect((await chat({ stream: isStream }, name)).status).toBe(200);
      const again = await chat({ stream: isStream }, name);
      expect({ status: again.status, code: codeOf(again) }).toEqual({ status: 409, code: 'idempotency_not_stored' });
      expect(again.headers.get('x-should-retry')).toBe('false');
    }
    expect(await spent()).toBe(4);
  });

  test('that broke off midway was charged for what was delivered, and is not made up', async () => {
    const name = crypto.randomUUID();
    gateway.upstream.answer = () => stream(streamFrames('one two three').slice(0, -2));
    expect((await chat({ stream: true }, name)).text).toContain('upstream_truncated');
    expect(codeOf(await chat({ stream: true }, name))).toBe('idempotency_not_stored');
    expect(await spent()).toBe(2);
    expect(await callsAtRest()).toBe(1);
  });

  test('is there for a client that left before it came whole', async () => {
    const name = crypto.randomUUID();
    const gate = Promise.withResolvers<void>();
    const controller = new AbortController();
    gateway.upstream.answer = () => async (wire, call) => {
      gate.resolve();
      await json(completion('Да.'))(wire, call);
    };
    const left = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}`, 'idempotency-key': name },
      body: JSON.stringify(CHAT),
      signal: controller.signal,
    }).catch(() => undefined);
    await gate.promise;
    controller.abort();
    await left;
    // Charged and kept, or voided and free: either way the next try has an answer, and one charge in all.
    let again = await chat({}, name);
    await until(async () => {
      if (again.status === 409) again = await chat({}, name);
      return again.status === 200;
    });
    expect(await spent()).toBe(2);
  });

  test('takes no more memory than is allowed for one and for all, and gives it back', () => {
    const recorder = new AnswerRecorder({ replayChars: 10, recordingChars: 15 });
    const [first, second, third] = [recorder.begin(), recorder.begin(), recorder.begin()];
    first.add('12345');
    first.add(new TextEncoder().encode('67890'));
    second.add('12345');
    expect([first.text(), second.text()]).toEqual(['1234567890', '12345']);
    third.add('1');
    first.add('1');
    expect([first.text(), second.text(), third.text()]).toEqual([undefined, '12345', undefined]);
    second.end();
    second.end();
    const fourth = recorder.begin();
    fourth.add('1234567890');
    const fifth = recorder.begin();
    fifth.add('12345');
    fifth.add('6');
    expect([fourth.text(), fifth.text()]).toEqual(['1234567890', undefined]);
  });

  test('is put together from pieces that cut a letter in two', () => {
    const recording = new AnswerRecorder({ replayChars: 10, recordingChars: 15 }).begin();
    const bytes = new TextEncoder().encode('Да');
    recording.add(bytes.subarray(0, 1));
    recording.add(bytes.subarray(1));
    expect(recording.text()).toBe('Да');
  });
});
