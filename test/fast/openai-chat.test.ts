// The official SDK against the gateway: every feature of chat completions, streamed and not, relayed byte for byte
// (`strict`) and translated (`loose`).
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ChatCompletionCreateParams, ChatCompletionTool } from 'openai/resources/chat/completions';
import { chunk, completion, frame, json, stream, USAGE } from '../../src/testing/fault-scripts.ts';
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

const hello = [{ role: 'user' as const, content: 'Привет' }];
const WEATHER: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

/** What the upstream got, beside what every call has. */
function sent(): Record<string, unknown> {
  const { model: _model, messages: _messages, ...rest } = gateway.upstream.calls[0]?.body ?? {};
  return rest;
}

async function charged(): Promise<number> {
  return (await gateway.usage(customer))[0]?.charge ?? -1;
}

/** One choice of a whole answer. */
function choice(index: number, message: Record<string, unknown>, finish = 'stop', logprobs: unknown = null) {
  return { index, message: { role: 'assistant', refusal: null, ...message }, logprobs, finish_reason: finish };
}

const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Омск"}' } };

const TOOL_STREAM = [
  frame(chunk({ role: 'assistant', content: null, refusal: null })),
  frame(
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
  ),
  frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })),
  frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '"Омск"}' } }] })),
  frame(chunk({}, 'tool_calls')),
  frame({ ...chunk({}), choices: [], usage: USAGE }),
  frame('[DONE]'),
];

function choiceChunk(index: number, delta: unknown, finish: string | null = null, logprobs: unknown = null): string {
  return frame({ ...chunk({}), choices: [{ index, delta, logprobs, finish_reason: finish }] });
}

describe.each(['strict', 'loose'])('model %s', (model) => {
  test('a whole answer comes as it was made, and costs its price', async () => {
    const { data, response } = await client.chat.completions.create({ model, messages: hello }).withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello from upstream.');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.choices[0]?.message.refusal).toBeNull();
    expect(data.choices[0]?.logprobs).toBeNull();
    expect(data.usage).toMatchObject(USAGE);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-tolmach-charge')).toBe('2');
    expect(response.headers.get('x-tolmach-unit')).toBe('requests');
    expect(response.headers.get('x-tolmach-balance')).toBe(String((await gateway.balance(customer)).requests));
    expect(await charged()).toBe(2);
  });

  test('a stream comes in pieces, with a role first, a finish and no usage that nobody asked for', async () => {
    const chunks = [];
    for await (const one of await client.chat.completions.create({ model, messages: hello, stream: true }))
      chunks.push(one);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.map((one) => one.choices[0]?.delta.content ?? '').join('')).toBe('Hello from upstream.');
    expect(chunks.length).toBeGreaterThanOrEqual(5);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.every((one) => one.choices.length === 1)).toBe(true);
    expect(new Set(chunks.map((one) => one.id)).size).toBe(1);
    expect(await charged()).toBe(2);
    expect((await gateway.usage(customer))[0]?.usage).toMatchObject({
      source: 'exact',
      inputTokens: 9,
      outputTokens: 7,
    });
  });

  test('stream_options.include_usage gives one last chunk with the usage and no choices', async () => {
    const body = { model, messages: hello, stream: true as const, stream_options: { include_usage: true } };
    const chunks = [];
    for await (const one of await client.chat.completions.create(body)) chunks.push(one);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: USAGE });
    expect(chunks.slice(0, -1).every((one) => one.usage === null)).toBe(true);
  });

  test('the helper .stream() gathers the final completion', async () => {
    const run = client.chat.completions.stream({ model, messages: hello, stream_options: { include_usage: true } });
    const final = await run.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('Hello from upstream.');
    expect(final.usage).toMatchObject(USAGE);
  });

  test('a tool call comes whole', async () => {
    gateway.upstream.queue(
      json(completion('', { choices: [choice(0, { content: null, tool_calls: [TOOL_CALL] }, 'tool_calls')] })),
    );
    const body = { model, messages: hello, tools: [WEATHER], tool_choice: 'auto' as const, parallel_tool_calls: false };
    const answer = await client.chat.completions.create(body);
    expect(answer.choices[0]?.message.content).toBeNull();
    expect(answer.choices[0]?.message.tool_calls).toEqual([TOOL_CALL] as never);
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(sent()).toEqual({ tools: [WEATHER], tool_choice: 'auto', parallel_tool_calls: false });
    expect(await charged()).toBe(2);
  });

  test('a streamed tool call is gathered by the helper, and is output that is charged', async () => {
    gateway.upstream.queue(stream(TOOL_STREAM));
    const final = await client.chat.completions
      .stream({ model, messages: hello, tools: [WEATHER] })
      .finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      id: 'call_1',
      function: { name: 'weather', arguments: '{"city":"Омск"}' },
    });
    expect(await charged()).toBe(2);
  });

  test("the turns of a tool's use go to the provider as they are", async () => {
    const messages: ChatCompletionCreateParams['messages'] = [
      { role: 'developer', content: 'Be brief.' },
      ...hello,
      { role: 'assistant', content: null, tool_calls: [TOOL_CALL as never] },
      { role: 'tool', tool_call_id: 'call_1', content: '+3 °C' },
    ];
    await client.chat.completions.create({ model, messages });
    expect(gateway.upstream.calls[0]?.body['messages']).toEqual(messages);
  });

  test('n = 2 gives two choices and costs two generations', async () => {
    const choices = [choice(0, { content: 'one' }), choice(1, { content: 'two' })];
    gateway.upstream.queue(json(completion('', { choices })));
    const answer = await client.chat.completions.create({ model, messages: hello, n: 2 });
    expect(answer.choices.map((one) => one.message.content)).toEqual(['one', 'two']);
    expect(sent()).toEqual({ n: 2 });
    expect(await charged()).toBe(4);
  });

  test('n = 2 streamed keeps the choices apart', async () => {
    const frames = [
      choiceChunk(0, { role: 'assistant', content: '' }),
      choiceChunk(1, { role: 'assistant', content: '' }),
      choiceChunk(0, { content: 'on' }),
      choiceChunk(1, { content: 'two' }),
      choiceChunk(0, { content: 'e' }),
      choiceChunk(1, {}, 'length'),
      choiceChunk(0, {}, 'stop'),
      frame('[DONE]'),
    ];
    gateway.upstream.queue(stream(frames));
    const final = await client.chat.completions.stream({ model, messages: hello, n: 2 }).finalChatCompletion();
    expect(final.choices.map((one) => [one.message.content, one.finish_reason])).toEqual([
      ['one', 'stop'],
      ['two', 'length'],
    ]);
  });

  test('logprobs come through, streamed and not', async () => {
    const content = [{ token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [] }];
    const logprobs = { content, refusal: null };
    gateway.upstream.queue(json(completion('', { choices: [choice(0, { content: 'Hi' }, 'stop', logprobs)] })));
    const whole = await client.chat.completions.create({ model, messages: hello, logprobs: true, top_logprobs: 2 });
    expect(whole.choices[0]?.logprobs).toEqual(logprobs);
    expect(sent()).toEqual({ logprobs: true, top_logprobs: 2 });
    const frames = [
      choiceChunk(0, { role: 'assistant', content: 'Hi' }, null, logprobs),
      choiceChunk(0, {}, 'stop'),
      frame('[DONE]'),
    ];
    gateway.upstream.queue(stream(frames));
    const final = await client.chat.completions
      .stream({ model, messages: hello, logprobs: true })
      .finalChatCompletion();
    expect(final.choices[0]?.logprobs?.content).toEqual(content);
  });

  test('response_format with a schema reaches the provider unchanged', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    };
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'city', strict: true, schema } };
    gateway.upstream.queue(json(completion('{"city":"Омск"}')));
    const answer = await client.chat.completions.create({ model, messages: hello, response_format });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: 'Омск' });
    expect(sent()).toEqual({ response_format });
  });

  test('pictures reach the provider as parts', async () => {
    const content = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' as const } },
    ];
    await client.chat.completions.create({ model, messages: [{ role: 'user', content }] });
    expect(gateway.upstream.calls[0]?.body['messages']).toEqual([{ role: 'user', content }]);
  });

  test('sampling fields and unknown ones reach the provider', async () => {
    const fields = {
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 1,
      frequency_penalty: -1,
      stop: ['a', 'b'],
      seed: 7,
      user: 'u',
      logit_bias: { '50256': -100 },
      max_completion_tokens: 50,
      new_field_of_tomorrow: { a: [1] },
    };
    await client.chat.completions.create({ model, messages: hello, ...fields } as never);
    const { max_completion_tokens, max_tokens, ...rest } = sent();
    expect(max_completion_tokens ?? max_tokens).toBe(50);
    const { max_completion_tokens: _, ...wanted } = fields;
    expect(rest).toEqual(wanted);
  });

  test('the provider gets its own model name and our key, never the customer’s', async () => {
    await client.chat.completions.create({ model, messages: hello });
    const call = gateway.upstream.calls[0];
    expect(call?.body.model).toBe('upstream-model');
    expect(call?.headers.get('authorization')).toMatch(/^Bearer upstream-key-/);
    expect(JSON.stringify([...(call?.headers ?? [])]) + call?.text).not.toContain(customer.key);
  });
});

test('a vendor that knows only max_tokens gets the bound under that name', async () => {
  const bounds = [
    [{ max_completion_tokens: 5 }, { max_tokens: 5 }],
    [{ max_tokens: 5 }, { max_tokens: 5 }],
    [
      { max_tokens: null, max_completion_tokens: 5 },
      { max_tokens: 5, max_completion_tokens: 5 },
    ],
    [{ max_completion_tokens: null }, { max_completion_tokens: null }],
  ];
  for (const [given, wanted] of bounds) {
    gateway.upstream.clear();
    await client.chat.completions.create({ model: 'loose', messages: hello, ...given } as never);
    expect(sent()).toEqual(wanted as never);
  }
});

describe('models', () => {
  test('are listed as the SDK reads them, and each can be asked for', async () => {
    const listed = (await client.models.list()).data;
    expect(listed.map((model) => model.id)).toContain('strict');
    expect(listed[0]).toMatchObject({ object: 'model', created: expect.any(Number), owned_by: expect.any(String) });
    expect((await client.models.retrieve('strict')).id).toBe('strict');
  });
});
