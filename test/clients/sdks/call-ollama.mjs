// Calls every route of Ollama's own protocol by its official client for Node.js and prints what came as one JSON object.
import { Ollama } from 'ollama';

const [host, key] = process.argv.slice(2);
const client = new Ollama({ host, headers: { Authorization: `Bearer ${key}` } });
const model = 'gpt-4o';
const messages = [{ role: 'user', content: 'Hi' }];
const tools = [
  {
    type: 'function',
    function: { name: 'weather', description: 'Tells the weather.', parameters: { type: 'object', properties: {} } },
  },
];
const pieces = async (stream) => {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
};

const cases = {
  chat: async () => (await client.chat({ model, messages })).message.content,
  chatStream: async () =>
    (await pieces(await client.chat({ model, messages, stream: true }))).map((one) => one.message.content).join(''),
  done: async () => (await pieces(await client.chat({ model, messages, stream: true }))).at(-1).done_reason,
  counted: async () => (await client.chat({ model, messages })).eval_count > 0,
  tools: async () => (await client.chat({ model, messages, tools })).message.role,
  generate: async () => (await client.generate({ model, prompt: 'Hi' })).response,
  generateStream: async () =>
    (await pieces(await client.generate({ model, prompt: 'Hi', stream: true }))).map((one) => one.response).join(''),
  json: async () =>
    typeof JSON.parse((await client.generate({ model, prompt: 'Hi', format: 'json' })).response) === 'object',
  bound: async () => (await client.generate({ model, prompt: 'Hi', options: { num_predict: 2 } })).done_reason,
  embed: async () =>
    (await client.embed({ model: 'text-embedding-3-small', input: ['a', 'b'], dimensions: 4 })).embeddings.map(
      (one) => one.length,
    ),
  embeddings: async () =>
    (await client.embeddings({ model: 'text-embedding-3-small', prompt: 'a' })).embedding.length > 0,
  models: async () => (await client.list()).models.some((one) => one.model === model),
  show: async () => (await client.show({ model })).capabilities.includes('completion'),
  absentShow: async () => (await client.show({ model: 'none' })).capabilities,
  absentModel: async () => client.chat({ model: 'none', messages }),
};
const found = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    found[name] = await run();
  } catch (error) {
    found[name] = { status: error.status_code, told: error.message.includes('none') };
  }
}
process.stdout.write(JSON.stringify(found));
