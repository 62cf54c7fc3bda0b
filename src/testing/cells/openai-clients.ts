// Clients of OpenAI's chat completions and text completions, and those of NSP's routes and of Tolmach's tasks, which ask
// in the same words.
import type { GatewayClient } from '../gateway-client.ts';
import type { CellClient, Got, GotAnswer, Heard, Json, Wish } from './cell-client.ts';
import {
  asksForTool,
  brokenOf,
  CITY_SCHEMA,
  EARLIER_ARGS,
  EARLIER_ID,
  eventsOf,
  isStreamed,
  PICTURE_ADDRESS,
  PNG_BASE64,
  parsed,
  post,
  TOOL_ABOUT,
  TOOL_NAME,
  TOOL_RESULT,
  TOOL_SCHEMA,
} from './cell-client.ts';

type Usage = { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
type ToolCall = { id?: string; index?: number; type?: string; function?: { name?: string; arguments?: string } };
type Message = { role?: string; content?: string | null; refusal?: unknown; tool_calls?: ToolCall[] };
type Choice = {
  readonly index: number;
  readonly message?: Message;
  readonly delta?: Message;
  readonly text?: string;
  readonly finish_reason: string | null;
};
type Body = {
  readonly object?: string;
  readonly choices: Choice[];
  readonly usage?: Usage | null;
  readonly error?: Json;
};

/** The body of a chat completion. */
export function chatBody(wish: Wish): Json {
  const { feature, model, prompt } = wish;
  const streaming = isStreamed(wish) ? { stream: true, stream_options: { include_usage: true } } : {};
  const body = { model, messages: messagesOf(wish), max_completion_tokens: 100, ...streaming };
  const tools = [{ type: 'function', function: { name: TOOL_NAME, description: TOOL_ABOUT, parameters: TOOL_SCHEMA } }];
  if (asksForTool(wish)) return { ...body, tools, tool_choice: 'required' };
  if (feature === 'JSON by a schema') {
    const json_schema = { name: 'place', strict: true, schema: CITY_SCHEMA };
    return { ...body, response_format: { type: 'json_schema', json_schema } };
  }
  if (feature !== 'result of a tool') return body;
  const made = { name: TOOL_NAME, arguments: JSON.stringify(EARLIER_ARGS) };
  const messages = [
    { role: 'user', content: prompt },
    { role: 'assistant', content: null, tool_calls: [{ id: EARLIER_ID, type: 'function', function: made }] },
    { role: 'tool', tool_call_id: EARLIER_ID, content: TOOL_RESULT },
  ];
  return { ...body, messages, tools };
}

function messagesOf({ feature, prompt }: Wish): Json[] {
  const system = { role: 'system', content: 'Be brief.' };
  const picture = (url: string) => [
    system,
    {
      role: 'user',
      content: [
        { type: 'text', text: prompt },
        { type: 'image_url', image_url: { url } },
      ],
    },
  ];
  if (feature === 'picture as bytes') return picture(`data:image/png;base64,${PNG_BASE64}`);
  if (feature === 'picture by its address') return picture(PICTURE_ADDRESS);
  return [system, { role: 'user', content: prompt }];
}

/** An error object with all four fields, as the official clients want it. */
export function errorOf(error: Json): Pick<Got, 'error' | 'wrong'> {
  const { message, type, param, code } = error;
  return {
    error: { code: String(code), param: typeof param === 'string' ? param : undefined, message: String(message) },
    wrong: brokenOf({
      'the error has a message, a type and a code': [message, type, code].every(
        (field) => typeof field === 'string' && field !== '',
      ),
      'the error has a param': param !== undefined,
    }),
  };
}

export function usageOf(usage: Usage | null | undefined): Pick<GotAnswer, 'usage'> {
  return usage ? { usage: { input: usage.prompt_tokens, output: usage.completion_tokens } } : {};
}

function readChat({ status, type, raw }: Heard): Got {
  const head = { status, raw };
  if (type.startsWith('text/event-stream')) return { ...head, ...readChatStream(raw) };
  const body = JSON.parse(raw) as Body;
  if (body.error !== undefined) return { ...head, ...errorOf(body.error) };
  const choice = body.choices[0];
  const message = choice?.message ?? {};
  const calls = (message.tool_calls ?? []).map((made) => ({
    id: made.id ?? '',
    name: made.function?.name ?? '',
    args: parsed(made.function?.arguments),
  }));
  return {
    ...head,
    answer: { text: message.content ?? '', calls, finish: finishOf(choice), ...usageOf(body.usage) },
    wrong: brokenOf({
      'the object is a chat.completion': body.object === 'chat.completion',
      'refusal is there': 'refusal' in message,
      'the role is assistant': message.role === 'assistant',
    }),
  };
}

function finishOf(choice: Choice | undefined): string {
  return choice?.finish_reason ?? 'none';
}

function readChatStream(raw: string): Omit<Got, 'status' | 'raw'> {
  const data = eventsOf(raw).map((event) => event.data);
  const bodies = data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Body);
  const broken = bodies.find(({ error }) => error !== undefined)?.error;
  if (broken !== undefined) {
    const { error, wrong } = errorOf(broken);
    const isLast = bodies.at(-1)?.error !== undefined && !data.includes('[DONE]');
    return { ...(error ? { error } : {}), wrong: [...wrong, ...brokenOf({ 'the error ends the stream': isLast })] };
  }
  const chunks = bodies.flatMap(({ choices }) => choices);
  const calls: { id: string; name: string; json: string }[] = [];
  for (const { delta } of chunks)
    for (const { index = -1, id, function: made } of delta?.tool_calls ?? []) {
      calls[index] ??= { id: id ?? '', name: made?.name ?? '', json: '' };
      (calls[index] as { json: string }).json += made?.arguments ?? '';
    }
  const usages = bodies.flatMap(({ usage }) => (usage ? [usage] : []));
  return {
    answer: {
      text: chunks.map(({ delta, text }) => delta?.content ?? text ?? '').join(''),
      calls: calls.map(({ id, name, json }) => ({ id, name, args: parsed(json) })),
      finish: finishOf(chunks.findLast(({ finish_reason: reason }) => reason !== null)),
      ...usageOf(usages[0]),
    },
    wrong: brokenOf({
      'the stream ends with [DONE]': data.at(-1) === '[DONE]' && raw.endsWith('\n\n'),
      'one chunk says why it ended': chunks.filter(({ finish_reason: reason }) => reason !== null).length === 1,
      'usage is told once': usages.length === 1,
    }),
  };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });

export const chatClient = (path: string): CellClient => ({
  errors: 'en',
  ask: async (gateway, key, wish) => readChat(await post(gateway, path, bearer(key), chatBody(wish))),
});

/** Text completions: a text in each choice, whole and in pieces. */
export const completionsClient = (path: string): CellClient => ({
  errors: 'en',
  async ask(gateway, key, wish) {
    const streaming = isStreamed(wish) ? { stream: true, stream_options: { include_usage: true } } : {};
    const { model, prompt } = wish;
    const heard = await post(gateway, path, bearer(key), { model, prompt, max_tokens: 100, ...streaming });
    const head = { status: heard.status, raw: heard.raw };
    if (heard.type.startsWith('text/event-stream')) return { ...head, ...readChatStream(heard.raw) };
    const body = JSON.parse(heard.raw) as Body;
    if (body.error !== undefined) return { ...head, ...errorOf(body.error) };
    const choice = body.choices[0];
    return {
      ...head,
      answer: { text: choice?.text ?? '', calls: [], finish: finishOf(choice), ...usageOf(body.usage) },
      wrong: brokenOf({ 'the object is a text_completion': body.object === 'text_completion' }),
    };
  },
});

const POLL_MS = 5;
const POLLS_MAX = 2_000;

/** Tolmach's own tasks: a chat completion's body, and an answer to be fetched. */
export const tasksClient: CellClient = {
  errors: 'catalogue en',
  statusOf: () => 200,
  async ask(gateway: GatewayClient, key: string, wish: Wish) {
    const created = await post(gateway, '/v1/tasks', bearer(key), chatBody(wish));
    const { id, error: refusal } = JSON.parse(created.raw) as { id?: number; error?: Json };
    if (id === undefined) return { status: created.status, raw: created.raw, ...errorOf(refusal ?? {}) };
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      const response = await fetch(`${gateway.url}/v1/tasks/${id}`, { headers: bearer(key) });
      const raw = await response.text();
      const task = JSON.parse(raw) as { status: string; result: string | null; error: Json | null };
      if (task.status === 'queued') {
        await Bun.sleep(POLL_MS);
        continue;
      }
      const head = { status: response.status, raw };
      if (task.error !== null)
        return {
          ...head,
          error: { code: String(task.error['code']), message: String(task.error['message']) },
          wrong: brokenOf({ 'the task has failed': task.status === 'failed' }),
        };
      const answer = { text: task.result ?? '', calls: [], finish: 'stop' };
      return { ...head, answer, wrong: brokenOf({ 'the task is completed': task.status === 'completed' }) };
    }
    throw new Error(`task ${id} did not end`);
  },
};
