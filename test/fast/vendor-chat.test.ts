// The vendors that talk in their own way, behind the running gateway, asked by clients of both families: what comes back
// is what the client's own protocol says, and what is charged is what the vendor counted.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { CREDENTIALS, SwitchedOnVendors } from '../../src/testing/vendors/switched-on.ts';

const vendors = new SwitchedOnVendors();
const { giga } = vendors;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start(vendors.gateway);
});
afterAll(async () => {
  await gateway.stop();
  await vendors.stop();
});

const MODELS = [
  ['gemini-2.5-flash', 'Hello there.', { inputTokens: 9, cachedInputTokens: 3, outputTokens: 7, reasoningTokens: 2 }],
  ['yandexgpt', 'Hello there.', { inputTokens: 9, outputTokens: 7 }],
  ['GigaChat-2', 'Привет из Сбера.', { inputTokens: 9, cachedInputTokens: 5, outputTokens: 7 }],
] as const;
const USER = [{ role: 'user', content: 'Hello' }];
const TOOL = { name: 'weather', description: 'Weather', properties: { city: { type: 'string' } } };

describe.each(MODELS)('%s', (model, text, usage) => {
  test('is switched on by the environment alone, and charged by the vendor’s count', async () => {
    const customer = await gateway.customer('money', { rub: '100' });
    const answer = await gateway.chat(customer, { model, messages: USER });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: text }, finish_reason: 'stop' }] });
    expect((await gateway.usage(customer))[0]).toMatchObject({ usage: { source: 'exact', ...usage } });
  });

  test('streams to a client of OpenAI’s family, with usage at the end', async () => {
    const customer = await gateway.customer('money', { rub: '100' });
    const body = { model, messages: USER, stream: true, stream_options: { include_usage: true } };
    const frames = (await (await gateway.chat(customer, body)).text()).split('\n\n').filter((frame) => frame !== '');
    expect(frames.at(-1)).toBe('data: [DONE]');
    const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame.replace(/^data: /, '')));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(text);
    expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 7 });
    expect((await gateway.usage(customer))[0]).toMatchObject({ usage: { source: 'exact', ...usage } });
  });

  test.each([false, true])('answers a client of Anthropic’s family (stream %p)', async (stream) => {
    const { key } = await gateway.customer('money', { rub: '100' });
    const answer = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ model, max_tokens: 50, messages: USER, stream }),
    });
    expect(answer.status).toBe(200);
    const said = await answer.text();
    if (!stream) expect(JSON.parse(said)).toMatchObject({ content: [{ type: 'text', text }], stop_reason: 'end_turn' });
    else expect([...said.matchAll(/"text":"([^"]*)"/g)].map(([, piece]) => piece).join('')).toBe(text);
  });
});

describe.each([['gemini-2.5-flash'], ['GigaChat-2']])('%s', (model) => {
  test('calls tools for clients of both families, and takes their results', async () => {
    const customer = await gateway.customer('money', { rub: '100' });
    const { properties, ...about } = TOOL;
    const schema = { type: 'object', properties };
    const tools = [{ type: 'function', function: { ...about, parameters: schema } }];
    const asked = await gateway.chat(customer, { model, messages: USER, tools });
    const { choices } = (await asked.json()) as { choices: { message: { tool_calls: { id: string }[] } }[] };
    const message = choices[0]?.message;
    const made = message?.tool_calls[0];
    expect(made).toMatchObject({ function: { name: 'weather', arguments: '{"city":"Москва","days":2}' } });
    const messages = [...USER, message, { role: 'tool', tool_call_id: made?.id, content: 'солнечно' }];
    expect((await gateway.chat(customer, { model, messages, tools })).status).toBe(200);

    const told = await gateway.ask(
      '/v1/messages',
      { model, max_tokens: 50, messages: USER, tools: [{ ...about, input_schema: schema }] },
      { 'x-api-key': customer.key },
    );
    expect(told.body).toMatchObject({
      content: [{ type: 'tool_use', name: 'weather', input: { city: 'Москва', days: 2 } }],
      stop_reason: 'tool_use',
    });
  });
});

test('a picture by its address is refused by name where the vendor takes only bytes', async () => {
  const customer = await gateway.customer('money', { rub: '100' });
  const content = [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }];
  const answer = await gateway.chat(customer, { model: 'gemini-2.5-flash', messages: [{ role: 'user', content }] });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { code: 'unsupported_parameter', param: 'messages' } });
});

test('the lasting key goes to the place of exchange alone, and no model list is asked for with it', () => {
  const withKey = giga.asked.filter(({ headers }) => (headers.get('authorization') ?? '').includes(CREDENTIALS));
  expect(new Set(withKey.map(({ path }) => path))).toEqual(new Set(['/api/v2/oauth']));
});
