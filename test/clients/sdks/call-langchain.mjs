// Calls, streams, batches, embeds and fails by LangChain, and prints what came as one JSON object.
import { ChatAnthropic } from '@langchain/anthropic';
import { ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings } from '@langchain/google-genai';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';

const [address, apiKey] = process.argv.slice(2);
const once = { apiKey, maxRetries: 0 };
const configuration = { baseURL: `${address}/v1` };
const makers = {
  chat: (model = 'gpt-4o') => new ChatOpenAI({ model, configuration, ...once }),
  responses: (model = 'gpt-4o') => new ChatOpenAI({ model, configuration, useResponsesApi: true, ...once }),
  completion: (model = 'text-davinci-003') => new OpenAI({ model, maxTokens: 200, configuration, ...once }),
  anthropic: (model = 'claude-sonnet-4-6') => new ChatAnthropic({ model, anthropicApiUrl: address, ...once }),
  google: (model = 'gemini-2.5-flash') => new ChatGoogleGenerativeAI({ model, baseUrl: address, ...once }),
};
const vectors = {
  openai: new OpenAIEmbeddings({ model: 'text-embedding-3-small', configuration, ...once }),
  google: new GoogleGenerativeAIEmbeddings({ model: 'text-embedding-3-small', baseUrl: address, ...once }),
};
const textOf = (said) => {
  if (typeof said === 'string') return said.trim();
  return typeof said.content === 'string' ? said.content : said.content.map((block) => block.text ?? '').join('');
};
const told = (error) => ({ status: error.status ?? `${error}` });

const found = { text: {}, stream: {}, batch: {}, absentModel: {}, embedding: {}, embeddings: {} };
for (const [name, make] of Object.entries(makers)) {
  found.text[name] = await make().invoke('Hi').then(textOf, told);
  found.stream[name] = await (async () => {
    let text = '';
    for await (const one of await make().stream('Hi')) text += typeof one === 'string' ? one : textOf(one);
    return text.trim();
  })().catch(told);
  found.batch[name] = await make()
    .batch(['Hi', 'Hi'])
    .then((all) => all.map(textOf), told);
  found.absentModel[name] = await make('gemini-none').invoke('Hi').catch(told);
}
for (const [name, model] of Object.entries(vectors)) {
  found.embedding[name] = await model.embedQuery('a').then((vector) => vector.length > 0, told);
  found.embeddings[name] = await model.embedDocuments(['a', 'b']).then((all) => all.length, told);
}
process.stdout.write(JSON.stringify(found));
