// Anthropic's Messages API as its reference has it: strict about unknown fields, empty texts, and results of tools that
// stand anywhere but after their calls.
import {
  blockFrames,
  MESSAGE_USAGE,
  message,
  messageEnd,
  messageError,
  messageStart,
  textFrames,
} from '../anthropic-fault-shapes.ts';
import { cutFrames, FakeVendor, jsonOf, refuse, streamOf } from './fake-vendor.ts';
import type { Heard, Said } from './heard.ts';
import { answerTo, describeBase64, troubleOf, wordsOfTrouble } from './heard.ts';

type Block = {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly content?: string | readonly Block[];
  readonly source?: {
    readonly type: string;
    readonly media_type?: string;
    readonly data?: string;
    readonly url?: string;
  };
};
type Turn = { readonly role: string; readonly content: string | readonly Block[] };
type Body = {
  readonly model?: unknown;
  readonly max_tokens?: unknown;
  readonly messages: readonly Turn[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string; readonly input_schema?: { readonly type?: unknown } }[];
  readonly output_config?: { readonly format?: { readonly type: string; readonly schema?: unknown } };
};

const FIELDS: readonly string[] = [
  ...['model', 'max_tokens', 'messages', 'system', 'stream', 'stop_sequences', 'temperature', 'top_p', 'top_k'],
  ...['metadata', 'tools', 'tool_choice', 'output_config', 'thinking', 'cache_control', 'service_tier'],
];
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};
const CALL_ID = 'toolu_upstream';

export class FakeAnthropic extends FakeVendor {
  constructor(key: string) {
    super(({ path, headers, text }) => {
      if (headers.get('x-api-key') !== key) return refuseAs(401);
      if (headers.get('anthropic-version') === null) return refuseAs(400, 'anthropic-version: header is required');
      if (!path.endsWith('/messages')) return refuseAs(404);
      const trouble = troubleOf(text);
      if (typeof trouble === 'number') return refuseAs(trouble);
      const body = JSON.parse(text) as Body;
      const problem = problemOf(body);
      if (problem !== undefined) return refuseAs(400, problem);
      const heard = hear(body);
      const said = answerTo(heard, 'Hello there.');
      const isCut = trouble === 'cut';
      return heard.isStream ? streamOf(cutFrames(framesOf(said), isCut)) : jsonOf(answerOf(said), isCut);
    });
  }
}

function refuseAs(status: number, words = wordsOfTrouble(status)): Response {
  return refuse(status, messageError(TYPES[status] ?? 'api_error', words));
}

function problemOf(body: Body): string | undefined {
  const strange = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (strange !== undefined) return `${strange}: Extra inputs are not permitted`;
  if (typeof body.model !== 'string') return 'model: Field required';
  if (typeof body.max_tokens !== 'number') return 'max_tokens: Field required';
  if (body.messages.length === 0) return 'messages: at least one message is required';
  const strangeTool = body.tools?.find(({ input_schema: schema }) => schema?.type !== 'object');
  if (strangeTool !== undefined) return `tools: ${strangeTool.name}: input_schema.type: must be "object"`;
  return problemOfTurns(body.messages);
}

function problemOfTurns(turns: readonly Turn[]): string | undefined {
  let open = new Set<string | undefined>();
  for (const { role, content } of turns) {
    if (role !== 'user' && role !== 'assistant') return `messages: Unexpected role "${role}"`;
    const blocks = blocksOf(content);
    if (blocks.length === 0) return 'messages: content must not be empty';
    if (blocks.some(({ type, text }) => type === 'text' && !text)) return 'messages: text must be non-empty';
    const results = blocks.filter(({ type }) => type === 'tool_result').map(({ tool_use_id: id }) => id);
    if (results.some((id) => !open.has(id))) return 'messages: unexpected `tool_use_id` found in `tool_result` blocks';
    if (results.length < open.size) return 'messages: `tool_use` ids were found without `tool_result` blocks';
    open = new Set(blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id));
  }
  return undefined;
}

function blocksOf(content: string | readonly Block[] = []): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function hear({ messages, stream, tools, output_config: output }: Body): Heard {
  const last = blocksOf(messages.at(-1)?.content);
  const blocks = messages.flatMap(({ content }) => blocksOf(content));
  return {
    isStream: stream === true,
    tools: tools?.map(({ name }) => name) ?? [],
    results: last
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) =>
        blocksOf(content)
          .map(({ text }) => text ?? '')
          .join(''),
      ),
    pictures: blocks.flatMap(({ type, source }) =>
      type !== 'image' || source === undefined
        ? []
        : [source.type === 'url' ? (source.url ?? '') : describeBase64(source.media_type ?? '', source.data ?? '')],
    ),
    schema: output?.format?.type === 'json_schema' ? output.format.schema : undefined,
  };
}

/** Some of the input was read from the cache, and is not among its tokens. */
export const ANTHROPIC_USAGE = { ...MESSAGE_USAGE, input_tokens: 3, cache_read_input_tokens: 6 };

function answerOf(said: Said): Record<string, unknown> {
  if ('text' in said) return message(said.text, { usage: ANTHROPIC_USAGE });
  const content = [{ type: 'tool_use', id: CALL_ID, name: said.call.name, input: said.call.args }];
  return message('', { content, stop_reason: 'tool_use', usage: ANTHROPIC_USAGE });
}

function framesOf(said: Said): string[] {
  const start = messageStart({ ...ANTHROPIC_USAGE, output_tokens: 1 });
  if ('text' in said) return [start, ...textFrames(0, said.text), ...messageEnd()];
  const json = JSON.stringify(said.call.args);
  const deltas = [json.slice(0, 9), json.slice(9)].map((piece) => ({ type: 'input_json_delta', partial_json: piece }));
  const block = { type: 'tool_use', id: CALL_ID, name: said.call.name, input: {} };
  return [start, ...blockFrames(0, block, deltas), ...messageEnd('tool_use')];
}
