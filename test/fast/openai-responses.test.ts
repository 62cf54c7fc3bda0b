// The official SDK's responses against the gateway, streamed and not, over a provider that speaks chat completions.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { chunk, completion, frame, json, stream, streamFrames, USAGE } from '../../src/testing/fault-scripts.ts';
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

const WEATHER = {
  type: 'function' as const,
  name: 'weather',
  description: 'The weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: false,
};

/** The upstream's frames with a stop before the end, in pieces of one frame. */
const toolStream = [
  frame(chunk({ role: 'assistant', content: null })),
  frame(
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
  ),
  frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })),
  frame(chunk({ tool_calls: [{ index: 0, function: { arguments: '"Омск"}' } }] })),
  frame(chunk({}, 'tool_calls')),
  frame({ ...chunk({}), choices: [], usage: USAGE }),
  frame('[DONE]'),
];

async function requestsPaid(work: () => Promise<void>): Promise<number> {
  const before = (await gateway.balance(customer)).requests;
  await work();
  return before - (await gateway.balance(customer)).requests;
}

async function eventsOf(events: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const all: ResponseStreamEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('POST /v1/responses', () => {
  test('answers a text from a vendor of chat completions, for the price of one generation', async () => {
    gateway.upstream.queue(json(completion('Здравствуйте!')));
    const paid = await requestsPaid(async () => {
      const response = await client.responses.create({
        model: 'strict',
        instructions: 'Be brief.',
        input: 'Привет',
        reasoning: { effort: 'low' },
        max_output_tokens: 50,
      });
      expect(response).toMatchObject({
        object: 'response',
        status: 'completed',
        store: false,
        output_text: 'Здравствуйте!',
        usage: { input_tokens: USAGE.prompt_tokens, output_tokens: USAGE.completion_tokens },
      });
    });
    expect(paid).toBe(2);
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Привет' },
      ],
      max_completion_tokens: 50,
      reasoning_effort: 'low',
    });
  });

  test('takes its own output back as input, with function calls and their results', async () => {
    const called = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Омск"}' } };
    const message = { role: 'assistant', content: null, refusal: null, tool_calls: [called] };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }];
    gateway.upstream.queue(json(completion('', { choices })), json(completion('-5')));
    const question = { role: 'user' as const, content: 'Погода?' };
    const first = await client.responses.create({ model: 'strict', input: [question], tools: [WEATHER] });
    const call = first.output[0];
    if (call?.type !== 'function_call') throw new Error('no function call');
    expect(call).toMatchObject({
      call_id: 'call_1',
      name: 'weather',
      arguments: '{"city":"Омск"}',
      status: 'completed',
    });
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: '-5' };
    const second = await client.responses.create({
      model: 'strict',
      input: [question, ...(first.output as ResponseInputItem[]), result],
    });
    expect(second.output_text).toBe('-5');
    expect(gateway.upstream.calls[1]?.body['messages']).toEqual([
      { role: 'user', content: 'Погода?' },
      { role: 'assistant', content: null, tool_calls: [called] },
      { role: 'tool', content: '-5', tool_call_id: 'call_1' },
    ]);
  });

  test('asks for pictures and schemas in the words of chat completions, and parses what comes', async () => {
    gateway.upstream.queue(json(completion('{"colour":"red"}')));
    const schema = { type: 'object', properties: { colour: { type: 'string' } } };
    const response = await client.responses.parse({
      model: 'strict',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Which colour?' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
          ],
        },
      ],
      text: { format: { type: 'json_schema', name: 'colour', schema, strict: true } },
    });
    expect(response.output_text).toBe('{"colour":"red"}');
    expect(gateway.upstream.calls[0]?.body).toMatchObject({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Which colour?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'auto' } },
          ],
        },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'colour', schema, strict: true } },
    });
  });

  test('streams events that are numbered without a gap, from every kind of vendor', async () => {
    for (const model of ['strict', 'loose']) {
      gateway.upstream.queue(stream(streamFrames('One two three.')));
      const events = await eventsOf(await client.responses.create({ model, input: 'Hi', stream: true }));
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i));
      expect(events.map(({ type }) => type)).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]);
    }
  });

  test('streams into the SDK’s helper, which gathers texts and function calls', async () => {
    gateway.upstream.queue(stream(streamFrames('One two three.')), stream(toolStream));
    const text = await client.responses.stream({ model: 'strict', input: 'Hi' }).finalResponse();
    expect(text).toMatchObject({ status: 'completed', output_text: 'One two three.' });
    const call = await client.responses.stream({ model: 'strict', input: 'Hi', tools: [WEATHER] }).finalResponse();
    expect(call.output).toMatchObject([{ type: 'function_call', call_id: 'call_1', arguments: '{"city":"Омск"}' }]);
  });

  test('makes a stream that breaks off throw, and charges what was delivered', async () => {
    const frames = streamFrames('One two three.').slice(0, 3);
    gateway.upstream.queue(stream(frames));
    const paid = await requestsPaid(async () => {
      const events = await client.responses.create({ model: 'strict', input: 'Hi', stream: true });
      const thrown = await eventsOf(events).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(OpenAI.APIError);
      expect(thrown).toMatchObject({ code: 'upstream_truncated' });
    });
    expect(paid).toBe(2);
  });

  test('refuses by name what leans on stored state, and charges nothing', async () => {
    const paid = await requestsPaid(async () => {
      for (const [param, fields] of Object.entries({
        previous_response_id: { previous_response_id: 'resp_1' },
        conversation: { conversation: 'conv_1' },
        background: { background: true },
        'tools[0]': { tools: [{ type: 'web_search' as const }] },
      })) {
        const error = await client.responses
          .create({ model: 'strict', input: 'Hi', ...fields })
          .catch((thrown) => thrown);
        expect(error).toBeInstanceOf(OpenAI.BadRequestError);
        expect(error).toMatchObject({ param, code: 'unsupported_parameter' });
      }
      const stored = await client.responses.retrieve('resp_1').catch((thrown: unknown) => thrown);
      expect(stored).toBeInstanceOf(OpenAI.NotFoundError);
    });
    expect(paid).toBe(0);
    expect(gateway.upstream.calls).toEqual([]);
  });
});
