// The OpenAI dialect. Source: OpenAI's public API reference; what strict clients depend on is in the tests.

import { renderError as renderAnthropicError } from '../wire/anthropic/errors.ts';
import { renderModel as renderAnthropicModel, renderModelPage } from '../wire/anthropic/render-models.ts';
import { renderError as renderGeminiError } from '../wire/gemini/errors.ts';
import { renderModel as renderGeminiModel, renderModelList } from '../wire/gemini/render-models.ts';
import { renderError } from '../wire/openai/errors.ts';
import { readModeration, renderAllCategories } from '../wire/openai/moderation.ts';
import {
  readSpeech,
  readTranscription,
  readTranslation,
  renderSpeech,
  renderTranscript,
} from '../wire/openai/read-audio.ts';
import { readChat } from '../wire/openai/read-chat.ts';
import { readCompletion, readEngineCompletion } from '../wire/openai/read-completion.ts';
import { readEmbeddings, renderEmbeddings } from '../wire/openai/read-embeddings.ts';
import { readImage, readImageEdit, renderImages } from '../wire/openai/read-image.ts';
import { readResponses } from '../wire/openai/read-responses.ts';
import { renderChat, renderChatStream } from '../wire/openai/render-chat.ts';
import { renderCompletion, renderCompletionStream } from '../wire/openai/render-completion.ts';
import { renderResponse } from '../wire/openai/render-response.ts';
import { renderResponseStream } from '../wire/openai/render-response-stream.ts';
import type { Dialect, ErrorRenderer, PublicModel, WorkRoute } from './dialect.ts';

/** Clients of other families ask for models at the same paths, each with a header of its own. */
const isAnthropicClient = (headers: Headers) => headers.has('anthropic-version');
const isGeminiClient = (headers: Headers) => headers.has('x-goog-api-key');

const renderModel = (model: PublicModel) => ({
  id: model.name,
  object: 'model',
  created: model.createdAtS,
  owned_by: model.ownedBy,
});

const modelsError: ErrorRenderer = (error, context) => {
  const { headers = new Headers() } = context;
  if (isAnthropicClient(headers)) return renderAnthropicError(error, context);
  return isGeminiClient(headers) ? renderGeminiError(error) : renderError(error);
};

/** What the routes of models have in common. */
const MODELS = { method: 'GET', endpoint: 'models', error: modelsError, requestIdHeader: 'request-id' } as const;

const transcripts = (path: string, read: WorkRoute<'transcription'>['read']): WorkRoute<'transcription'> => ({
  action: 'work',
  kind: 'transcription',
  method: 'POST',
  path,
  endpoint: 'transcription',
  takesFiles: true,
  read,
  render: renderTranscript,
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
      action: 'call',
      method: 'POST',
      path: '/v1/completions',
      endpoint: 'completion',
      read: readCompletion,
      answer: renderCompletion,
      stream: renderCompletionStream,
    },
    {
      // Python's client before 1.0, where a program names an engine instead of a model.
      action: 'call',
      method: 'POST',
      path: '/v1/engines/{name}/completions',
      endpoint: 'completion',
      read: readEngineCompletion,
      answer: renderCompletion,
      stream: renderCompletionStream,
    },
    {
      action: 'call',
      method: 'POST',
      path: '/v1/responses',
      endpoint: 'chat',
      read: readResponses,
      answer: renderResponse,
      stream: renderResponseStream,
    },
    {
      action: 'work',
      kind: 'embedding',
      method: 'POST',
      path: '/v1/embeddings',
      endpoint: 'embedding',
      read: readEmbeddings,
      render: renderEmbeddings,
    },
    {
      action: 'image',
      method: 'POST',
      path: '/v1/images/generations',
      endpoint: 'image',
      read: readImage,
      render: renderImages,
    },
    {
      action: 'image',
      method: 'POST',
      path: '/v1/images/edits',
      endpoint: 'image',
      takesFiles: true,
      read: readImageEdit,
      render: renderImages,
    },
    {
      action: 'work',
      kind: 'speech',
      method: 'POST',
      path: '/v1/audio/speech',
      endpoint: 'speech',
      read: readSpeech,
      render: renderSpeech,
    },
    transcripts('/v1/audio/transcriptions', readTranscription),
    transcripts('/v1/audio/translations', readTranslation),
    {
      action: 'moderate',
      method: 'POST',
      path: '/v1/moderations',
      endpoint: 'moderation',
      read: readModeration,
      render: renderAllCategories,
    },
    {
      ...MODELS,
      action: 'models',
      path: '/v1/models',
      render(models, headers) {
        const active = models.filter((model) => model.active);
        if (isAnthropicClient(headers)) return { status: 200, body: renderModelPage(active) };
        if (isGeminiClient(headers)) return { status: 200, body: renderModelList(active) };
        return { status: 200, body: { object: 'list', data: active.map(renderModel) } };
      },
    },
    {
      ...MODELS,
      action: 'model',
      path: '/v1/models/',
      render(model, headers) {
        if (isAnthropicClient(headers)) return { status: 200, body: renderAnthropicModel(model) };
        if (isGeminiClient(headers)) return { status: 200, body: renderGeminiModel(model) };
        return { status: 200, body: renderModel(model) };
      },
    },
  ],
  error: (error) => renderError(error),
};
