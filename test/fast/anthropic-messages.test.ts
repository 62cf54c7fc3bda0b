// The official SDK against the gateway: messages streamed and whole, with tools, pictures and thinking, passed on to a
// provider of the same family (`claude`) and translated for one of OpenAI's (`strict`, `loose`).
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  blockFrames,
  MESSAGE_USAGE,
  message,
  messageEnd,
  messageFrames,
  messageStart,
  textFrames,
} from '../../src/testing/anthropic-fault-shapes.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { chunk, completion, frame, json, stream, USAGE } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;
let client: Anthropic;

beforeAll(async () => {
  gateway = await TestGateway.start();
  customer = await gateway.customer('requests', { requests: 100_000 });
  client = new Anthropic({ baseURL: gateway.url, apiKey: customer.key, maxRetries: 0 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const hello = [{ role: 'user' as const, content: 'Привет' }];
const WEATHER = {
  name: 'weather',
  description: 'The weather.',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
};
const TOOL_DELTAS = ['', '{"city":', '"Омск"}'].map((json) => ({ type: 'input_json_delta', partial_json: json }));

async function charged(): Promise<number> {
  return (await gateway.usage(customer))[0]?.charge ?? -1;
}

/** The same answer in the words of either family, whole or streamed. */
const TOOL_ANSWERS: Readonly<Record<string, { readonly whole: Script; readonly streamed: Script }>> = {
  claude: {
    whole: json(
      message('', {
        content: [
          { type: 'text', text: 'Look. ' },
          { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Омск' } },
        ],
        stop_reason: 'tool_use',
      }),
    ),
    streamed: stream([
      messageStart(),
      ...textFrames(0, 'Look. '),
      ...blockFrames(1, { type: 'tool_use', id: 'call_1', name: 'weather', input: {} }, TOOL_DELTAS),
      ...messageEnd('tool_use'),
    ]),
  },
  strict: {
    whole: json(
      completion('', {
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'Look. ',
              refusal: null,
              tool_calls: [
                { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Омск"}' } },
              ],
            },
            logprobs: null,
            finish_reason: 'tool_calls',
          },
        ],
      }),
    ),
    streamed: stream([
      frame(chunk({ role: 'assistant', content: 'Look. ' })),
      frame(
        chunk({
          tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }],
        }),
      ),
      frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })),
      frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '"Омск"}' } }] })),
      frame(chunk({}, 'tool_calls')),
      frame({ ...chunk({}), choices: [], usage: USAGE }),
      frame('[DONE]'),
    ]),
  },
};
const TOOL_CONTENT = [
  { type: 'text', text: 'Look. ' },
  { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Омск' } },
];

describe.each(['claude', 'strict', 'loose'])('model %s', (model) => {
  const answers = TOOL_ANSWERS[model] ?? (TOOL_ANSWERS['strict'] as (typeof TOOL_ANSWERS)[string]);

  test('a whole answer comes with its usage, and costs its price', async () => {
    const { data, response, request_id } = await client.messages
      .create({ model, max_tokens: 100, messages: hello })
      .withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'Hello from upstream.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 9, output_tokens: 7 },
    });
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-request-id')).toBe(request_id ?? '');
    expect(response.headers.get('x-tolmach-charge')).toBe('2');
    expect(await charged()).toBe(2);
  });

  test('a stream comes event by event, and the helper gathers it', async () => {
    const kinds: string[] = [];
    const helper = client.messages.stream({ model, max_tokens: 100, messages: hello });
    helper.on('streamEvent', ({ type }) => kinds.push(type));
    const final = await helper.finalMessage();
    expect(final.content).toMatchObject([{ type: 'text', text: 'Hello from upstream.' }]);
    expect(final).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 7 } });
    expect(kinds[0]).toBe('message_start');
    expect(kinds.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
    expect(kinds.filter((kind) => kind === 'content_block_delta').length).toBe(3);
    expect(await charged()).toBe(2);
  });

  test('tools: what the model wants called comes whole', async () => {
    gateway.upstream.queue(answers.whole);
    const answer = await client.messages.create({
      model,
      max_tokens: 100,
      messages: hello,
      tools: [WEATHER],
      tool_choice: { type: 'any' },
    });
    expect(answer.stop_reason).toBe('tool_use');
    expect(answer.content).toMatchObject(TOOL_CONTENT);
    const sent = gateway.upstream.calls[0]?.body;
    expect(sent?.['tool_choice']).toEqual(model === 'claude' ? { type: 'any' } : ('required' as never));
  });

  test('tools: what the model wants called comes in pieces, and its result goes back', async () => {
    gateway.upstream.queue(answers.streamed);
    const first = await client.messages
      .stream({ model, max_tokens: 100, messages: hello, tools: [WEATHER] })
      .finalMessage();
    expect(first.stop_reason).toBe('tool_use');
    expect(first.content).toMatchObject(TOOL_CONTENT);
    const result = { type: 'tool_result' as const, tool_use_id: 'call_1', content: '+3 °C' };
    const messages = [...hello, { role: 'assistant' as const, content: first.content }];
    await client.messages.create({
      model,
      max_tokens: 100,
      messages: [...messages, { role: 'user', content: [result] }] as never,
      tools: [WEATHER],
    });
    const sent = gateway.upstream.calls[1]?.body['messages'] as Record<string, unknown>[];
    if (model === 'claude') expect(sent[2]).toEqual({ role: 'user', content: [result] });
    else expect(sent[2]).toEqual({ role: 'tool', content: '+3 °C', tool_call_id: 'call_1' });
  });

  test('pictures go to the provider in its own words', async () => {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' };
    const content = [
      { type: 'image' as const, source },
      { type: 'text' as const, text: 'What?' },
    ];
    await client.messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }] });
    const [sent] = (gateway.upstream.calls[0]?.body['messages'] ?? []) as { content: unknown[] }[];
    if (model === 'claude') expect(sent?.content).toEqual(content);
    else
      expect(sent?.content[0]).toEqual({ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } });
  });

  test('the provider gets its own model name and our key, never the customer’s', async () => {
    for (const made of [client, new Anthropic({ baseURL: gateway.url, apiKey: null, authToken: customer.key })]) {
      gateway.upstream.clear();
      await made.messages.create({ model, max_tokens: 100, messages: hello });
      const call = gateway.upstream.calls[0];
      expect(call?.body.model).toBe('upstream-model');
      expect(call?.headers.get(model === 'claude' ? 'x-api-key' : 'authorization')).toContain('upstream-key-');
      expect(call?.headers.get('anthropic-version')).toBe(model === 'claude' ? '2023-06-01' : null);
      expect(JSON.stringify([...(call?.headers ?? [])]) + call?.text).not.toContain(customer.key);
    }
  });
});

describe('a provider of the same family', () => {
  test('gets the bytes that came, but for the model, and the features that the client asked for', async () => {
    const odd = `{ "messages":[{"role":"user","content":"\\u041f"}] ,\t"model" : "claude", "max_tokens":5, "x":1.50e1 }`;
    const headers = { 'x-api-key': customer.key, 'anthropic-beta': 'a-1,b-2', 'anthropic-version': '2026-10-21' };
    expect((await gateway.ask('/v1/messages?beta=true', odd, headers)).status).toBe(200);
    const call = gateway.upstream.calls[0];
    expect(call?.text).toBe(odd.replace('"claude"', '"upstream-model"').trim());
    expect(call?.headers.get('anthropic-beta')).toBe('a-1,b-2');
    expect(call?.headers.get('anthropic-version')).toBe('2023-06-01');
  });

  test('answers in bytes that reach the client as they are', async () => {
    const text = `{"type":"message","content":[{"type":"text","text":"\\u041f","new":1}],"stop_reason":"end_turn"}`;
    gateway.upstream.queue(json(text));
    const body = JSON.stringify({ model: 'claude', max_tokens: 5, messages: hello });
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      body,
      headers: { 'x-api-key': customer.key },
    });
    expect(await response.text()).toBe(text);
  });

  test('streams bytes that reach the client as they are', async () => {
    const frames = messageFrames('Привет, мир!');
    gateway.upstream.queue(stream(frames));
    const body = JSON.stringify({ model: 'claude', max_tokens: 5, messages: hello, stream: true });
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      body,
      headers: { 'x-api-key': customer.key },
    });
    expect(await response.text()).toBe(frames.join(''));
  });

  test('may think: its thinking and signature reach the client that asked for it', async () => {
    const thinking = [
      { type: 'thinking_delta', thinking: 'Let me see.' },
      { type: 'signature_delta', signature: 'c2ln' },
    ];
    gateway.upstream.queue(
      stream([
        messageStart(),
        ...blockFrames(0, { type: 'thinking', thinking: '', signature: '' }, thinking),
        ...textFrames(1, 'Да.'),
        ...messageEnd(),
      ]),
    );
    const final = await client.messages
      .stream({
        model: 'claude',
        max_tokens: 2000,
        thinking: { type: 'enabled', budget_tokens: 1024 },
        messages: hello,
      })
      .finalMessage();
    expect(final.content).toMatchObject([
      { type: 'thinking', thinking: 'Let me see.', signature: 'c2ln' },
      { type: 'text', text: 'Да.' },
    ]);
    expect(gateway.upstream.calls[0]?.body['thinking']).toEqual({ type: 'enabled', budget_tokens: 1024 });
  });

  test('what it read from its cache and wrote to it is input, and what it read is cheaper', async () => {
    const payer = await gateway.customer('money', { rub: '1000' });
    const usage = { ...MESSAGE_USAGE, input_tokens: 10, cache_creation_input_tokens: 20, cache_read_input_tokens: 30 };
    const made = new Anthropic({ baseURL: gateway.url, apiKey: payer.key, maxRetries: 0 });
    const fixed = (script: Script) => gateway.upstream.queue(script);
    fixed(json(message('Hello.', { usage })));
    await made.messages.create({ model: 'claude', max_tokens: 100, messages: hello });
    fixed(stream([messageStart({ ...usage, output_tokens: 1 }), ...textFrames(0, 'Hello.'), ...messageEnd()]));
    await made.messages.stream({ model: 'claude', max_tokens: 100, messages: hello }).finalMessage();
    // 30 fresh tokens at 50 ₽, 30 cached at 5 ₽ and 7 of output at 200 ₽ a million.
    expect((await gateway.usage(payer)).map(({ charge }) => charge)).toEqual([3050, 3050]);
  });
});

describe('text completions and counts', () => {
  test('/v1/complete answers in the old shape from a chat model of either family', async () => {
    for (const model of ['claude', 'strict']) {
      const asked = { model, prompt: '\n\nHuman: Hi\n\nAssistant:', max_tokens_to_sample: 20 };
      const told = await gateway.ask('/v1/complete', asked, { 'x-api-key': customer.key });
      expect(told.body).toMatchObject({ type: 'completion', completion: 'Hello from upstream.', model });
    }
    expect(gateway.upstream.calls[0]?.body).toMatchObject({ max_tokens: 20, stop_sequences: ['\n\nHuman:'] });
  });

  test('count_tokens counts for free, and asks no provider', async () => {
    const before = await gateway.balance(customer);
    const short = await client.messages.countTokens({ model: 'claude', messages: hello });
    const long = await client.messages.countTokens({ model: 'claude', messages: hello, system: 'word '.repeat(400) });
    expect(short.input_tokens).toBeWithin(3, 20);
    expect(long.input_tokens - short.input_tokens).toBeWithin(400, 600);
    expect(await gateway.balance(customer)).toEqual(before);
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test('a top_k and a top_p of -1 are not set, as some clients mean it', async () => {
    const asked = { model: 'strict', max_tokens: 9, messages: hello, top_k: -1, top_p: -1 };
    const told = await gateway.ask('/v1/messages', asked, { 'x-api-key': customer.key });
    expect(told.status).toBe(200);
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      max_completion_tokens: 9,
      messages: [{ role: 'user', content: 'Привет' }],
    });
  });

  test('a text has no list of citations, which some clients want to be a list', async () => {
    const { content } = await client.messages.create({ model: 'strict', max_tokens: 9, messages: hello });
    expect(content).toEqual([{ type: 'text', text: 'Hello from upstream.' }] as never);
  });

  test('a model that is not there is told in this family’s shape on the route that families share', async () => {
    const failed = await client.models.retrieve('none').catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Anthropic.NotFoundError);
    expect(failed).toMatchObject({ error: { type: 'error', error: { type: 'not_found_error' } } });
    expect((failed as InstanceType<typeof Anthropic.APIError>).requestID).toMatch(/^[0-9a-f-]{36}$/);
    const google = await fetch(`${gateway.url}/v1/models/none`, { headers: { 'x-goog-api-key': customer.key } });
    expect(await google.json()).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } });
  });

  test('models are listed as this SDK reads them, and each can be asked for', async () => {
    const names: string[] = [];
    for await (const model of client.models.list()) names.push(model.id);
    expect(names).toContain('claude');
    expect(await client.models.retrieve('claude')).toMatchObject({
      type: 'model',
      id: 'claude',
      display_name: 'claude',
    });
  });
});
