// The Sydney dialect: chat, prompt, image and moderation. Source: the Sydney API document of 22 August 2023. The key comes
// in `Authorization`, with or without `Bearer`; every error is `{"error": "<text>"}`.
import type { Answer, ChatCall, ImageCall, Message, Role } from '../core/call.ts';
import { ASPECT_RATIOS, isAspectRatio } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import { CallError as Failure } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { isObject } from '../core/fields.ts';
import { parseObject } from '../core/json-guard.ts';
import type { Moderation, ModerationRequest } from '../core/moderation/index.ts';
import { MODERATED_CHARS_MAX } from '../core/moderation/index.ts';
import type { Rendered, WireBody } from '../wire/rendering.ts';
import { messagesOfPrompt } from '../wire/turns.ts';
import type { Dialect } from './dialect.ts';

const CLAUDE_MODELS = ['claude-2-100k', 'claude-1.3-100k', 'claude-instant-1-100k'] as const;
const CHAT_MODELS: readonly string[] = ['gpt-3.5-turbo', 'gpt-4', ...CLAUDE_MODELS];
/** The document spells kandinsky without its second n in one place and with it in another. */
const IMAGE_MODELS: Readonly<Record<string, string>> = { sdxl: 'sdxl', kandisky: 'kandinsky', kandinsky: 'kandinsky' };
const ROLES: readonly string[] = ['user', 'system', 'assistant'];
const DEFAULT_FILTERS = ['nsfw', 'nsfl'];
const FILTERS_MAX = 64;
const FILTER_CHARS_MAX = 200;
const MESSAGES_MAX = 10_000;

export const sydney: Dialect = {
  name: 'sydney',
  language: 'ru',
  routes: [
    { action: 'call', method: 'POST', path: '/v1/chat', endpoint: 'chat', read: readChat, answer: renderReply },
    { action: 'call', method: 'POST', path: '/v1/prompt', endpoint: 'prompt', read: readPrompt, answer: renderReply },
    {
      action: 'image',
      method: 'POST',
      path: '/v1/image',
      endpoint: 'image',
      read: readImage,
      render: (urls) => ({ status: 200, body: { url: urls[0] ?? '' } }),
    },
    {
      action: 'moderate',
      method: 'POST',
      path: '/v1/moderate',
      endpoint: 'moderation',
      readKey: readSlippedKey,
      read: readModeration,
      render: renderModeration,
    },
  ],
  error: renderError,
};

function readChat(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  const model = readModel(value, CHAT_MODELS);
  const { messages } = value;
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > MESSAGES_MAX) {
    throw invalid('messages', 'Параметр messages должен быть непустым массивом сообщений.');
  }
  return chatCall(model, messages.map(readMessage));
}

function readMessage(value: unknown, i: number): Message {
  const role = isObject(value) ? value['role'] : undefined;
  const content = isObject(value) ? value['content'] : undefined;
  if (typeof role !== 'string' || !ROLES.includes(role))
    throw invalid(`messages[${i}].role`, `Роль сообщения должна быть одной из: ${ROLES.join(', ')}.`);
  if (typeof content !== 'string')
    throw invalid(`messages[${i}].content`, 'Параметр content сообщения должен быть текстом.');
  return { role: role as Role, parts: [{ kind: 'text', text: content }] };
}

function readPrompt(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  const model = readModel(value, CLAUDE_MODELS);
  return chatCall(model, messagesOfPrompt(readText(value, 'prompt')));
}

function chatCall(model: string, messages: readonly Message[]): ChatCall {
  return { endpoint: 'chat', model, messages, options: {}, stream: false, includeUsage: false, extra: {} };
}

function renderReply(answer: Answer): Rendered {
  const choice = answer.choices[0];
  return { status: 200, body: { reply: choice?.text ?? choice?.refusal ?? '' } };
}

function readImage(body: WireBody): ImageCall {
  const { value } = parseObject(body.text);
  const asked = readModel(value, Object.keys(IMAGE_MODELS));
  const model = IMAGE_MODELS[asked] as string;
  const prompt = readText(value, 'prompt');
  const { negative } = value;
  const ar = value['ar'] ?? '1:1';
  if (!isAspectRatio(ar)) throw invalid('ar', `Параметр ar должен быть одним из: ${ASPECT_RATIOS.join(', ')}.`);
  if (negative === undefined || negative === null) return { endpoint: 'image', model, prompt, aspectRatio: ar, n: 1 };
  if (typeof negative !== 'string') throw invalid('negative', 'Параметр negative должен быть текстом.');
  if (model !== 'sdxl') throw invalid('negative', 'Параметр negative поддерживает только модель sdxl.');
  return { endpoint: 'image', model, prompt, aspectRatio: ar, n: 1, negativePrompt: negative };
}

function readModeration(body: WireBody): ModerationRequest {
  const value = withoutAxiosSlip(parseObject(body.text).value);
  const text = readText(value, 'q');
  if (text.length > MODERATED_CHARS_MAX)
    throw new Failure('body_too_large', {
      param: 'q',
      message: `Параметр q длиннее ${MODERATED_CHARS_MAX} символов.`,
    });
  return { texts: [text], filters: readFilters(value['filters']) };
}

function renderModeration({ judgements }: Moderation): Rendered {
  const filters = judgements[0] ?? {};
  return { status: 200, body: { flagged: Object.values(filters).some(({ flagged }) => flagged), filters } };
}

/**
 * The document's own example passes axios its options as the body: `{"headers": …, "data": {…}}`. The request itself then
 * has neither the key nor the fields; the body has both.
 */
function withoutAxiosSlip(value: JsonObject): JsonObject {
  return value['q'] === undefined && isObject(value['data']) ? value['data'] : value;
}

function readSlippedKey(body: WireBody): string | undefined {
  const value = objectOrNothing(body);
  if (value === undefined || withoutAxiosSlip(value) === value || !isObject(value['headers'])) return undefined;
  const found = Object.entries(value['headers']).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  if (typeof found !== 'string') return undefined;
  const key = found.replace(/^Bearer\s+/i, '').trim();
  return key === '' ? undefined : key;
}

/** A body that cannot be read has no key; what is wrong with it is told to callers that are known. */
function objectOrNothing(body: WireBody): JsonObject | undefined {
  try {
    return parseObject(body.text).value;
  } catch {
    return undefined;
  }
}

function readFilters(value: unknown): readonly string[] {
  if (value === undefined || value === null) return DEFAULT_FILTERS;
  const isList = Array.isArray(value) && value.length <= FILTERS_MAX;
  if (
    !isList ||
    !value.every((item) => typeof item === 'string' && item.trim() !== '' && item.length <= FILTER_CHARS_MAX)
  ) {
    throw invalid(
      'filters',
      `Параметр filters должен быть списком слов: не больше ${FILTERS_MAX}, каждое до ${FILTER_CHARS_MAX} символов.`,
    );
  }
  return value.length === 0 ? DEFAULT_FILTERS : value;
}

function readModel(value: JsonObject, known: readonly string[]): string {
  const { model } = value;
  if (typeof model !== 'string' || !known.includes(model))
    throw invalid('model', `Параметр model должен быть одним из: ${known.join(', ')}.`);
  return model;
}

function readText(value: JsonObject, name: string): string {
  const text = value[name];
  if (typeof text !== 'string' || text.trim() === '')
    throw invalid(name, `Параметр ${name} должен быть непустым текстом.`);
  return text;
}

function invalid(param: string, message: string): Failure {
  return new Failure('invalid_field', { param, message });
}

/**
 * The document knows 401, 403, 429 and 500, and a bad field is 400; every other failure of a call is one of these to its
 * clients. A method that a route does not take is no call, and stays 405.
 */
const SHOWN_STATUSES: readonly number[] = [401, 403, 405, 429];

function renderError(error: CallError): Rendered {
  const { status } = error;
  const shown = SHOWN_STATUSES.includes(status) ? status : status >= 499 ? 500 : 400;
  return { status: shown, body: { error: error.text('ru') } };
}
