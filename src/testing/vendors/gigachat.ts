// GigaChat as its API reference and its own Python client have it: keys of half an hour, so many calls at once, function
// calls with arguments as objects, pictures as files of one client, both those that are drawn and those to look at.
import { PIXEL } from '../fault-scripts.ts';
import type { Asked } from './fake-vendor.ts';
import { cutFrames, FakeVendor, jsonOf, refuse, streamOf } from './fake-vendor.ts';
import { FileStore } from './gigachat-files.ts';
import { GigaChatKeys } from './gigachat-keys.ts';
import type { Heard, Said, Trouble } from './heard.ts';
import { answerTo, troubleOf, wordsOf, wordsOfTrouble } from './heard.ts';

export const GIGACHAT_USAGE = {
  prompt_tokens: 4,
  completion_tokens: 7,
  total_tokens: 11,
  precached_prompt_tokens: 5,
};
export const STATE_ID = '77d3fb14-457a-46ba-937e-8d856156d003';
const SEEING = /-(?:Pro|Max)\b/;
const PICTURES_MAX = 10;

type Message = {
  readonly role: string;
  readonly content: string;
  readonly attachments?: readonly string[];
};
export type GigaChatBody = {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly Message[];
  readonly functions?: readonly { readonly name: string }[];
  readonly function_call?: unknown;
  readonly response_format?: { readonly type?: string; readonly schema?: unknown };
};

export function gigachatAnswer(text: string): Record<string, unknown> {
  return gigachatAnswerOf({ role: 'assistant', content: text }, 'stop');
}

export function gigachatFrames(text: string, reason = 'stop'): string[] {
  return gigachatFramesOf([
    ...wordsOf(text).map((content, i) => ({ delta: { content, ...(i === 0 ? { role: 'assistant' } : {}) } })),
    { delta: { content: '' }, finish_reason: reason },
  ]);
}

export function gigachatAnswerOf(message: unknown, reason: string): Record<string, unknown> {
  const choices = [{ message, index: 0, finish_reason: reason }];
  return { choices, created: 1_790_000_000, model: 'GigaChat:2', object: 'chat.completion', usage: GIGACHAT_USAGE };
}

export function gigachatFramesOf(choices: readonly Record<string, unknown>[]): string[] {
  const chunks = choices.map((choice, i) => ({
    choices: [{ index: 0, ...choice }],
    created: 1_790_000_000,
    model: 'GigaChat:2',
    object: 'chat.completion',
    ...(i === choices.length - 1 ? { usage: GIGACHAT_USAGE } : {}),
  }));
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'];
}

export type GigaChatSettings = {
  readonly credentials: string;
  readonly scope?: string;
  /** Calls at once that the account may have. */
  readonly atOnce?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly nowMs?: () => number;
};

export class FakeGigaChat extends FakeVendor {
  readonly #keys: GigaChatKeys;
  /** The pictures of its customers and its own. */
  readonly files = new FileStore();
  #generating = 0;
  /** What keeps an answer of a chat waiting. */
  delayMs = 0;

  constructor({ credentials, scope = 'GIGACHAT_API_PERS', atOnce = 1, tls, nowMs = Date.now }: GigaChatSettings) {
    const keys = new GigaChatKeys({ credentials, scope, nowMs });
    super((asked) => {
      const refusal = keys.answer(asked);
      if (refusal !== undefined) return refusal;
      if (asked.path.startsWith('/api/v1/files')) return this.files.answer(asked);
      if (asked.path === '/api/v1/models') return Response.json({ object: 'list', data: [] });
      const trouble = troubleOf(asked.text);
      if (typeof trouble === 'number') return refuse(trouble, { status: trouble, message: wordsOfTrouble(trouble) });
      if (asked.path === '/api/v1/embeddings') return embed(asked, trouble);
      if (asked.path !== '/api/v1/chat/completions') return refuse(404, { status: 404, message: 'no such route' });
      return this.#chat(asked, atOnce, trouble);
    }, tls);
    this.#keys = keys;
  }

  /** Ends all keys before their time. */
  endKeys(): void {
    this.#keys.end();
  }

  async #chat(asked: Asked, atOnce: number, trouble: Trouble | undefined): Promise<Response> {
    const body = JSON.parse(asked.text) as GigaChatBody;
    const problem = problemOfChat(body);
    if (problem !== undefined) return refuse(422, { status: 422, message: problem });
    const pictures = attachmentsOf(body).map((id) => this.files.describe(id, asked));
    const missing = pictures.find((picture) => picture instanceof Response);
    if (missing instanceof Response) return missing;
    if (this.#generating >= atOnce) return refuse(429, { status: 429, message: 'Too Many Requests' });
    this.#generating += 1;
    const end = () => (this.#generating -= 1);
    await Bun.sleep(this.delayMs);
    const isDrawing = body.functions === undefined && body.function_call === 'auto';
    if (isDrawing || body.stream !== true) end();
    if (isDrawing) return Response.json(this.#draw(body.messages.at(-1)?.content ?? '', asked));
    const said = answerTo(hear(body, pictures as string[]), 'Привет из Сбера.');
    const isCut = trouble === 'cut';
    return body.stream === true ? streamOf(cutFrames(streamed(said), isCut), end) : jsonOf(whole(said), isCut);
  }

  #draw(prompt: string, { headers }: Asked): Record<string, unknown> {
    if (prompt.includes('запретное')) return gigachatAnswer('Не люблю рисовать такое.');
    const id = this.files.keep(PIXEL, 'image/jpg', headers.get('x-client-id'));
    return gigachatAnswer(`Готово: <img src="${id}" fuse="true"/> вот картинка`);
  }
}

function whole(said: Said): Record<string, unknown> {
  return 'text' in said ? gigachatAnswer(said.text) : gigachatAnswerOf(messageOf(said), 'function_call');
}

function streamed(said: Said): string[] {
  return 'text' in said
    ? gigachatFrames(said.text)
    : gigachatFramesOf([{ delta: messageOf(said), finish_reason: 'function_call' }]);
}

function messageOf({ call }: Exclude<Said, { text: string }>): unknown {
  const made = { name: call.name, arguments: call.args };
  return { role: 'assistant', content: '', function_call: made, functions_state_id: STATE_ID };
}

function hear(
  { stream, functions, function_call, messages, response_format: format }: GigaChatBody,
  pictures: string[],
): Heard {
  const last = messages.at(-1);
  const offered = function_call === 'none' || function_call === undefined ? [] : (functions ?? []);
  return {
    isStream: stream === true,
    tools: offered.map(({ name }) => name),
    results: last?.role === 'function' ? [resultOf(last.content)] : [],
    pictures,
    schema: format?.type === 'json_schema' ? format.schema : undefined,
  };
}

function resultOf(content: string): string {
  const { result } = JSON.parse(content) as { result?: unknown };
  return typeof result === 'string' ? result : content;
}

function attachmentsOf({ messages }: GigaChatBody): string[] {
  return messages.flatMap(({ attachments }) => attachments ?? []);
}

/** Why the vendor would refuse the body with a 422. */
export function problemOfChat(body: GigaChatBody): string | undefined {
  const { messages, model } = body;
  if (messages.length === 0) return 'messages are empty';
  if (messages.slice(1).some(({ role }) => role === 'system')) return 'system message must be the first message';
  if (messages.some(({ role }) => !['system', 'user', 'assistant', 'function'].includes(role))) return 'unknown role';
  if (messages.some(({ content }) => typeof content !== 'string')) return 'content must be a string';
  for (const { role, content } of messages)
    if (role === 'function' && !isJson(content)) return 'content of a function must be JSON';
  if (messages.some(({ attachments = [] }) => attachments.length > 1)) return 'a message may have one picture';
  const attached = attachmentsOf(body).length;
  if (attached > PICTURES_MAX) return 'too many pictures';
  if (attached > 0 && !SEEING.test(model)) return 'the model does not see pictures';
  if ('temperature' in body && body.temperature === 0) return 'temperature must be above 0';
  return 'tools' in body ? 'tools are not known' : undefined;
}

/** Tokens are counted for each text, and the vectors come with their numbers. */
function embed({ text }: Asked, trouble: Trouble | undefined): Response {
  const { model, input, ...strange } = JSON.parse(text) as { model?: string; input?: unknown };
  if (!/^Embeddings/.test(model ?? '')) return refuse(404, { status: 404, message: 'No such model' });
  const texts = [input].flat();
  if (texts.length === 0 || texts.some((one) => typeof one !== 'string') || Object.keys(strange).length > 0)
    return refuse(422, { status: 422, message: 'input must be a text or texts' });
  const data = texts.map((_, index) => {
    const usage = { prompt_tokens: index === 0 ? 10 - texts.length : 1 };
    return { object: 'embedding', embedding: [index, 0.25, 0.25], index, usage };
  });
  return jsonOf({ object: 'list', data, model }, trouble === 'cut');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
