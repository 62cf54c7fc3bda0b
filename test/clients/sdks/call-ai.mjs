// Uses every kind of model that the AI SDK's providers know and the gateway sells, and prints what came as one JSON object.
import { createAnthropic } from '@ai-sdk/anthropic';
import * as googleSdk from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';

const [address, apiKey] = process.argv.slice(2);
const draw = ai.generateImage ?? ai.experimental_generateImage;
const speak = ai.generateSpeech ?? ai.experimental_generateSpeech;
const transcribe = ai.transcribe ?? ai.experimental_transcribe;

globalThis.AI_SDK_LOG_WARNINGS = false;

const openai = createOpenAI({ baseURL: `${address}/v1`, apiKey });
const compatible = createOpenAICompatible({ name: 'tolmach', baseURL: `${address}/v1`, apiKey });
const anthropic = createAnthropic({ baseURL: `${address}/v1`, apiKey });
const google = googleSdk.createGoogleGenerativeAI({ baseURL: `${address}/v1beta`, apiKey });

const chats = {
  openaiChat: openai.chat('gpt-4o'),
  openaiResponses: openai('gpt-4o'),
  openaiCompletion: openai.completion('gpt-4o'),
  compatible: compatible('gpt-4o'),
  compatibleCompletion: compatible.completionModel('gpt-4o'),
  anthropic: anthropic('claude-sonnet-4-6'),
  google: google('gemini-2.5-flash'),
};
const absent = {
  openaiChat: openai.chat('none'),
  openaiResponses: openai('none'),
  compatible: compatible('none'),
  anthropic: anthropic('none'),
  google: google('none'),
};
const vectors = {
  openai: openai.textEmbeddingModel('text-embedding-3-small'),
  compatible: compatible.textEmbeddingModel('text-embedding-3-small'),
  google: google.textEmbeddingModel('text-embedding-3-small'),
};
const pictures = {
  openai: openai.image('dall-e-3'),
  inline: openai.image('gpt-image-1'),
  compatible: compatible.imageModel('dall-e-3'),
};
const once = { maxRetries: 0 };
const told = (error) => ({
  status: error.statusCode,
  isTyped: ai.APICallError.isInstance(error),
  retryable: error.isRetryable,
});

/** Does the same with each of several models. */
const each = async (models, run) => {
  const found = {};
  for (const [name, model] of Object.entries(models)) found[name] = await run(model).catch(told);
  return found;
};
const streamed = async (model) => {
  let failure;
  const { textStream } = ai.streamText({
    model,
    prompt: 'Hi',
    maxOutputTokens: 200,
    ...once,
    onError: ({ error }) => (failure = error),
  });
  let text = '';
  for await (const piece of textStream) text += piece;
  if (failure !== undefined) throw failure;
  return text.trim();
};

const found = {
  text: await each(chats, async (model) =>
    (await ai.generateText({ model, prompt: 'Hi', maxOutputTokens: 200, ...once })).text.trim(),
  ),
  stream: await each(chats, streamed),
  embedding: await each(
    vectors,
    async (model) => (await ai.embed({ model, value: 'a', ...once })).embedding.length > 0,
  ),
  embeddings: await each(vectors, async (model) => {
    const { embeddings } = await ai.embedMany({ model, values: ['a', 'b'], ...once });
    return embeddings.length;
  }),
  picture: await each(pictures, async (model) =>
    (await draw({ model, prompt: 'a cat', ...once })).images[0].base64.slice(0, 11),
  ),
  speech: await each(
    { openai: openai.speech('tts-1') },
    async (model) => (await speak({ model, text: 'Hi', voice: 'alloy', ...once })).audio.uint8Array.length > 10_000,
  ),
  transcript: await each({ openai: openai.transcription('whisper-1') }, async (model) =>
    (await transcribe({ model, audio: new Uint8Array(1000), ...once })).text.slice(0, 30),
  ),
  absentModel: await each(absent, (model) => ai.generateText({ model, prompt: 'Hi', ...once })),
  absentModelStream: await each(absent, streamed),
};
process.stdout.write(JSON.stringify(found));
