// Calls every endpoint of Anthropic's that the gateway claims, by the official client for Node.js, and prints what came as
// one JSON object.
import Anthropic, { APIError, AuthenticationError, NotFoundError } from '@anthropic-ai/sdk';

const [address, apiKey] = process.argv.slice(2);
const client = new Anthropic({ apiKey, baseURL: address, maxRetries: 0 });

const model = 'claude-sonnet-4-6';
const messages = [{ role: 'user', content: 'Hi' }];
const ask = { model, max_tokens: 200, messages };
const weather = { name: 'weather', input_schema: { type: 'object', properties: {} } };
const prompt = '\n\nHuman: Hi\n\nAssistant:';
const complete = { model, prompt, max_tokens_to_sample: 200 };
const textOf = ({ content }) => content[0].text;
const told = (error) => ({
  status: error.status,
  type: error.error?.error?.type,
  isTyped: error instanceof APIError && (error instanceof AuthenticationError || error instanceof NotFoundError),
  hasRequestId: typeof (error.requestID ?? error.request_id) === 'string',
});

const cases = {
  message: async () => textOf(await client.messages.create(ask)),
  events: async () => {
    const kinds = new Set();
    let text = '';
    for await (const event of await client.messages.create({ ...ask, stream: true })) {
      kinds.add(event.type);
      if (event.type === 'content_block_delta') text += event.delta.text;
    }
    return [text, [...kinds].filter((kind) => kind !== 'ping')];
  },
  helper: async () => textOf(await client.messages.stream(ask).finalMessage()),
  helperText: () => client.messages.stream(ask).finalText(),
  call: async () =>
    (await client.messages.create({ ...ask, tools: [weather], tool_choice: { type: 'any' } })).content[0].name,
  streamedCall: async () =>
    (await client.messages.stream({ ...ask, tools: [weather], tool_choice: { type: 'any' } }).finalMessage()).content[0]
      .name,
  tokens: async () => (await client.messages.countTokens({ model, messages, tools: [weather] })).input_tokens > 0,
  models: async () => {
    for await (const one of client.models.list()) if (one.id === model) return true;
    return false;
  },
  model: async () => (await client.models.retrieve(model)).id,
  // Clients since 1.0 have lost it.
  completion: async () =>
    client.completions === undefined ? null : (await client.completions.create(complete)).completion.trim(),
  completionStream: async () => {
    if (client.completions === undefined) return null;
    let text = '';
    for await (const one of await client.completions.create({ ...complete, stream: true })) text += one.completion;
    return text.trim();
  },
  requestId: async () => typeof (await client.messages.create(ask))._request_id,
  absentModel: () => client.messages.create({ ...ask, model: 'none' }),
  absentModelStream: () => client.messages.stream({ ...ask, model: 'none' }).finalMessage(),
  retrievedAbsent: () => client.models.retrieve('none'),
  wrongKey: () => new Anthropic({ apiKey: 'wrong', baseURL: address, maxRetries: 0 }).messages.create(ask),
};

const found = {};
for (const [name, run] of Object.entries(cases)) found[name] = await run().catch(told);
process.stdout.write(JSON.stringify(found));
