// The OpenAI dialect. Source: OpenAI's public API reference; what strict clients depend on is in the tests.

import { renderError } from '../wire/openai/errors.ts';
import { readChat } from '../wire/openai/read-chat.ts';
import { renderChat, renderChatStream } from '../wire/openai/render-chat.ts';
import type { Dialect, PublicModel } from './dialect.ts';

const renderModel = (model: PublicModel) => ({
  id: model.name,
  object: 'model',
  created: model.createdAtS,
  owned_by: model.ownedBy,
});

export const openai: Dialect = {
  name: 'openai',
  language: 'en',
  routes: [
    {
      action: 'call',
      method: 'POST',
      path: '/v1/chat/completions',
      endpoint: 'chat',
      read: readChat,
      answer: renderChat,
      stream: renderChatStream,
    },
    {
      action: 'models',
      method: 'GET',
      path: '/v1/models',
      endpoint: 'models',
      render: (models) => ({
        status: 200,
        body: { object: 'list', data: models.filter((model) => model.active).map(renderModel) },
      }),
    },
    {
      action: 'model',
      method: 'GET',
      path: '/v1/models/',
      endpoint: 'models',
      render: (model) => ({ status: 200, body: renderModel(model) }),
    },
  ],
  error: (error) => renderError(error),
};
