// Clients of Anthropic's messages and of the text completions before them, under their own address and under NSP's.
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
import { errorOf as openaiErrorOf } from './openai-clients.ts';

type Usage = {
  readonly input_tokens: number;
  readonly cache_read_input_tokens?: number | null;
  readonly output_tokens: number;
};
type Block = { readonly type: string; readonly text?: string; readonly id?: string; readonly name?: string } & Json;
type Body = Json & {
  readonly type: string;
  readonly content?: readonly Block[];
  readonly stop_reason?: string | null;
  readonly usage?: Usage;
  readonly error?: Json;
};
type Event = Body & {
  readonly index?: number;
  readonly content_block?: Block;
  readonly delta?: Json & { readonly stop_reason?: string };
};

const STOPS: Readonly<Record<string, string>> = { end_turn: 'stop', tool_use: 'tool_calls' };

function bodyOf(wish: Wish): Json {
  const { feature, model, prompt } = wish;
  const body = { model, max_tokens: 100, system: 'Be brief.', messages: messagesOf(wish), stream: isStreamed(wish) };
  const tools = [{ name: TOOL_NAME, description: TOOL_ABOUT, input_schema: TOOL_SCHEMA }];
  if (asksForTool(wish)) return { ...body, tools, tool_choice: { type: 'any' } };
  if (feature === 'JSON by a schema')
    return { ...body, output_config: { format: { type: 'json_schema', schema: CITY_SCHEMA } } };
  if (feature !== 'result of a tool') return body;
  const messages = [
    { role: 'user', content: prompt },
    { role: 'assistant', content: [{ type: 'tool_use', id: EARLIER_ID, name: TOOL_NAME, input: EARLIER_ARGS }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: EARLIER_ID, content: TOOL_RESULT }] },
  ];
  return { ...body, messages, tools };
}

function messagesOf({ feature, prompt }: Wish): Json[] {
  const picture = (source: Json) => [
    {
      role: 'user',
      content: [
        { type: 'text', text: prompt },
        { type: 'image', source },
      ],
    },
  ];
  if (feature === 'picture as bytes') return picture({ type: 'base64', media_type: 'image/png', data: PNG_BASE64 });
  if (feature === 'picture by its address') return picture({ type: 'url', url: PICTURE_ADDRESS });
  return [{ role: 'user', content: prompt }];
}

function errorOf({ type, error, request_id: id }: Body): Pick<Got, 'error' | 'wrong'> {
  const { type: kind, message, code } = error ?? {};
  return {
    error: { code: String(code), message: String(message) },
    wrong: brokenOf({
      'the error is one of Anthropic’s': type === 'error' && typeof kind === 'string' && typeof message === 'string',
      'the error names the request': typeof id === 'string' && id !== '',
    }),
  };
}

function usageOf(usage: Usage | undefined): Pick<GotAnswer, 'usage'> {
  if (usage === undefined) return {};
  return { usage: { input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0), output: usage.output_tokens } };
}

function readMessage({ status, type, raw }: Heard): Got {
  const head = { status, raw };
  if (type.startsWith('text/event-stream')) return { ...head, ...readMessageStream(raw) };
  const body = JSON.parse(raw) as Body;
  if (body.error !== undefined) return { ...head, ...errorOf(body) };
  const blocks = body.content ?? [];
  const answer: GotAnswer = {
    text: blocks.map(({ text }) => text ?? '').join(''),
    calls: blocks
      .filter((block) => block.type === 'tool_use')
      .map(({ id = '', name = '', input }) => ({ id, name, args: input })),
    finish: STOPS[body.stop_reason ?? ''] ?? 'none',
    ...usageOf(body.usage),
  };
  return { ...head, answer, wrong: brokenOf({ 'the body is a message': body.type === 'message' }) };
}

function readMessageStream(raw: string): Omit<Got, 'status' | 'raw'> {
  const events = eventsOf(raw);
  const all = events.map(({ data }) => JSON.parse(data) as Event);
  const shape = { 'events are named as their type says': all.every(({ type }, i) => events[i]?.name === type) };
  const last = all.at(-1);
  if (last?.type === 'error') {
    const { error, wrong } = errorOf(last);
    return { ...(error ? { error } : {}), wrong: [...wrong, ...brokenOf(shape)] };
  }
  const end = all.find(({ type }) => type === 'message_delta');
  const tools = all.filter(({ content_block: block }) => block?.type === 'tool_use');
  const deltasOf = (index: number | undefined, field: string) =>
    all
      .filter((event) => event.type === 'content_block_delta' && (index === undefined || event.index === index))
      .map(({ delta }) => String(delta?.[field] ?? ''))
      .join('');
  const answer: GotAnswer = {
    text: deltasOf(undefined, 'text'),
    calls: tools.map(({ index, content_block: block }) => ({
      id: block?.id ?? '',
      name: block?.name ?? '',
      args: parsed(deltasOf(index, 'partial_json')),
    })),
    finish: STOPS[end?.delta?.stop_reason ?? ''] ?? 'none',
    // The end tells what differs from the beginning.
    ...usageOf(end?.usage && { ...(all[0]?.['message'] as Body | undefined)?.usage, ...end.usage }),
  };
  const count = (type: string) => all.filter((event) => event.type === type).length;
  const wrong = brokenOf({
    ...shape,
    'the message begins once and first': all[0]?.type === 'message_start' && count('message_start') === 1,
    'the message ends once and last': last?.type === 'message_stop' && count('message_stop') === 1,
    'every block ends': count('content_block_start') === count('content_block_stop'),
  });
  return { answer, wrong };
}

const VERSION = { 'anthropic-version': '2023-06-01' };

export const messagesClient: CellClient = {
  errors: 'en',
  ask: async (gateway, key, wish) =>
    readMessage(await post(gateway, '/v1/messages', { 'x-api-key': key, ...VERSION }, bodyOf(wish))),
};

type Completion = { readonly type: string; readonly completion: string; readonly stop_reason: string | null };

/** @param areErrorsOpenai whether the route tells errors as OpenAI does. */
export const completeClient = (path: string, areErrorsOpenai = false): CellClient => ({
  errors: 'en',
  async ask(gateway, key, wish) {
    const { model, prompt } = wish;
    const body = {
      model,
      prompt: `\n\nHuman: ${prompt}\n\nAssistant:`,
      max_tokens_to_sample: 100,
      stream: isStreamed(wish),
    };
    const { status, type, raw } = await post(gateway, path, { authorization: `Bearer ${key}`, ...VERSION }, body);
    const head = { status, raw };
    if (type.startsWith('text/event-stream')) return { ...head, ...readCompletionStream(raw) };
    const told = JSON.parse(raw) as Body & Completion;
    if (told.error !== undefined) return { ...head, ...(areErrorsOpenai ? openaiErrorOf(told.error) : errorOf(told)) };
    const answer = { text: told.completion, calls: [], finish: endOf(told) };
    return { ...head, answer, wrong: brokenOf({ 'the body is a completion': told.type === 'completion' }) };
  },
});

function endOf({ stop_reason: reason }: Completion): string {
  return reason === 'stop_sequence' ? 'stop' : 'none';
}

function readCompletionStream(raw: string): Omit<Got, 'status' | 'raw'> {
  const events = eventsOf(raw);
  const broken = events.find(({ name }) => name === 'error');
  if (broken !== undefined) {
    // A stream's error has no request in it: the headers have told that.
    const told = JSON.parse(broken.data) as Body;
    const { error } = errorOf(told);
    return { ...(error ? { error } : {}), wrong: brokenOf({ 'the error is last': events.at(-1) === broken }) };
  }
  const all = events.filter(({ name }) => name === 'completion').map(({ data }) => JSON.parse(data) as Completion);
  const last = all.at(-1);
  const wrong = brokenOf({
    'events are completions and pings': events.every(({ name }) => name === 'completion' || name === 'ping'),
    'only the last tells why it ended': all.filter(({ stop_reason: reason }) => reason !== null).length === 1,
  });
  if (last === undefined) return { wrong: [...wrong, 'there is no event'] };
  return { answer: { text: all.map((one) => one.completion).join(''), calls: [], finish: endOf(last) }, wrong };
}
