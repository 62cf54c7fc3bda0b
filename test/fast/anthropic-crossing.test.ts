// Clients of one family in front of a provider of the other: OpenAI's SDK against a provider that speaks Anthropic's
// protocol, and a call that goes on from a provider of one family to one of the other.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  blockFrames,
  message,
  messageEnd,
  messageError,
  messageStart,
  textFrames,
} from '../../src/testing/anthropic-fault-shapes.ts';
import { completion, json, stream } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;
let client: OpenAI;

beforeAll(async () => {
  gateway = await TestGateway.start();
  customer = await gateway.customer('requests', { requests: 100_000 });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key, maxRetries: 0 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const model = 'claude';
const hello = [{ role: 'user' as const, content: 'Привет' }];
const sent = () => gateway.upstream.calls[0]?.body ?? {};

describe('OpenAI’s client and a provider of Anthropic’s family', () => {
  test('a whole answer has OpenAI’s shape, and its price', async () => {
    const { data, response } = await client.chat.completions.create({ model, messages: hello }).withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'claude',
      choices: [
        { message: { role: 'assistant', content: 'Hello from upstream.', refusal: null }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 7, total_tokens: 16 },
    });
    expect(response.headers.get('x-tolmach-charge')).toBe('2');
    expect(sent()).toEqual({
      model: 'upstream-model',
      max_tokens: 4096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Привет' }] }],
    });
  });

  test('a stream has OpenAI’s chunks, ends in usage and [DONE], and the helper gathers it', async () => {
    const helper = client.chat.completions.stream({ model, messages: hello, stream_options: { include_usage: true } });
    const final = await helper.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: { content: 'Hello from upstream.' }, finish_reason: 'stop' });
    expect(await helper.totalUsage()).toMatchObject({ prompt_tokens: 9, completion_tokens: 7 });
    const text = await (await gateway.chat(customer, { model, messages: hello, stream: true })).text();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test.each([false, true])('tools are called with arguments that are JSON (stream: %p)', async (isStream) => {
    const whole = message('', {
      content: [
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Омск' } },
        { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
      ],
      stop_reason: 'tool_use',
    });
    const pieces = ['{"city":', '"Омск"}'].map((json) => ({ type: 'input_json_delta', partial_json: json }));
    const frames = [
      messageStart(),
      ...blockFrames(0, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }, pieces),
      ...blockFrames(1, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }, []),
      ...messageEnd('tool_use'),
    ];
    gateway.upstream.queue(isStream ? stream(frames) : json(whole));
    const body = {
      model,
      messages: hello,
      tools: ['weather', 'now'].map((name) => ({ type: 'function' as const, function: { name } })),
    };
    const answer = isStream
      ? await client.chat.completions.stream(body).finalChatCompletion()
      : await client.chat.completions.create(body);
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Омск"}' } },
      { id: 'toolu_2', type: 'function', function: { name: 'now', arguments: '{}' } },
    ]);
  });

  test('thinking is shown as reasoning', async () => {
    const deltas = [{ type: 'thinking_delta', thinking: 'Let me see.' }];
    gateway.upstream.queue(
      stream([
        messageStart(),
        ...blockFrames(0, { type: 'thinking', thinking: '', signature: '' }, deltas),
        ...textFrames(1, 'Да.'),
        ...messageEnd(),
      ]),
    );
    const text = await (await gateway.chat(customer, { model, messages: hello, stream: true })).text();
    expect(text).toContain('"reasoning_content":"Let me see."');
    expect(text).toContain('"content":"Да."');
  });

  test('a schema is asked for in the vendor’s own way, and an answer stopped by its filter says so', async () => {
    gateway.upstream.queue(json(message('{"a":1}', { stop_reason: 'refusal' })));
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false };
    const answer = await client.chat.completions.create({
      model,
      messages: hello,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } },
    });
    expect(answer.choices[0]?.finish_reason).toBe('content_filter');
    expect(sent()['output_config']).toEqual({ format: { type: 'json_schema', schema } });
  });

  test('a schema with open objects is closed, since the vendor takes no other', async () => {
    gateway.upstream.queue(json(message('{"a":{"b":1}}')));
    const inner = { type: 'object', properties: { b: { type: 'integer' } } };
    const schema = { type: 'object', properties: { a: inner } };
    await client.chat.completions.create({
      model,
      messages: hello,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    });
    const closed = { ...inner, additionalProperties: false };
    expect(sent()['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: { a: closed }, additionalProperties: false },
      },
    });
  });

  test('what the provider has no word for is refused by name, and costs nothing', async () => {
    const before = await gateway.balance(customer);
    for (const [name, value] of [
      ['n', 2],
      ['logprobs', true],
      ['response_format', { type: 'json_object' }],
    ]) {
      const asked = { model, messages: hello, [name as string]: value };
      const failed = await client.chat.completions.create(asked as never).catch((error: unknown) => error);
      expect(failed).toMatchObject({ status: 400, code: 'unsupported_parameter', param: name });
    }
    expect(gateway.upstream.calls.length).toBe(0);
    expect(await gateway.balance(customer)).toEqual(before);
  });

  test('a text that was cut to the plan’s bound goes on without what only its bytes said', async () => {
    const prices = [{ requests: 2 }];
    const bound = await TestGateway.start({
      config: { plans: [{ id: 'short', name: 'S', maxInputChars: 5, prices }] },
    });
    try {
      const { key } = await bound.customer('short', { requests: 10 });
      const headers = { 'x-api-key': key };
      const asked = { model: 'claude', max_tokens: 9, top_k: 5, messages: [{ role: 'user', content: '0123456789' }] };
      const told = await bound.ask('/v1/messages', asked, headers);
      expect(told.headers.get('x-tolmach-truncated')).toBe('5');
      expect(bound.upstream.calls[0]?.body).toEqual({
        model: 'upstream-model',
        max_tokens: 9,
        top_k: 5,
        messages: [{ role: 'user', content: [{ type: 'text', text: '01234' }] }],
      });
    } finally {
      await bound.stop();
    }
  });
});

describe('Anthropic’s client and a provider of OpenAI’s family', () => {
  const optional = { type: 'object' as const, properties: { a: { type: 'integer' } }, additionalProperties: false };
  const exact = { ...optional, required: ['a'] };
  const ask = (more: object) =>
    gateway.ask(
      '/v1/messages',
      { model: 'strict', max_tokens: 9, messages: hello, ...more },
      { 'x-api-key': customer.key },
    );

  test('a schema whose fields may be absent is asked for without strictness, which OpenAI would refuse', async () => {
    for (const [schema, strict] of [
      [optional, false],
      [exact, true],
    ] as const) {
      gateway.upstream.clear();
      await ask({
        output_config: { format: { type: 'json_schema', schema } },
        tools: [{ name: 'weather', input_schema: schema, strict: true }],
      });
      expect(sent()['response_format']).toEqual({
        type: 'json_schema',
        json_schema: { name: 'answer', schema, strict },
      });
      expect(sent()['tools']).toEqual([
        { type: 'function', function: { name: 'weather', parameters: schema, strict } },
      ]);
    }
  });

  test('a schema in the field of the unfinished feature is no less a schema', async () => {
    await ask({ output_format: { type: 'json_schema', schema: exact } });
    expect(sent()['response_format']).toMatchObject({ type: 'json_schema', json_schema: { schema: exact } });
  });
});

describe('a model with targets of both families', () => {
  const targets = ['claude', 'second'].map((provider, priority) => ({ provider, model: 'upstream-model', priority }));
  const document = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } };
  let mixed: TestGateway;
  let theirs: Anthropic;
  let ours: OpenAI;

  beforeAll(async () => {
    mixed = await TestGateway.start({ upstreams: 2, config: { models: [{ name: 'mixed', targets }] } });
    const { key } = await mixed.customer('requests', { requests: 100 });
    theirs = new Anthropic({ baseURL: mixed.url, apiKey: key, maxRetries: 0 });
    ours = new OpenAI({ baseURL: `${mixed.url}/v1`, apiKey: key, maxRetries: 0 });
    (mixed.upstreams[1] as typeof mixed.upstream).answer = () => json(completion('From the second.'));
  });
  afterEach(async () => {
    for (const upstream of mixed.upstreams) upstream.clear();
    for (const route of mixed.running.gateway.models.find('mixed')?.routes ?? []) route.coolUntilMs = 0;
    expect(await mixed.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });
  afterAll(() => mixed.stop());

  test('goes on to the other family where one has no word for a field', async () => {
    const answer = await ours.chat.completions.create({ model: 'mixed', messages: hello, logit_bias: { '5': 1 } });
    expect(answer.choices[0]?.message.content).toBe('From the second.');
    expect(mixed.upstreams.map(({ calls }) => calls.length)).toEqual([0, 1]);
  });

  test('goes on to the other family when the first is overloaded, and answers each client in its own words', async () => {
    mixed.upstream.queue(...[1, 2].map(() => json(messageError('overloaded_error'), 529)));
    const told = await theirs.messages.create({ model: 'mixed', max_tokens: 9, messages: hello });
    expect(told.content).toMatchObject([{ type: 'text', text: 'From the second.' }]);
    const answer = await ours.chat.completions.create({ model: 'mixed', messages: hello });
    expect(answer.choices[0]?.message.content).toBe('From the second.');
  });

  test('tells why the first failed where the second has no word for what was asked', async () => {
    mixed.upstream.answer = () => json(messageError('overloaded_error'), 529);
    const messages = [{ role: 'user', content: [document] }];
    const asked = { model: 'mixed', max_tokens: 9, messages };
    const failed = await theirs.messages.create(asked as never).catch((error: unknown) => error);
    expect(failed).toMatchObject({ status: 503, errorCode: 'upstream_overloaded' });
    expect((mixed.upstreams[1] as typeof mixed.upstream).calls.length).toBe(0);
  });
});
