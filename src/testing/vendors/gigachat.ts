// GigaChat as its API reference and its own Python client have it: keys of half an hour, so many calls at once, function
// calls with arguments as objects, pictures as files of one client.
import { PIXEL } from '../fault-scripts.ts';
import type { Asked } from './fake-vendor.ts';
import { FakeVendor, refuse, streamOf } from './fake-vendor.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KEY_MS = 30 * 60_000;
export const GIGACHAT_USAGE = {
  prompt_tokens: 4,
  completion_tokens: 7,
  total_tokens: 11,
  precached_prompt_tokens: 5,
};
const WEATHER = { name: 'weather', arguments: { city: 'Москва', days: 2 } };
const STATE_ID = '77d3fb14-457a-46ba-937e-8d856156d003';

type Body = {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly functions?: readonly unknown[];
  readonly function_call?: unknown;
};

export function gigachatAnswer(text: string): Record<string, unknown> {
  return answerOf({ role: 'assistant', content: text }, 'stop');
}

export function gigachatFrames(text: string): string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  return framesOf([
    ...words.map((content, i) => ({ delta: { content, ...(i === 0 ? { role: 'assistant' } : {}) } })),
    { delta: { content: '' }, finish_reason: 'stop' },
  ]);
}

function answerOf(message: unknown, reason: string): Record<string, unknown> {
  const choices = [{ message, index: 0, finish_reason: reason }];
  return { choices, created: 1_790_000_000, model: 'GigaChat:2', object: 'chat.completion', usage: GIGACHAT_USAGE };
}

function framesOf(choices: readonly Record<string, unknown>[]): string[] {
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
  /** Keys that work, and until when. */
  readonly #keys = new Map<string, number>();
  readonly #files = new Map<string, string | null>();
  #generating = 0;
  /** What keeps an answer of a chat waiting. */
  delayMs = 0;

  constructor({ credentials, scope = 'GIGACHAT_API_PERS', atOnce = 1, tls, nowMs = Date.now }: GigaChatSettings) {
    super(async (asked) => {
      if (asked.path === '/api/v2/oauth') return this.#exchange(asked, credentials, scope, nowMs());
      const key = /^Bearer (.+)$/.exec(asked.headers.get('authorization') ?? '')?.[1] ?? '';
      if ((this.#keys.get(key) ?? 0) <= nowMs()) return refuse(401, { status: 401, message: 'Token has expired' });
      const file = /^\/api\/v1\/files\/([\w-]+)\/content$/.exec(asked.path)?.[1];
      if (file !== undefined) return this.#file(file, asked);
      if (asked.path === '/api/v1/models') return Response.json({ object: 'list', data: [] });
      if (asked.path !== '/api/v1/chat/completions') return refuse(404, { status: 404, message: 'no such route' });
      return this.#chat(asked, atOnce);
    }, tls);
  }

  /** Ends all keys before their time. */
  endKeys(): void {
    this.#keys.clear();
  }

  #exchange({ method, headers, text }: Asked, credentials: string, scope: string, nowMs: number): Response {
    if (method !== 'POST') return refuse(405, {});
    if (headers.get('authorization') !== `Basic ${credentials}`)
      return refuse(401, { code: 6, message: 'credentials doesn’t match db data' });
    if (!UUID.test(headers.get('rquid') ?? '')) return refuse(400, { code: 4, message: 'RqUID is wrong' });
    const asked = new URLSearchParams(text).get('scope');
    if (asked === null || asked === '') return refuse(400, { code: 5, message: 'scope is empty' });
    if (asked !== scope) return refuse(400, { code: 7, message: 'scope from db not fully includes consumed scope' });
    const key = `key-${crypto.randomUUID()}`;
    this.#keys.set(key, nowMs + KEY_MS);
    return Response.json({ access_token: key, expires_at: nowMs + KEY_MS });
  }

  async #chat(asked: Asked, atOnce: number): Promise<Response> {
    const body = JSON.parse(asked.text) as Body;
    const problem = problemOf(body);
    if (problem !== undefined) return refuse(422, { status: 422, message: problem });
    if (this.#generating >= atOnce) return refuse(429, { status: 429, message: 'Too Many Requests' });
    this.#generating += 1;
    const end = () => (this.#generating -= 1);
    await Bun.sleep(this.delayMs);
    const last = body.messages.at(-1);
    if (body.functions === undefined && body.function_call === 'auto') {
      end();
      return Response.json(this.#draw(last?.content ?? '', asked));
    }
    const calls = body.functions !== undefined && last?.role !== 'function' && body.function_call !== 'none';
    if (calls) {
      end();
      const message = { role: 'assistant', content: '', function_call: WEATHER, functions_state_id: STATE_ID };
      if (body.stream !== true) return Response.json(answerOf(message, 'function_call'));
      return streamOf(framesOf([{ delta: message, finish_reason: 'function_call' }]));
    }
    if (body.stream === true) return streamOf(gigachatFrames('Привет из Сбера.'), end);
    end();
    return Response.json(gigachatAnswer('Привет из Сбера.'));
  }

  #draw(prompt: string, { headers }: Asked): Record<string, unknown> {
    if (prompt.includes('запретное')) return gigachatAnswer('Не люблю рисовать такое.');
    const id = crypto.randomUUID();
    this.#files.set(id, headers.get('x-client-id'));
    return gigachatAnswer(`Готово: <img src="${id}" fuse="true"/> вот картинка`);
  }

  #file(id: string, { headers }: Asked): Response {
    if (!this.#files.has(id)) return refuse(404, { status: 404, message: 'No such file' });
    if (this.#files.get(id) !== headers.get('x-client-id')) return refuse(403, { status: 403, message: 'Forbidden' });
    return new Response(PIXEL, { headers: { 'content-type': 'image/jpg' } });
  }
}

/** Why the vendor would refuse the body with a 422. */
function problemOf({ messages, ...body }: Body): string | undefined {
  if (messages.length === 0) return 'messages are empty';
  if (messages.slice(1).some(({ role }) => role === 'system')) return 'system message must be the first message';
  if (messages.some(({ role }) => !['system', 'user', 'assistant', 'function'].includes(role))) return 'unknown role';
  if (messages.some(({ content }) => typeof content !== 'string')) return 'content must be a string';
  for (const { role, content } of messages)
    if (role === 'function' && !isJson(content)) return 'content of a function must be JSON';
  if ('temperature' in body && body.temperature === 0) return 'temperature must be above 0';
  return 'tools' in body ? 'tools are not known' : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
