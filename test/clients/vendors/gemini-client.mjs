// Google's own client against the fake of Gemini: an answer, a stream, a function and its result, vectors, an error.
import { createRequire } from 'node:module';

const { GoogleGenAI } = createRequire(`${process.env.NODE_PATH}/`)('@google/genai');
const [baseUrl, apiKey] = process.argv.slice(2);
const ai = new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
const model = 'gemini-2.5-flash';
const said = await ai.models.generateContent({ model, contents: 'Hello' });
let stream = '';
for await (const chunk of await ai.models.generateContentStream({ model, contents: 'Hello' }))
  stream += chunk.text ?? '';
const tools = [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: { type: 'object' } }] }];
const user = { role: 'user', parts: [{ text: 'Weather?' }] };
const called = await ai.models.generateContent({ model, contents: [user], config: { tools } });
const result = { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { t: 21 } } }] };
const contents = [user, called.candidates[0].content, result];
const after = await ai.models.generateContent({ model, contents, config: { tools } });
const asked = { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 3 };
const embedded = await ai.models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'], config: asked });
const wrong = new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl } });
const failure = await wrong.models.generateContent({ model, contents: 'Hello' }).catch((error) => error);
process.stdout.write(
  JSON.stringify({
    text: said.text,
    thoughts: said.usageMetadata.thoughtsTokenCount,
    stream,
    call: called.functionCalls.map(({ name, args }) => [name, args]),
    after: after.text,
    vectors: embedded.embeddings.map(({ values }) => values.length),
    failure: failure.status,
  }),
);
