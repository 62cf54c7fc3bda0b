// GigaChat's chats as its API reference and its own Python client have them: keys of half an hour, one function call in an
// answer, arguments as objects.
import type { Asked } from '../../../src/testing/vendors/fake-vendor.ts';
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import { ARGUMENTS, REFUSED_WORD, say, wordsOf } from './model-script.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KEY_MS = 30 * 60_000;
const GIGACHAT_USAGE = {
  prompt_tokens: 4,
  completion_tokens: 7,
  total_tokens: 11,
  precached_prompt_tokens: 5,
};
const TEXT = 'Привет из Сбера.';
const STATE_ID = '77d3fb14-457a-46ba-937e-8d856156d003';

type Body = {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly functions?: readonly { readonly name: string }[];
  readonly function_call?: 'auto' | 'none' | { readonly name: string };
  readonly response_format?: { readonly type: string };
  readonly max_tokens?: number;
};

function textFrames(text: string, reason: string): string[] {
  const words = wordsOf(text);
  return framesOf([
    ...words.map((content, i) => ({ delta: { content, ...(i === 0 ? { role: 'assistant' } : {}) } })),
    { delta: { content: '' }, finish_reason: reason },
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

export class TalkingGigaChat extends FakeVendor {
  /** @param credentials the lasting key; the short-lived ones are kept until they end. */
  constructor(credentials: string) {
    const keys = new Map<string, number>();
    super((asked) => {
      if (asked.path === '/api/v2/oauth') return exchange(asked, credentials, keys);
      const key = /^Bearer (.+)$/.exec(asked.headers.get('authorization') ?? '')?.[1] ?? '';
      if ((keys.get(key) ?? 0) <= Date.now()) return refuse(401, { status: 401, message: 'Token has expired' });
      if (asked.path !== '/api/v1/chat/completions') return refuse(404, { status: 404, message: 'no such route' });
      const body = JSON.parse(asked.text) as Body;
      const problem = problemOf(body);
      return problem === undefined ? answer(body) : refuse(422, { status: 422, message: problem });
    });
  }
}

function exchange({ method, headers, text }: Asked, credentials: string, keys: Map<string, number>): Response {
  if (method !== 'POST') return refuse(405, {});
  if (headers.get('authorization') !== `Basic ${credentials}`)
    return refuse(401, { code: 6, message: 'credentials doesn’t match db data' });
  if (!UUID.test(headers.get('rquid') ?? '')) return refuse(400, { code: 4, message: 'RqUID is wrong' });
  if (new URLSearchParams(text).get('scope') !== 'GIGACHAT_API_PERS')
    return refuse(400, { code: 5, message: 'scope is empty' });
  const key = `key-${crypto.randomUUID()}`;
  const expiresAtMs = Date.now() + KEY_MS;
  keys.set(key, expiresAtMs);
  return Response.json({ access_token: key, expires_at: expiresAtMs });
}

function answer(body: Body): Response {
  const said = say(hear(body));
  if (said.ending === 'calls') {
    const made = { name: said.calls[0], arguments: ARGUMENTS };
    const message = { role: 'assistant', content: '', function_call: made, functions_state_id: STATE_ID };
    if (body.stream !== true) return Response.json(answerOf(message, 'function_call'));
    return streamOf(framesOf([{ delta: message, finish_reason: 'function_call' }]));
  }
  const isRefused = body.messages.at(-1)?.content.includes(REFUSED_WORD) === true;
  const reason = isRefused ? 'blacklist' : said.ending === 'cut' ? 'length' : 'stop';
  const text = said.ending === 'whole' && body.response_format === undefined ? TEXT : said.text;
  if (body.stream === true) return streamOf(textFrames(text, reason));
  return Response.json(answerOf({ role: 'assistant', content: text }, reason));
}

/** This vendor calls no function unless it is told that it may. */
function hear({ messages, functions = [], function_call: choice, ...body }: Body) {
  const names = functions.map(({ name }) => name);
  const chosen = typeof choice === 'object' ? names.filter((name) => name === choice.name) : names;
  const mayCall = choice !== undefined && choice !== 'none' && messages.at(-1)?.role !== 'function';
  return {
    callable: mayCall ? chosen : [],
    wantsJson: body.response_format?.type === 'json_schema',
    hasPicture: false,
    outputTokensMax: body.max_tokens ?? Number.POSITIVE_INFINITY,
  };
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
