// Talks with each model by Google's official client for Node.js, and prints what came as one JSON object.
import { GoogleGenAI } from '@google/genai';

const [address, apiKey, ...models] = process.argv.slice(2);
const ai = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: address } });

const say = (...parts) => ({ role: 'user', parts });
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
// The same in Google's own words.
const googleSchema = {
  type: 'OBJECT',
  properties: { city: { type: 'STRING' }, days: { type: 'INTEGER' } },
  required: ['city', 'days'],
};
const functionDeclarations = ['weather', 'hotels'].map((name) => ({
  name,
  description: `Tells ${name}.`,
  ...(name === 'weather' ? { parametersJsonSchema: schema } : { parameters: googleSchema }),
}));
const tools = [{ functionDeclarations }];
const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function casesOf(model) {
  const create = (config = {}, contents = 'Hi') => ai.models.generateContent({ model, contents, config });
  /** What a whole answer would have told, gathered from a stream. */
  const gather = async (config = {}, contents = 'Hi') => {
    const parts = [];
    let last;
    for await (const chunk of await ai.models.generateContentStream({ model, contents, config })) {
      parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
      last = chunk;
    }
    const text = parts.flatMap((part) => (part.text !== undefined && part.thought !== true ? [part.text] : []));
    const functionCalls = parts.flatMap((part) => (part.functionCall === undefined ? [] : [part.functionCall]));
    const [candidate] = last.candidates;
    const content = { role: 'model', parts: parts.filter((part) => part.text !== '') };
    const usageMetadata = last.usageMetadata;
    return { text: text.join(''), functionCalls, usageMetadata, candidates: [{ ...candidate, content }] };
  };
  const told = ({ text, usageMetadata: usage, candidates }) => [
    text,
    [
      usage.promptTokenCount,
      usage.cachedContentTokenCount ?? 0,
      usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
    ],
    candidates[0].finishReason,
  ];
  const loop = async (answer) => {
    const first = await answer({ tools });
    const results = first.functionCalls.map(({ id, name }) => ({
      functionResponse: { ...(id === undefined ? {} : { id }), name, response: { degrees: 3 } },
    }));
    const contents = [say({ text: 'Hi' }), first.candidates[0].content, say(...results)];
    const after = await answer({ tools }, contents);
    return [first.functionCalls.map(({ name, args }) => [name, args]), after.text];
  };
  return {
    whole: async () =>
      told(
        await create({
          systemInstruction: 'Be brief.',
          temperature: 0.5,
          maxOutputTokens: 100,
          stopSequences: ['END'],
        }),
      ),
    stream: async () => told(await gather()),
    cut: async () => (await create({ maxOutputTokens: 5 })).candidates[0].finishReason,
    loop: () => loop(create),
    streamedLoop: () => loop(gather),
    chosen: async () => {
      const functionCallingConfig = { mode: 'ANY', allowedFunctionNames: ['hotels'] };
      const { functionCalls } = await create({ tools, toolConfig: { functionCallingConfig } });
      return functionCalls.map(({ name, args }) => [name, args]);
    },
    chat: async () => {
      const chat = ai.chats.create({ model, config: { tools } });
      const first = await chat.sendMessage({ message: 'Hi' });
      const results = first.functionCalls.map(({ id, name }) => ({
        functionResponse: { ...(id === undefined ? {} : { id }), name, response: { output: 'warm' } },
      }));
      return (await chat.sendMessage({ message: results })).text;
    },
    json: async () =>
      JSON.parse((await create({ responseMimeType: 'application/json', responseJsonSchema: schema })).text),
    googleJson: async () =>
      JSON.parse((await create({ responseMimeType: 'application/json', responseSchema: googleSchema })).text),
    picture: async () =>
      (await create({}, [say({ inlineData: { mimeType: 'image/png', data } }, { text: 'What?' })])).text,
    thought: async () => {
      const { candidates } = await create({ thinkingConfig: { includeThoughts: true } });
      return candidates[0].content.parts.find(({ thought }) => thought)?.text ?? null;
    },
    refused: async () => (await create({}, 'forbidden')).candidates[0].finishReason,
    refusedStream: async () => (await gather({}, 'forbidden')).candidates[0].finishReason,
  };
}

const found = {};
for (const model of models) {
  found[model] = {};
  for (const [name, run] of Object.entries(casesOf(model)))
    found[model][name] = await run().catch((error) => ({ status: error.status, is: error.name }));
}
process.stdout.write(JSON.stringify(found));
