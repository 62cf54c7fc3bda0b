// Calls Google's native endpoints by the official client for Node.js, under both versions of the API, and prints what came as
// one JSON object.
import { GoogleGenAI } from '@google/genai';

const [address, apiKey] = process.argv.slice(2);

const model = 'gpt-4o';
const contents = 'Hi';
const weather = { name: 'weather', parametersJsonSchema: { type: 'object' } };
const found = {};
for (const apiVersion of ['v1', 'v1beta']) {
  const ai = new GoogleGenAI({ apiKey, apiVersion, httpOptions: { baseUrl: address } });
  const cases = {
    content: async () => (await ai.models.generateContent({ model, contents, config: { temperature: 0.5 } })).text,
    stream: async () => {
      let text = '';
      for await (const one of await ai.models.generateContentStream({ model, contents })) text += one.text ?? '';
      return text;
    },
    chat: async () => (await ai.chats.create({ model }).sendMessage({ message: contents })).text,
    call: async () => {
      const config = {
        tools: [{ functionDeclarations: [weather] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
      };
      return (await ai.models.generateContent({ model, contents, config })).functionCalls[0].name;
    },
    json: async () => {
      const config = { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT' } };
      return typeof JSON.parse((await ai.models.generateContent({ model, contents, config })).text);
    },
    tokens: async () => (await ai.models.countTokens({ model, contents })).totalTokens > 0,
    embedding: async () => {
      const config = { outputDimensionality: 4 };
      const made = await ai.models.embedContent({ model: 'text-embedding-3-small', contents: ['a', 'b'], config });
      return made.embeddings.map(({ values }) => values.length);
    },
    models: async () => {
      for await (const one of await ai.models.list()) if (one.name === `models/${model}`) return true;
      return false;
    },
    absentModel: async () => ai.models.generateContent({ model: 'none', contents }),
  };
  found[apiVersion] = {};
  for (const [name, run] of Object.entries(cases))
    found[apiVersion][name] = await run().catch((error) => ({ status: error.status }));
}
process.stdout.write(JSON.stringify(found));
