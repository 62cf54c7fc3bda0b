// Talks with each model by OpenAI's official client for Node.js, over chat completions and over responses, and prints what
// came as one JSON object.
import OpenAI from 'openai';

const [address, apiKey, ...models] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL: `${address}/v1`, maxRetries: 0 });

const say = (content) => ({ role: 'user', content });
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const functions = ['weather', 'hotels'].map((name) => ({
  name,
  description: `Tells ${name}.`,
  parameters,
  strict: true,
}));
const tools = functions.map((one) => ({ type: 'function', function: one }));
const url =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const called = ({ tool_calls: calls = [] }) =>
  calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);

function chatCases(model) {
  const { completions } = client.chat;
  const ask = (more = {}, content = 'Hi') => ({ model, messages: [say(content)], ...more });
  const create = async (more, content) => (await completions.create(ask(more, content))).choices[0];
  const gather = async (more, content) =>
    (await completions.stream(ask(more, content)).finalChatCompletion()).choices[0];
  const loop = async (answer) => {
    const first = await answer({ tools });
    const results = first.message.tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '+3' }));
    const after = await answer({ tools, messages: [say('Hi'), first.message, ...results] });
    return [first.finish_reason, called(first.message), after.message.content];
  };
  const told = ({ prompt_tokens, completion_tokens, prompt_tokens_details: details }) => [
    prompt_tokens,
    details?.cached_tokens ?? 0,
    completion_tokens,
  ];
  return {
    whole: async () => {
      const system = { role: 'system', content: 'Be brief.' };
      const more = { messages: [system, say('Hi')], temperature: 0.5, stop: ['END'], max_tokens: 100, user: 'one' };
      const made = await completions.create(ask(more));
      return [made.choices[0].message.content, told(made.usage), made.choices[0].finish_reason];
    },
    events: async () => {
      let text = '';
      let usage;
      for await (const one of await completions.create(
        ask({ stream: true, stream_options: { include_usage: true } }),
      )) {
        text += one.choices[0]?.delta?.content ?? '';
        usage = one.usage ?? usage;
      }
      return [text, told(usage)];
    },
    helper: async () => (await gather()).message.content,
    cut: async () => (await create({ max_completion_tokens: 5 })).finish_reason,
    loop: () => loop(create),
    streamedLoop: () => loop(gather),
    chosen: async () =>
      called((await create({ tools, tool_choice: { type: 'function', function: { name: 'hotels' } } })).message),
    single: async () => called((await create({ tools, tool_choice: 'required', parallel_tool_calls: false })).message),
    ran: async () => {
      const runnable = functions.map((one) => ({
        type: 'function',
        function: { ...one, parse: JSON.parse, function: ({ days }) => `+${days}` },
      }));
      return completions.runTools(ask({ tools: runnable })).finalContent();
    },
    json: async () => {
      const response_format = { type: 'json_schema', json_schema: { name: 'trip', schema: parameters, strict: true } };
      return JSON.parse((await create({ response_format })).message.content);
    },
    picture: async () =>
      (
        await create({}, [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url } },
        ])
      ).message.content,
    reasoning: async () => (await create({ reasoning_effort: 'low' })).message.content,
    refused: async () => (await create({}, 'forbidden')).finish_reason,
    refusedStream: async () => (await gather({}, 'forbidden')).finish_reason,
  };
}

const reasonOf = ({ status, incomplete_details: details }) => [status, details?.reason];
/** What the newer clients have as `output_text`. */
const outputText = ({ output }) =>
  output
    .flatMap(({ content = [] }) => content.flatMap((part) => (part.type === 'output_text' ? [part.text] : [])))
    .join('');

function responseCases(model) {
  const ask = (more = {}) => ({ model, input: 'Hi', store: false, ...more });
  const create = (more) => client.responses.create(ask(more));
  const gather = (more) => client.responses.stream(ask(more)).finalResponse();
  const offered = functions.map((one) => ({ type: 'function', ...one }));
  const loop = async (answer) => {
    const first = await answer({ tools: offered });
    const calls = first.output.filter(({ type }) => type === 'function_call');
    const results = calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: '+3' }));
    const after = await answer({ tools: offered, input: [say('Hi'), ...first.output, ...results] });
    return [calls.map((call) => [call.name, JSON.parse(call.arguments)]), outputText(after)];
  };
  const told = ({ input_tokens, input_tokens_details: details, output_tokens }) => [
    input_tokens,
    details.cached_tokens,
    output_tokens,
  ];
  return {
    whole: async () => {
      const made = await create({ instructions: 'Be brief.', max_output_tokens: 100 });
      return [outputText(made), told(made.usage), made.status];
    },
    helper: async () => {
      const made = await gather();
      return [outputText(made), told(made.usage), made.status];
    },
    cut: async () => reasonOf(await create({ max_output_tokens: 5 })),
    loop: () => loop(create),
    streamedLoop: () => loop(gather),
    json: async () => {
      const format = { type: 'json_schema', name: 'trip', schema: parameters, strict: true };
      return JSON.parse((await create({ text: { format } })).output_text);
    },
    picture: async () => {
      const content = [
        { type: 'input_text', text: 'What?' },
        { type: 'input_image', image_url: url, detail: 'auto' },
      ];
      return (await create({ input: [say(content)] })).output_text;
    },
    refused: async () => reasonOf(await create({ input: 'forbidden' })),
  };
}

const told = (error) => ({ status: error.status, code: error.code, is: error.constructor.name });
const found = {};
for (const model of models) {
  found[model] = { chat: {}, responses: {} };
  for (const [kind, cases] of [
    ['chat', chatCases(model)],
    ['responses', responseCases(model)],
  ])
    for (const [name, run] of Object.entries(cases)) found[model][kind][name] = await run().catch(told);
}
process.stdout.write(JSON.stringify(found));
