// Talks with each model by the AI SDK, through each of its providers, and prints what came as one JSON object.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { z } from 'zod';

const [address, apiKey, ...models] = process.argv.slice(2);
const openai = createOpenAI({ baseURL: `${address}/v1`, apiKey });
const compatible = createOpenAICompatible({
  name: 'tolmach',
  baseURL: `${address}/v1`,
  apiKey,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: `${address}/v1`, apiKey });
const google = createGoogleGenerativeAI({ baseURL: `${address}/v1beta`, apiKey });
const providers = {
  chat: (name) => openai.chat(name),
  responses: (name) => openai(name),
  compatible,
  anthropic,
  google,
};

globalThis.AI_SDK_LOG_WARNINGS = false;
const atMost = ai.isStepCount ?? ai.stepCountIs;
const schema = z.object({ city: z.string(), days: z.number().int() });
const tools = Object.fromEntries(
  ['weather', 'hotels'].map((name) => [
    name,
    ai.tool({ description: `Tells ${name}.`, inputSchema: schema, execute: async ({ days }) => `+${days}` }),
  ]),
);
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const usageOf = ({ inputTokens, cachedInputTokens, inputTokenDetails, outputTokens }) => [
  inputTokens,
  inputTokenDetails?.cacheReadTokens ?? cachedInputTokens ?? 0,
  outputTokens,
];
const callsOf = ({ toolCalls }) => toolCalls.map(({ toolName, input }) => [toolName, input]);
const loopOf = (steps) => [steps.length, callsOf(steps[0]), steps[0].finishReason, steps.at(-1).text];

function casesOf(model) {
  // Nothing is stored by the gateway, and OpenAI's provider has to be told so.
  const base = { model, prompt: 'Hi', maxRetries: 0, providerOptions: { openai: { store: false } } };
  const create = (more) => ai.generateText({ ...base, ...more });
  /** A streamed answer, read to its end. */
  const stream = async (more) => {
    let failure;
    const result = ai.streamText({ ...base, ...more, onError: ({ error }) => (failure = error) });
    await result.consumeStream();
    if (failure !== undefined) throw failure;
    return result;
  };
  const thinking = {
    maxOutputTokens: 2000,
    providerOptions: {
      openai: { store: false, reasoningEffort: 'low' },
      anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } },
      google: { thinkingConfig: { includeThoughts: true } },
    },
  };
  return {
    whole: async () => {
      const { text, usage, finishReason } = await create({
        temperature: 0.5,
        maxOutputTokens: 100,
        stopSequences: ['END'],
      });
      return [text, usageOf(usage), finishReason];
    },
    stream: async () => {
      const result = await stream();
      return [await result.text, usageOf(await result.usage), await result.finishReason];
    },
    cut: async () => (await create({ maxOutputTokens: 16 })).finishReason,
    loop: async () => loopOf((await create({ tools, stopWhen: atMost(3) })).steps),
    streamedLoop: async () => loopOf(await (await stream({ tools, stopWhen: atMost(3) })).steps),
    chosen: async () => callsOf(await create({ tools, toolChoice: { type: 'tool', toolName: 'hotels' } })),
    object: async () => (await ai.generateObject({ ...base, schema })).object,
    output: async () => (await create({ output: ai.Output.object({ schema }) })).output,
    streamedOutput: async () => (await stream({ output: ai.Output.object({ schema }) })).output,
    picture: async () => {
      const content = [
        { type: 'text', text: 'What?' },
        { type: 'image', image: picture, mediaType: 'image/png' },
      ];
      return (await create({ prompt: [{ role: 'user', content }] })).text;
    },
    thought: async () => {
      const result = await create(thinking);
      return [result.reasoningText || null, result.text];
    },
    streamedThought: async () => {
      const result = await stream(thinking);
      return [(await result.reasoningText) || null, await result.text];
    },
    refused: async () => (await create({ prompt: 'forbidden' })).finishReason,
    refusedStream: async () => (await stream({ prompt: 'forbidden' })).finishReason,
  };
}

const told = (error) =>
  ai.APICallError.isInstance(error)
    ? { status: error.statusCode, retryable: error.isRetryable }
    : { failure: error.name };
const found = {};
for (const name of models) {
  found[name] = {};
  for (const [provider, make] of Object.entries(providers)) {
    const results = {};
    for (const [what, run] of Object.entries(casesOf(make(name)))) results[what] = await run().catch(told);
    found[name][provider] = results;
  }
}
process.stdout.write(JSON.stringify(found));
