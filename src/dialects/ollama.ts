// The Ollama dialect: its native protocol, for clients that speak no other. The key comes as for Ollama's own cloud, in
// `Authorization: Bearer`. Routes that manage an Ollama's own files, such as `pull`, are not there. Source: `docs/api.md`
// of Ollama.
import { readEmbed, readOldEmbed, renderEmbed, renderOldEmbed } from '../wire/ollama/embed.ts';
import { renderError } from '../wire/ollama/errors.ts';
import { readChat, readGenerate } from '../wire/ollama/read-call.ts';
import { renderChat, renderChatStream, renderGenerate, renderGenerateStream } from '../wire/ollama/render-call.ts';
import { OLLAMA_VERSION, readShownName, renderModel, renderModelList } from '../wire/ollama/render-models.ts';
import type { Dialect } from './dialect.ts';

export const ollama: Dialect = {
  name: 'ollama',
  language: 'en',
  routes: [
    {
      action: 'call',
      method: 'POST',
      path: '/api/chat',
      endpoint: 'chat',
      read: readChat,
      answer: renderChat,
      stream: renderChatStream,
    },
    {
      action: 'call',
      method: 'POST',
      path: '/api/generate',
      endpoint: 'chat',
      read: readGenerate,
      answer: renderGenerate,
      stream: renderGenerateStream,
    },
    {
      action: 'work',
      kind: 'embedding',
      method: 'POST',
      path: '/api/embed',
      endpoint: 'embedding',
      read: readEmbed,
      render: renderEmbed,
    },
    {
      action: 'work',
      kind: 'embedding',
      method: 'POST',
      path: '/api/embeddings',
      endpoint: 'embedding',
      read: readOldEmbed,
      render: renderOldEmbed,
    },
    {
      action: 'models',
      method: 'GET',
      path: '/api/tags',
      endpoint: 'models',
      render: (models) => ({ status: 200, body: renderModelList(models.filter(({ active }) => active)) }),
    },
    {
      action: 'model',
      method: 'POST',
      path: '/api/show',
      endpoint: 'models',
      readName: readShownName,
      render: (model) => ({ status: 200, body: renderModel(model) }),
    },
    {
      action: 'models',
      method: 'GET',
      path: '/api/version',
      endpoint: 'models',
      render: () => ({ status: 200, body: { version: OLLAMA_VERSION } }),
    },
  ],
  error: (error) => renderError(error),
};
