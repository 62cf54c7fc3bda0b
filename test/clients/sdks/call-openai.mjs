// Calls every endpoint of OpenAI's that the gateway claims, by the official client for Node.js, and prints what came as one
// JSON object.
import OpenAI, { toFile } from 'openai';

const [address, apiKey] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL: `${address}/v1`, maxRetries: 0 });

const model = 'gpt-4o';
const messages = [{ role: 'user', content: 'Hi' }];
const picture = () => toFile(Buffer.from('89504e470d0a1a0a', 'hex'), 'a.png', { type: 'image/png' });
const sound = () => toFile(Buffer.alloc(1000), 'a.wav', { type: 'audio/wav' });
const spoken = { model: 'whisper-1' };
const told = ({ status, code, param }) => ({ status, code, param });
const gather = async (stream, textOf) => {
  let text = '';
  for await (const event of stream) text += textOf(event) ?? '';
  return text;
};

const cases = {
  chat: async () => (await client.chat.completions.create({ model, messages })).choices[0].message.content,
  chatStream: async () =>
    gather(
      await client.chat.completions.create({ model, messages, stream: true }),
      (one) => one.choices[0]?.delta?.content,
    ),
  completion: async () => (await client.completions.create({ model, prompt: 'Hi', max_tokens: 100 })).choices[0].text,
  response: async () => (await client.responses.create({ model, input: 'Hi' })).output_text,
  responseStream: async () =>
    gather(await client.responses.create({ model, input: 'Hi', stream: true }), (one) =>
      one.type === 'response.output_text.delta' ? one.delta : '',
    ),
  responseHelper: async () => {
    const { output } = await client.responses.stream({ model, input: 'Hi' }).finalResponse();
    return output[0].content[0].text;
  },
  responseWithState: async () => client.responses.create({ model, input: 'Hi', previous_response_id: 'resp_1' }),
  embedding: async () => {
    const { data } = await client.embeddings.create({
      model: 'text-embedding-3-small',
      input: ['a', 'b'],
      dimensions: 4,
    });
    return data.map(({ embedding }) => [embedding.length, typeof embedding[0]]);
  },
  moderation: async () => (await client.moderations.create({ input: 'Hello' })).results[0].flagged,
  image: async () =>
    (await client.images.generate({ model: 'dall-e-3', prompt: 'a cat' })).data[0].url.startsWith(address),
  imageInline: async () =>
    (await client.images.generate({ model: 'gpt-image-1', prompt: 'a cat' })).data[0].b64_json.slice(0, 11),
  imageEdit: async () => client.images.edit({ model: 'gpt-image-1', prompt: 'a hat', image: await picture() }),
  speech: async () =>
    (await (await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hi' })).arrayBuffer())
      .byteLength > 10_000,
  transcript: async () =>
    (await client.audio.transcriptions.create({ ...spoken, file: await sound() })).text.slice(0, 30),
  subtitles: async () =>
    (await client.audio.transcriptions.create({ ...spoken, file: await sound(), response_format: 'vtt' })).slice(0, 6),
  translation: async () =>
    (await client.audio.translations.create({ ...spoken, file: await sound() })).text.slice(0, 30),
  models: async () => (await client.models.list()).data.some(({ id }) => id === model),
  absentModel: async () => client.models.retrieve('none'),
};

const found = {};
for (const [name, run] of Object.entries(cases)) found[name] = await run().catch((error) => told(error));
process.stdout.write(JSON.stringify(found));
