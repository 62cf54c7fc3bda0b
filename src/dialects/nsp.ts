// The NSP dialect: text completions of two vendors, chat, models, moderation, tokens and pictures under `/api`. Source:
// the NSP Cloud AI document. Its errors are OpenAI error objects.
import type { ImageCall } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import { optionalString } from '../core/fields.ts';
import { parseObject } from '../core/json-guard.ts';
import { encodingForModel } from '../core/tokenizer/encoding-for-model.ts';
import { tokenize } from '../core/tokenizer/tokenize.ts';
import { utf8Length } from '../core/tokens.ts';
import { readTextCompletion } from '../wire/anthropic/read-completion.ts';
import { renderTextCompletion, renderTextCompletionStream } from '../wire/anthropic/render-completion.ts';
import { renderError } from '../wire/openai/errors.ts';
import { readModeration, renderSevenCategories } from '../wire/openai/moderation.ts';
import { readChat } from '../wire/openai/read-chat.ts';
import { readCompletion } from '../wire/openai/read-completion.ts';
import { readImagePrompt, renderImages } from '../wire/openai/read-image.ts';
import { renderChat, renderChatStream } from '../wire/openai/render-chat.ts';
import { renderCompletion, renderCompletionStream } from '../wire/openai/render-completion.ts';
import type { AnswerContext, Rendered, WireBody } from '../wire/rendering.ts';
import type { Dialect, ImageRoute, PublicModel } from './dialect.ts';

/** So much takes a tenth of a second at most, in which nothing else runs. */
const TOKENIZER_BYTES_MAX = 131_072;
const IMAGE_PROMPT_CHARS_MAX = 4_000;

/** The document's names of its models; every other model is shown under its own. */
const DISPLAY_NAMES: Readonly<Record<string, string>> = {
  'text-ada-001': 'Ada',
  'text-babbage-001': 'Babbage',
  'text-curie-001': 'Curie',
  'text-davinci-003': 'Davinci',
  'claude-v1.0': 'Claude v1.0',
  'claude-v1.2': 'Claude v1.2',
  'claude-v1.3': 'Claude v1.3',
  'claude-instant-v1': 'Claude Instant v1',
};

const kandinsky = (path: string): ImageRoute => ({
  action: 'image',
  method: 'POST',
  path,
  endpoint: 'image',
  read: readKandinsky,
  render: renderKandinsky,
});

export const nsp: Dialect = {
  name: 'nsp',
  language: 'en',
  routes: [
    {
      action: 'call',
      method: 'POST',
      path: '/api/v1/completions',
      endpoint: 'completion',
      read: readCompletion,
      answer: renderCompletion,
      stream: renderCompletionStream,
    },
    {
      action: 'call',
      method: 'POST',
      path: '/api/v1/completions/claude',
      endpoint: 'completion',
      read: readTextCompletion,
      answer: renderTextCompletion,
      stream: renderTextCompletionStream,
    },
    {
      action: 'call',
      method: 'POST',
      path: '/api/v1/chat/completions',
      endpoint: 'chat',
      read: readChat,
      answer: renderChat,
      stream: renderChatStream,
    },
    { action: 'models', method: 'GET', path: '/api/v1/models', endpoint: 'models', render: renderModels },
    {
      action: 'moderate',
      method: 'POST',
      path: '/api/v1/moderations',
      endpoint: 'moderation',
      read: readModeration,
      render: renderSevenCategories,
    },
    { action: 'tokenize', method: 'POST', path: '/api/v1/tokenizer', endpoint: 'tokenizer', answer: answerTokens },
    // The document's base address ends in `/api`, and its line for pictures leaves that out.
    kandinsky('/kandinsky'),
    kandinsky('/api/kandinsky'),
  ],
  error: (error) => renderError(error),
};

function renderModels(models: readonly PublicModel[]): Rendered {
  const body = models
    .filter(({ kind }) => kind === 'text')
    .map(({ name, ownedBy, active }) => ({
      name: DISPLAY_NAMES[name] ?? name,
      model: name,
      status: active ? 'active' : 'disabled',
      platform: ownedBy,
    }));
  return { status: 200, body };
}

async function answerTokens(body: WireBody): Promise<Rendered> {
  const { value } = parseObject(body.text);
  const prompt = optionalString(value, 'prompt');
  if (prompt === undefined)
    throw new CallError('missing_field', { param: 'prompt', message: "Missing required parameter: 'prompt'." });
  if (utf8Length(prompt) > TOKENIZER_BYTES_MAX)
    throw new CallError('body_too_large', {
      param: 'prompt',
      message: `"prompt" is longer than ${TOKENIZER_BYTES_MAX} bytes.`,
    });
  const { ids, pieces } = await tokenize(prompt, encodingForModel(optionalString(value, 'model')));
  return { status: 200, body: { tokens: ids.length, encoded: { bpe: ids, text: pieces }, decoded: prompt } };
}

function readKandinsky(body: WireBody): ImageCall {
  const { value } = parseObject(body.text);
  const prompt = readImagePrompt(value, IMAGE_PROMPT_CHARS_MAX);
  const style = optionalString(value, 'style');
  const call: ImageCall = { endpoint: 'image', model: 'kandinsky', prompt, aspectRatio: '1:1', n: 1 };
  return style === undefined || style === '' ? call : { ...call, style };
}

function renderKandinsky(urls: readonly string[], context: AnswerContext): Rendered {
  const { status, body } = renderImages(urls, context);
  return { status, body: { ...(body as object), url: urls[0] ?? '' } };
}
