// The Gemini dialect: Google's native protocol, under both of the versions that its clients ask for. The key comes in
// `x-goog-api-key`; one in the address is refused as everywhere. Source: Google's public API reference.
import { estimateInputTokens } from '../core/input-size.ts';
import { readBatchEmbed, readEmbed, renderBatchEmbed, renderEmbed } from '../wire/gemini/embed.ts';
import { renderError } from '../wire/gemini/errors.ts';
import { readCounted, readGenerate, readStreamGenerate } from '../wire/gemini/read-generate.ts';
import { renderGenerate, renderGenerateStream } from '../wire/gemini/render-generate.ts';
import { renderModel, renderModelList } from '../wire/gemini/render-models.ts';
import type { WireBody } from '../wire/rendering.ts';
import type { Dialect, Route } from './dialect.ts';

/** Those under which the official clients look for models; the first is also that of OpenAI's list of them. */
const VERSIONS = ['/v1', '/v1beta'];

const routesOf = (version: string): Route[] => [
  {
    action: 'call',
    method: 'POST',
    path: `${version}/models/{name}:generateContent`,
    endpoint: 'chat',
    read: readGenerate,
    answer: renderGenerate,
  },
  {
    action: 'call',
    method: 'POST',
    path: `${version}/models/{name}:streamGenerateContent`,
    endpoint: 'chat',
    read: readStreamGenerate,
    answer: renderGenerate,
    stream: renderGenerateStream,
  },
  {
    action: 'tokenize',
    method: 'POST',
    path: `${version}/models/{name}:countTokens`,
    endpoint: 'tokenizer',
    answer: async (body: WireBody) => ({ status: 200, body: { totalTokens: estimateInputTokens(readCounted(body)) } }),
  },
  {
    action: 'work',
    kind: 'embedding',
    method: 'POST',
    path: `${version}/models/{name}:embedContent`,
    endpoint: 'embedding',
    read: readEmbed,
    render: renderEmbed,
  },
  {
    action: 'work',
    kind: 'embedding',
    method: 'POST',
    path: `${version}/models/{name}:batchEmbedContents`,
    endpoint: 'embedding',
    read: readBatchEmbed,
    render: renderBatchEmbed,
  },
];

export const gemini: Dialect = {
  name: 'gemini',
  language: 'en',
  routes: [
    ...VERSIONS.flatMap(routesOf),
    {
      action: 'models',
      method: 'GET',
      path: '/v1beta/models',
      endpoint: 'models',
      render: (models) => ({ status: 200, body: renderModelList(models.filter(({ active }) => active)) }),
    },
    {
      action: 'model',
      method: 'GET',
      path: '/v1beta/models/',
      endpoint: 'models',
      render: (model) => ({ status: 200, body: renderModel(model) }),
    },
  ],
  error: (error) => renderError(error),
};
