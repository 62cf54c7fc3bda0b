// Google's native protocol over HTTP, in front of a vendor of chat completions: paths, keys, both kinds of stream,
// errors, embeddings, and what a call costs.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { completion, json, stream, streamFrames, USAGE } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { readEmbed } from '../../src/wire/gemini/embed.ts';
import type { RequestHead } from '../../src/wire/rendering.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { timeouts: { keepAliveMs: 60, firstByteMs: 2_000 } } });
  customer = await gateway.customer('requests', { requests: 1_000 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const HELLO = { contents: [{ role: 'user', parts: [{ text: 'Привет' }] }] };

const ask = (
  path: string,
  body: unknown = HELLO,
  headers: Record<string, string> = { 'x-goog-api-key': customer.key },
) => fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
const requestsLeft = async () => (await gateway.balance(customer)).requests;
type Chunk = {
  readonly candidates?: readonly { readonly content: { readonly parts: readonly { text?: string }[] } }[];
};
const textOf = (chunks: readonly Chunk[]) =>
  chunks.map(({ candidates }) => candidates?.[0]?.content.parts.map(({ text }) => text ?? '').join('') ?? '').join('');
const eventsOf = (text: string): Chunk[] =>
  text
    .split('\n\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as Chunk);

describe.each(['/v1', '/v1beta'])('%s/models/{model}:generateContent', (version) => {
  test('answers from a vendor of chat completions, for the price of one generation', async () => {
    gateway.upstream.queue(json(completion('Здравствуйте!')));
    const before = await requestsLeft();
    const response = await ask(`${version}/models/strict:generateContent`, {
      ...HELLO,
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      generationConfig: { maxOutputTokens: 9 },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-tolmach-charge')).toBe('2');
    expect(await response.json()).toMatchObject({
      candidates: [{ content: { role: 'model', parts: [{ text: 'Здравствуйте!' }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: USAGE.prompt_tokens, candidatesTokenCount: USAGE.completion_tokens },
      modelVersion: 'strict',
    });
    expect(before - (await requestsLeft())).toBe(2);
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Привет' },
      ],
      max_completion_tokens: 9,
    });
  });

  test('streams events by alt=sse and one JSON array without it', async () => {
    for (const model of ['strict', 'loose']) {
      gateway.upstream.queue(stream(streamFrames('One two three.')), stream(streamFrames('One two three.')));
      const events = await ask(`${version}/models/${model}:streamGenerateContent?alt=sse`);
      expect(events.headers.get('content-type')).toStartWith('text/event-stream');
      const chunks = eventsOf(await events.text());
      expect(textOf(chunks)).toBe('One two three.');
      expect(chunks.at(-1)).toMatchObject({
        candidates: [{ finishReason: 'STOP' }],
        usageMetadata: { totalTokenCount: 16 },
      });
      const array = await ask(`${version}/models/${model}:streamGenerateContent`);
      expect(array.headers.get('content-type')).toStartWith('application/json');
      expect((await array.json()) as unknown).toEqual(
        chunks.map((chunk) => ({ ...chunk, responseId: expect.any(String) })),
      );
    }
  });
});

describe('POST /v1beta/models/{model}:streamGenerateContent', () => {
  test('keeps the line of an array open with what means nothing in JSON', async () => {
    const late = stream(streamFrames('One.'));
    gateway.upstream.queue(async (wire, call) => {
      await Bun.sleep(150);
      await late(wire, call);
    });
    const text = await (await ask('/v1beta/models/strict:streamGenerateContent')).text();
    expect(text).toStartWith(' ');
    expect(textOf(JSON.parse(text) as Chunk[])).toBe('One.');
  });

  test('tells a break in the stream itself, without a reason to think it complete', async () => {
    const cut = streamFrames('One two.').slice(0, 2);
    gateway.upstream.queue(stream(cut), stream(cut));
    const events = await (await ask('/v1beta/models/strict:streamGenerateContent?alt=sse')).text();
    expect(events).not.toContain('finishReason');
    expect(eventsOf(events).at(-1)).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE' } });
    const array = (await (await ask('/v1beta/models/strict:streamGenerateContent')).json()) as unknown[];
    expect(array.at(-1)).toMatchObject({ error: { code: 502 } });
  });
});

test('a call whose words are told by their numbers, as clients made from Google’s definitions do, is the same call', async () => {
  const call = (type: (name: string) => unknown, mode: unknown) => ({
    ...HELLO,
    tools: [
      {
        functionDeclarations: ['weather', 'hotels'].map((name) => ({
          name,
          parameters: { type: type('OBJECT'), properties: { days: { type: type('INTEGER') } } },
        })),
      },
    ],
    toolConfig: { functionCallingConfig: { mode } },
  });
  const numbers: Readonly<Record<string, number>> = { INTEGER: 3, OBJECT: 6 };
  await ask(
    '/v1beta/models/strict:generateContent',
    call((name) => name, 'ANY'),
  );
  await ask(
    '/v1beta/models/strict:generateContent?%24alt=json%3Benum-encoding%3Dint',
    call((name) => numbers[name], 2),
  );
  const [named, numbered] = gateway.upstream.calls.map(({ body }) => body);
  expect(named).toMatchObject({
    tool_choice: 'required',
    tools: [{ function: { parameters: { type: 'object', properties: { days: { type: 'integer' } } } } }, {}],
  });
  expect(numbered).toEqual(named);
});

test('what a text is embedded for may be told by its number', () => {
  const content = { parts: [{ text: 'a' }] };
  const head: RequestHead = { headers: new Headers(), rest: 'vectors', query: new URLSearchParams() };
  const read = (taskType: unknown) =>
    readEmbed({ text: JSON.stringify({ content, taskType }), contentType: 'application/json' }, head);
  expect(read(2)).toEqual(read('RETRIEVAL_DOCUMENT'));
  expect(read(2).hints).toEqual([{ taskType: 'RETRIEVAL_DOCUMENT' }]);
  expect(() => read(99)).toThrow();
});

describe('the other routes of the dialect', () => {
  test('count tokens and list models for nothing', async () => {
    const before = await requestsLeft();
    const counted = await ask('/v1beta/models/strict:countTokens');
    expect(await counted.json()).toEqual({ totalTokens: expect.any(Number) });
    const headers = { 'x-goog-api-key': customer.key };
    for (const version of ['/v1', '/v1beta']) {
      const listed = await fetch(`${gateway.url}${version}/models`, { headers });
      const { models } = (await listed.json()) as { models: { name: string }[] };
      expect(models.map(({ name }) => name)).toContain('models/strict');
      const one = await fetch(`${gateway.url}${version}/models/strict`, { headers });
      expect(await one.json()).toMatchObject({
        name: 'models/strict',
        supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
      });
    }
    expect(await requestsLeft()).toBe(before);
  });

  test('embed one content and batches', async () => {
    const content = { parts: [{ text: 'a' }] };
    const one = await ask('/v1beta/models/vectors:embedContent', { content });
    expect(await one.json()).toEqual({ embedding: { values: [0.25, -0.5, 0] } });
    const batch = await ask('/v1beta/models/vectors:batchEmbedContents', { requests: [{ content }, { content }] });
    expect(await batch.json()).toEqual({ embeddings: [{ values: [0.25, -0.5, 0] }, { values: [0.25, -0.5, 1] }] });
  });

  test('refuse in Google’s shape: no key, a key in the address, an unknown model, a bad body, a wrong method', async () => {
    const path = '/v1beta/models/strict:generateContent';
    const told = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) });
    expect(await told(await ask(path, HELLO, {}))).toMatchObject({
      status: 401,
      error: { code: 401, status: 'UNAUTHENTICATED' },
    });
    expect(await told(await ask(`${path}?key=${customer.key}`))).toMatchObject({
      status: 400,
      error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'key_in_query' }] },
    });
    expect(await told(await ask('/v1beta/models/none:generateContent'))).toMatchObject({
      status: 404,
      error: { status: 'NOT_FOUND' },
    });
    expect(await told(await ask(path, {}))).toMatchObject({
      status: 400,
      error: { details: [{ reason: 'missing_field' }, {}] },
    });
    expect(await told(await fetch(gateway.url + path, { method: 'DELETE' }))).toMatchObject({ status: 405 });
    const poor = await gateway.customer('requests');
    expect(await told(await ask(path, HELLO, { 'x-goog-api-key': poor.key }))).toMatchObject({
      status: 429,
      error: { status: 'RESOURCE_EXHAUSTED' },
    });
    const other = { 'x-goog-api-key': customer.key, authorization: `Bearer ${poor.key}` };
    expect(await told(await ask(path, HELLO, other))).toMatchObject({
      status: 400,
      error: { details: [{ reason: 'conflicting_keys' }] },
    });
    expect(gateway.upstream.calls).toEqual([]);
  });
});
