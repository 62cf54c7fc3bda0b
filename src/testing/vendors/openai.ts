// OpenAI's chat completions and embeddings as its API reference has them, for OpenAI itself and for vendors that speak
// the same: what is heard in a body, what would be refused, and the shapes of answers.
import { chunk, completion, embeddings, frame, streamFrames, USAGE } from '../fault-scripts.ts';
import type { Asked } from './fake-vendor.ts';
import { cutFrames, FakeVendor, jsonOf, refuse, streamOf } from './fake-vendor.ts';
import type { Heard, Said } from './heard.ts';
import { answerTo, describeBase64, troubleOf, wordsOfTrouble } from './heard.ts';

type Part = { readonly type: string; readonly text?: string; readonly image_url?: { readonly url: string } };
type Message = {
  readonly role: string;
  readonly content?: string | null | readonly Part[];
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[];
  readonly tool_call_id?: string;
};
export type ChatBody = {
  readonly model?: unknown;
  readonly messages: readonly Message[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly { readonly type: string; readonly function: { readonly name: string } }[];
  readonly tool_choice?: unknown;
  readonly response_format?: { readonly type: string; readonly json_schema?: { readonly schema?: unknown } };
};

const FIELDS: readonly string[] = [
  ...['model', 'messages', 'stream', 'stream_options', 'max_completion_tokens', 'max_tokens', 'temperature', 'top_p'],
  ...['n', 'stop', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias', 'seed', 'user'],
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'response_format', 'reasoning_effort', 'metadata', 'store'],
];
const CALL_ID = 'call_upstream';

/** Why the vendor would refuse the body with a 400. */
export function problemOfChat(body: ChatBody): string | undefined {
  const strange = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (strange !== undefined) return `Unrecognized request argument supplied: ${strange}`;
  if (typeof body.model !== 'string') return 'you must provide a model parameter';
  if (!Array.isArray(body.messages) || body.messages.length === 0) return "[] is too short - 'messages'";
  if (body.tool_choice !== undefined && body.tools === undefined) return "'tool_choice' is only allowed with 'tools'";
  if (body.response_format?.type === 'json_schema' && body.response_format.json_schema?.schema === undefined)
    return "Missing required parameter: 'response_format.json_schema'.";
  return problemOfMessages(body.messages);
}

function problemOfMessages(messages: readonly Message[]): string | undefined {
  const open = new Set<string>();
  for (const { role, content, tool_calls: calls = [], tool_call_id: id } of messages) {
    if (!['system', 'developer', 'user', 'assistant', 'tool'].includes(role)) return `Invalid value: '${role}'.`;
    if (content === undefined || (content === null && calls.length === 0)) return 'Invalid value for content';
    if (role === 'tool' && !open.delete(id ?? ''))
      return "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
    if (role !== 'tool' && open.size > 0)
      return "An assistant message with 'tool_calls' must be followed by tool messages responding to each.";
    for (const made of calls) {
      if (typeof made.function.arguments !== 'string') return 'Invalid type for arguments';
      open.add(made.id);
    }
    if (Array.isArray(content) && content.some(({ type }) => !['text', 'image_url', 'input_audio'].includes(type)))
      return 'Invalid value of a content part';
  }
  return undefined;
}

export function hearChat({ messages, stream, tools, response_format: format }: ChatBody): Heard {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as readonly Part[]) : []));
  const last = messages.at(-1);
  return {
    isStream: stream === true,
    tools: tools?.map((tool) => tool.function.name) ?? [],
    results: last?.role === 'tool' ? [textOf(last)] : [],
    pictures: parts.flatMap(({ image_url: image }) => (image === undefined ? [] : [describeUrl(image.url)])),
    schema: format?.type === 'json_schema' ? format.json_schema?.schema : undefined,
  };
}

function textOf({ content }: Message): string {
  return typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('');
}

function describeUrl(url: string): string {
  const [, type = '', base64 = ''] = /^data:([\w/+.-]+);base64,(.*)$/.exec(url) ?? [];
  return type === '' ? url : describeBase64(type, base64);
}

function answerOf(said: Said, usage: object): Record<string, unknown> {
  if ('text' in said) return completion(said.text, { usage });
  const made = { id: CALL_ID, type: 'function', function: { name: said.call.name, arguments: argumentsOf(said.call) } };
  const message = { role: 'assistant', content: null, refusal: null, tool_calls: [made] };
  return completion('', { choices: [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }], usage });
}

/** Arguments come in pieces, the first of which has the name. */
function framesOf(said: Said, usage: object | null): string[] {
  if ('text' in said) return streamFrames(said.text, usage);
  const piece = (made: object) => frame(chunk({ tool_calls: [{ index: 0, ...made }] }, null, { usage: null }));
  const json = argumentsOf(said.call);
  return [
    frame(chunk({ role: 'assistant', content: null, refusal: null }, null, { usage: null })),
    piece({ id: CALL_ID, type: 'function', function: { name: said.call.name, arguments: '' } }),
    piece({ function: { arguments: json.slice(0, 9) } }),
    piece({ function: { arguments: json.slice(9) } }),
    frame(chunk({}, 'tool_calls', { usage: null })),
    ...(usage === null ? [] : [frame({ ...chunk({}), choices: [], usage })]),
    frame('[DONE]'),
  ];
}

function argumentsOf({ args }: { readonly args: object }): string {
  return JSON.stringify(args);
}

/** The answer to a body of chat completions, in the shape that it asks for. Some of its input was cached. */
export function answerChat(body: ChatBody, isCut: boolean, cached: number): Response {
  const usage = { ...USAGE, prompt_tokens_details: { cached_tokens: cached } };
  const heard = hearChat(body);
  const said = answerTo(heard, 'Hello there.');
  if (!heard.isStream) return jsonOf(answerOf(said, usage), isCut);
  return streamOf(cutFrames(framesOf(said, body.stream_options?.include_usage === true ? usage : null), isCut));
}

/** OpenAI's error object for a status. */
export function openaiError(status: number): Response {
  const code = status === 401 ? 'invalid_api_key' : status === 402 ? 'insufficient_quota' : null;
  return refuse(status, { error: { message: wordsOfTrouble(status), type: 'x', param: null, code } });
}

/** Tokens of each input that were cached. */
export const OPENAI_CACHED = 2;

export class FakeOpenai extends FakeVendor {
  constructor(key: string) {
    super((asked) => {
      if (asked.headers.get('authorization') !== `Bearer ${key}`) return openaiError(401);
      const trouble = troubleOf(asked.text);
      if (typeof trouble === 'number') return openaiError(trouble);
      return answer(asked, trouble === 'cut');
    });
  }
}

function answer({ path, text }: Asked, isCut: boolean): Response {
  const body = JSON.parse(text) as ChatBody & { readonly input?: unknown };
  if (path.endsWith('/embeddings')) return jsonOf(embeddings(body as never, 9), isCut);
  if (!path.endsWith('/chat/completions')) return openaiError(404);
  const problem = problemOfChat(body);
  if (problem === undefined) return answerChat(body, isCut, OPENAI_CACHED);
  return refuse(400, { error: { message: problem, type: 'invalid_request_error', param: null, code: null } });
}
