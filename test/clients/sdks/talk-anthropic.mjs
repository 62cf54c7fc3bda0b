// Talks with each model by Anthropic's official client for Node.js, and prints what came as one JSON object.
import Anthropic from '@anthropic-ai/sdk';

const [address, apiKey, ...models] = process.argv.slice(2);
const client = new Anthropic({ apiKey, baseURL: address, maxRetries: 0 });

const say = (content) => ({ role: 'user', content });
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
// Fields that may be absent are no hindrance to this vendor.
const withOptional = { ...schema, properties: { ...schema.properties, note: { type: 'string' } } };
const tools = ['weather', 'hotels'].map((name) => ({ name, description: `Tells ${name}.`, input_schema: schema }));
const picture = {
  type: 'image',
  source: {
    type: 'base64',
    media_type: 'image/png',
    data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
};
const thinking = { type: 'enabled', budget_tokens: 1024 };
const textOf = ({ content }) => content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
const thoughtOf = ({ content }) => content.find(({ type }) => type === 'thinking')?.thinking ?? null;
const callsOf = ({ content }) =>
  content.flatMap((block) => (block.type === 'tool_use' ? [[block.name, block.input]] : []));
const usageOf = ({ usage }) => [
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0),
  usage.cache_read_input_tokens ?? 0,
  usage.output_tokens,
];
const resultsOf = ({ content }) =>
  content.flatMap(({ type, id }) =>
    type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: id, content: '+3' }] : [],
  );

function casesOf(model) {
  const ask = (more = {}, content = 'Hi') => ({ model, max_tokens: 100, messages: [say(content)], ...more });
  const create = (more, content) => client.messages.create(ask(more, content));
  const gather = (more, content) => client.messages.stream(ask(more, content)).finalMessage();
  const loop = async (answer) => {
    const called = await answer({ tools });
    const messages = [say('Hi'), { role: 'assistant', content: called.content }, say(resultsOf(called))];
    const after = await answer({ tools, messages });
    return [called.stop_reason, callsOf(called), textOf(after)];
  };
  return {
    whole: async () => {
      const message = await create({ system: 'Be brief.', temperature: 0.5, stop_sequences: ['END'] });
      return [textOf(message), usageOf(message), message.stop_reason];
    },
    events: async () => {
      let text = '';
      let usage;
      for await (const event of await create({ stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
        if (event.type === 'message_delta') usage = event.usage.output_tokens;
      }
      return [text, usage];
    },
    helper: async () => {
      const message = await gather();
      return [textOf(message), usageOf(message), message.stop_reason];
    },
    cut: async () => (await create({ max_tokens: 5 })).stop_reason,
    loop: () => loop(create),
    streamedLoop: () => loop(gather),
    chosen: async () => callsOf(await create({ tools, tool_choice: { type: 'tool', name: 'hotels' } })),
    single: async () => callsOf(await create({ tools, tool_choice: { type: 'any', disable_parallel_tool_use: true } })),
    json: async () => JSON.parse(textOf(await create({ output_config: { format: { type: 'json_schema', schema } } }))),
    jsonWithOptional: async () => {
      const format = { type: 'json_schema', schema: withOptional };
      return JSON.parse(textOf(await create({ output_config: { format } })));
    },
    strictTools: async () => {
      const strict = tools.map((tool) => ({ ...tool, strict: true, input_schema: withOptional }));
      return callsOf(await create({ tools: strict }));
    },
    picture: async () => textOf(await create({}, [picture, { type: 'text', text: 'What?' }])),
    thought: async () => {
      const first = await create({ thinking, max_tokens: 2000 });
      const messages = [say('Hi'), { role: 'assistant', content: first.content }, say('And?')];
      const next = await gather({ thinking, max_tokens: 2000, messages });
      return [thoughtOf(first), textOf(first), thoughtOf(next), textOf(next)];
    },
    refused: async () => (await create({}, 'forbidden')).stop_reason,
    refusedStream: async () => (await gather({}, 'forbidden')).stop_reason,
  };
}

const told = (error) => ({ status: error.status, type: error.error?.error?.type, is: error.constructor.name });
const found = {};
for (const model of models) {
  found[model] = {};
  for (const [name, run] of Object.entries(casesOf(model))) found[model][name] = await run().catch(told);
}
process.stdout.write(JSON.stringify(found));
