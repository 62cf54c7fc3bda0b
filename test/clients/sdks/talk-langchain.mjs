// Talks with each model by LangChain, through each of its chat models, and prints what came as one JSON object.
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const [address, apiKey, ...models] = process.argv.slice(2);
const once = { apiKey, maxRetries: 0 };
const configuration = { baseURL: `${address}/v1` };
const makers = {
  chat: (model, more) => new ChatOpenAI({ model, configuration, ...once, ...more }),
  responses: (model, more) =>
    new ChatOpenAI({ model, configuration, useResponsesApi: true, zdrEnabled: true, ...once, ...more }),
  anthropic: (model, more) => new ChatAnthropic({ model, anthropicApiUrl: address, maxTokens: 100, ...once, ...more }),
  google: (model, more = {}) => {
    const { maxTokens, ...rest } = more;
    // It tells from the name what a model can do.
    return new ChatGoogleGenerativeAI({
      model: `gemini-2.5-${model}`,
      baseUrl: address,
      maxOutputTokens: maxTokens,
      ...once,
      ...rest,
    });
  },
};

const schema = z.object({ city: z.string(), days: z.number().int() });
const tools = ['weather', 'hotels'].map((name) =>
  tool(async ({ days }) => `+${days}`, { name, description: `Tells ${name}.`, schema }),
);
const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const textOf = ({ content }) =>
  typeof content === 'string' ? content : content.map((block) => block.text ?? '').join('');
const usageOf = ({ usage_metadata: usage }) => [
  usage.input_tokens,
  usage.input_token_details?.cache_read ?? 0,
  usage.output_tokens,
];
const gathered = async (stream) => {
  let whole;
  for await (const chunk of await stream) whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole;
};

/** @param countsAll false where LangChain leaves out thoughts, or what the end of a stream says. */
function casesOf(make, countsAll) {
  const chat = make();
  const loop = async (answer) => {
    const asked = [new HumanMessage('Hi')];
    const first = await answer(asked);
    const results = first.tool_calls.map(
      ({ id, name, args }) => new ToolMessage({ content: `+${args.days}`, tool_call_id: id, name }),
    );
    const after = await answer([...asked, first, ...results]);
    return [first.tool_calls.map(({ name, args }) => [name, args]), textOf(after)];
  };
  const bound = chat.bindTools(tools);
  return {
    whole: async () => {
      const message = await chat.invoke([new SystemMessage('Be brief.'), new HumanMessage('Hi')]);
      return [textOf(message), countsAll ? usageOf(message) : null];
    },
    stream: async () => {
      const message = await gathered(chat.stream('Hi'));
      return [textOf(message), countsAll ? usageOf(message) : null];
    },
    batch: async () => (await chat.batch(['Hi', 'Hi'])).map(textOf),
    cut: async () => textOf(await make({ maxTokens: 5 }).invoke('Hi')),
    loop: () => loop((messages) => bound.invoke(messages)),
    streamedLoop: () => loop((messages) => gathered(bound.stream(messages))),
    structured: () => chat.withStructuredOutput(schema, { name: 'trip' }).invoke('Hi'),
    structuredByCall: () => chat.withStructuredOutput(schema, { name: 'trip', method: 'functionCalling' }).invoke('Hi'),
    picture: async () => {
      const content = [
        { type: 'text', text: 'What?' },
        { type: 'image_url', image_url: { url: picture } },
      ];
      return textOf(await chat.invoke([new HumanMessage({ content })]));
    },
    refused: async () => textOf(await chat.invoke('forbidden')),
  };
}

const found = {};
for (const model of models) {
  found[model] = {};
  for (const [name, make] of Object.entries(makers)) {
    const results = {};
    for (const [what, run] of Object.entries(
      casesOf((more) => make(model, more), name === 'chat' || name === 'responses'),
    ))
      results[what] = await run().catch(({ status, name }) => (status === undefined ? { failure: name } : { status }));
    found[model][name] = results;
  }
}
process.stdout.write(JSON.stringify(found));
