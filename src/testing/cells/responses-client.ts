// A client of OpenAI's responses: items in and out, and a stream of numbered events of which one is the last.
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
import { errorOf } from './openai-clients.ts';

type Item = {
  readonly type: string;
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly call_id?: string;
  readonly name?: string;
  readonly arguments?: string;
};
type Response = {
  readonly object: string;
  readonly status: string;
  readonly output: readonly Item[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
  readonly error?: Json | null;
};
type Event = Json & {
  readonly type: string;
  readonly sequence_number: number;
  readonly delta?: string;
  readonly response?: Response;
  readonly error?: Json;
};

function bodyOf(wish: Wish): Json {
  const { feature, model, prompt } = wish;
  const streaming = isStreamed(wish) ? { stream: true } : {};
  const body = { model, instructions: 'Be brief.', input: inputOf(wish), max_output_tokens: 100, ...streaming };
  const tools = [{ type: 'function', name: TOOL_NAME, description: TOOL_ABOUT, parameters: TOOL_SCHEMA }];
  if (asksForTool(wish)) return { ...body, tools, tool_choice: 'required' };
  if (feature === 'JSON by a schema')
    return { ...body, text: { format: { type: 'json_schema', name: 'place', strict: true, schema: CITY_SCHEMA } } };
  if (feature !== 'result of a tool') return body;
  const input = [
    { role: 'user', content: prompt },
    { type: 'function_call', call_id: EARLIER_ID, name: TOOL_NAME, arguments: JSON.stringify(EARLIER_ARGS) },
    { type: 'function_call_output', call_id: EARLIER_ID, output: TOOL_RESULT },
  ];
  return { ...body, input, tools };
}

function inputOf({ feature, prompt }: Wish): unknown {
  const picture = (image_url: string) => [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: prompt },
        { type: 'input_image', image_url },
      ],
    },
  ];
  if (feature === 'picture as bytes') return picture(`data:image/png;base64,${PNG_BASE64}`);
  return feature === 'picture by its address' ? picture(PICTURE_ADDRESS) : prompt;
}

function answerOf({ output, usage }: Response): GotAnswer {
  const calls = output.filter(({ type }) => type === 'function_call');
  return {
    text: output
      .flatMap(({ content }) => content ?? [])
      .map(({ type, text }) => (type === 'output_text' ? (text ?? '') : ''))
      .join(''),
    calls: calls.map(({ call_id, name, arguments: json }) => ({
      id: call_id ?? '',
      name: name ?? '',
      args: parsed(json),
    })),
    finish: calls.length > 0 ? 'tool_calls' : 'stop',
    ...(usage === null ? {} : { usage: { input: usage.input_tokens, output: usage.output_tokens } }),
  };
}

function read({ status, type, raw }: Heard): Got {
  const head = { status, raw };
  if (type.startsWith('text/event-stream')) return { ...head, ...readStream(raw) };
  const body = JSON.parse(raw) as Response;
  if (body.error !== undefined && body.error !== null) return { ...head, ...errorOf(body.error) };
  const wrong = brokenOf({
    'the object is a response': body.object === 'response',
    'the response is completed': body.status === 'completed',
  });
  return { ...head, answer: answerOf(body), wrong };
}

function readStream(raw: string): Omit<Got, 'status' | 'raw'> {
  const events = eventsOf(raw);
  const all = events.map(({ data }) => JSON.parse(data) as Event);
  const shape = {
    'events are named as their type says': all.every(({ type }, i) => events[i]?.name === type),
    'events are numbered without a gap': all.every(({ sequence_number: number }, i) => number === i),
  };
  const last = all.at(-1);
  if (last?.type === 'error') {
    const { error, wrong } = errorOf(last.error ?? {});
    return { ...(error ? { error } : {}), wrong: [...wrong, ...brokenOf(shape)] };
  }
  const deltas = all.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta ?? '');
  const response = last?.response;
  if (response === undefined) return { wrong: [...brokenOf(shape), 'there is no end'] };
  const answer = answerOf(response);
  const wrong = brokenOf({
    ...shape,
    'the last event is response.completed': last?.type === 'response.completed',
    'the pieces are the text': deltas.join('') === answer.text,
  });
  return { answer, wrong };
}

export const responsesClient: CellClient = {
  errors: 'en',
  ask: async (gateway, key, wish) =>
    read(await post(gateway, '/v1/responses', { authorization: `Bearer ${key}` }, bodyOf(wish))),
};
