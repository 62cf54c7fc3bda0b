// A client of Ollama's native protocol: one object or lines of JSON, the last of which is done, and errors of one text.
// It has no word for a tool that must be called, none for a picture's address, and tells a call of a tool by its presence.
import type { CellClient, Got, GotAnswer, Heard, Json, Wish } from './cell-client.ts';
import {
  asksForTool,
  brokenOf,
  CITY_SCHEMA,
  EARLIER_ARGS,
  isStreamed,
  PNG_BASE64,
  post,
  TOOL_ABOUT,
  TOOL_NAME,
  TOOL_RESULT,
  TOOL_SCHEMA,
} from './cell-client.ts';

type Made = { readonly id?: string; readonly function: { readonly name: string; readonly arguments: unknown } };
type Line = {
  readonly message?: { readonly role: string; readonly content: string; readonly tool_calls?: readonly Made[] };
  readonly done?: boolean;
  readonly done_reason?: string;
  readonly prompt_eval_count?: number;
  readonly eval_count?: number;
  readonly error?: string;
  readonly code?: string;
};

function bodyOf(wish: Wish): Json {
  const { feature, model, prompt } = wish;
  const user = { role: 'user', content: prompt, ...(feature === 'picture as bytes' ? { images: [PNG_BASE64] } : {}) };
  const messages: Json[] = [{ role: 'system', content: 'Be brief.' }, user];
  const body = { model, messages, stream: isStreamed(wish), options: { num_predict: 100 } };
  const about = { name: TOOL_NAME, description: TOOL_ABOUT, parameters: TOOL_SCHEMA };
  const tools = [{ type: 'function', function: about }];
  if (asksForTool(wish)) return { ...body, tools };
  if (feature === 'JSON by a schema') return { ...body, format: CITY_SCHEMA };
  if (feature !== 'result of a tool') return body;
  const called = { function: { name: TOOL_NAME, arguments: EARLIER_ARGS } };
  const asked = { role: 'assistant', content: '', tool_calls: [called] };
  return {
    ...body,
    tools,
    messages: [...messages, asked, { role: 'tool', tool_name: TOOL_NAME, content: TOOL_RESULT }],
  };
}

function read({ status, type, raw }: Heard): Got {
  const head = { status, raw };
  const isLines = type.startsWith('application/x-ndjson');
  const lines = (isLines ? raw.trimEnd().split('\n') : [raw]).map((line) => JSON.parse(line) as Line);
  const last = lines.at(-1) ?? {};
  if (last.error !== undefined) {
    const { error: message, code } = last;
    const wrong = brokenOf({ 'nothing looks like an end': lines.every(({ done }) => done !== true) });
    return { ...head, error: { message, ...(code === undefined ? {} : { code }) }, wrong };
  }
  const wrong = brokenOf({
    'the last line is done, and no other': lines.every(({ done }, i) => done === (i === lines.length - 1)),
    'the role is assistant': lines.every(({ message }) => message?.role === 'assistant'),
    'several lines are a stream': isLines || lines.length === 1,
  });
  return { ...head, answer: answerOf(lines, last), wrong };
}

function answerOf(lines: readonly Line[], last: Line): GotAnswer {
  const calls = lines.flatMap(({ message }) => message?.tool_calls ?? []);
  return {
    text: lines.map(({ message }) => message?.content ?? '').join(''),
    calls: calls.map(({ id = '', function: made }) => ({ id, name: made.name, args: made.arguments })),
    finish: calls.length > 0 ? 'tool_calls' : (last.done_reason ?? 'none'),
    usage: { input: last.prompt_eval_count ?? 0, output: last.eval_count ?? 0 },
  };
}

export const ollamaClient: CellClient = {
  errors: 'en',
  ask: async (gateway, key, wish) =>
    read(await post(gateway, '/api/chat', { authorization: `Bearer ${key}` }, bodyOf(wish))),
};
