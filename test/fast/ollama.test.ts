// Ollama's native protocol over HTTP, in front of a vendor of chat completions: lines that stream, their ends and failures,
// the key, the models that it shows, and what a call costs.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { completion, json, stream, streamFrames, USAGE } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

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

const HELLO = { model: 'strict', messages: [{ role: 'user', content: 'Привет' }] };

const ask = (path: string, body: unknown, key = customer.key) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
const show = (path: string) => fetch(gateway.url + path, { headers: { authorization: `Bearer ${customer.key}` } });
const requestsLeft = async () => (await gateway.balance(customer)).requests;
type Line = { readonly message?: { readonly content: string }; readonly done?: boolean; readonly error?: string };
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describe('POST /api/chat', () => {
  test('streams lines unless it is told not to, the last of them done, for the price of one generation', async () => {
    for (const model of ['strict', 'loose']) {
      gateway.upstream.queue(stream(streamFrames('One two three.')));
      const before = await requestsLeft();
      const response = await ask('/api/chat', { ...HELLO, model, options: { num_predict: 9 } });
      expect(response.headers.get('content-type')).toBe('application/x-ndjson');
      const lines = linesOf(await response.text());
      expect(lines.map(({ message }) => message?.content).join('')).toBe('One two three.');
      expect(lines.map(({ done }) => done)).toEqual([...lines.slice(1).map(() => false), true]);
      expect(lines.at(-1)).toMatchObject({
        model,
        done_reason: 'stop',
        prompt_eval_count: USAGE.prompt_tokens,
        eval_count: USAGE.completion_tokens,
      });
      expect(before - (await requestsLeft())).toBe(2);
    }
    expect(gateway.upstream.calls[0]?.body).toMatchObject({
      model: 'upstream-model',
      messages: [{ role: 'user', content: 'Привет' }],
      max_completion_tokens: 9,
      stream: true,
    });
  });

  test('a stream that the provider cuts ends in an error, and in nothing that looks like an end', async () => {
    gateway.upstream.queue(stream(streamFrames('One two three.').slice(0, 2)));
    const lines = linesOf(await (await ask('/api/chat', HELLO)).text());
    expect(lines.at(-1)).toMatchObject({ error: expect.any(String), code: 'upstream_truncated' });
    expect(lines.some(({ done }) => done === true)).toBe(false);
  });

  test('keeps the line open with what means nothing in the first line', async () => {
    const late = stream(streamFrames('One.'));
    gateway.upstream.queue(async (wire, call) => {
      await Bun.sleep(150);
      await late(wire, call);
    });
    const text = await (await ask('/api/chat', HELLO)).text();
    expect(text).toStartWith(' ');
    for (const line of text.trimEnd().split('\n')) expect(JSON.parse(line)).toBeObject();
  });

  test('answers whole', async () => {
    gateway.upstream.queue(json(completion('Здравствуйте!')));
    const response = await ask('/api/chat', { ...HELLO, stream: false });
    expect(response.headers.get('x-tolmach-charge')).toBe('2');
    expect(await response.json()).toMatchObject({
      message: { role: 'assistant', content: 'Здравствуйте!' },
      done: true,
    });
  });
});

test('POST /api/generate asks with its system text and prompt', async () => {
  gateway.upstream.queue(json(completion('Hi.')));
  const response = await ask('/api/generate', { model: 'strict', system: 'Be brief.', prompt: 'Hi', stream: false });
  expect(await response.json()).toMatchObject({ response: 'Hi.', done: true });
  expect(gateway.upstream.calls[0]?.body).toMatchObject({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
  });
});

test('the models of the plan are listed and shown, and no others', async () => {
  const { models } = (await (await show('/api/tags')).json()) as { models: { name: string; digest: string }[] };
  expect(models.map(({ name }) => name)).toContain('strict');
  expect(models.map(({ name }) => name)).not.toContain('picture');
  expect(new Set(models.map(({ digest }) => digest)).size).toBe(models.length);
  expect(await (await ask('/api/show', { model: 'strict' })).json()).toMatchObject({
    capabilities: ['completion', 'tools'],
  });
  const absent = await ask('/api/show', { model: 'none' });
  expect([absent.status, await absent.json()]).toMatchObject([404, { error: expect.stringContaining('none') }]);
  expect(await (await show('/api/version')).json()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});

test.each([
  ['a wrong key', () => ask('/api/chat', HELLO, 'tm_wrong'), 401],
  ['a field that nobody can honour', () => ask('/api/chat', { ...HELLO, options: { mirostat: 1 } }), 400],
  ['a model that is not there', () => ask('/api/chat', { ...HELLO, model: 'none' }), 404],
])('%s is told as one text, and costs nothing', async (_, run, status) => {
  const before = await requestsLeft();
  const response = await run();
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: expect.any(String), code: expect.any(String) });
  expect(await requestsLeft()).toBe(before);
});
