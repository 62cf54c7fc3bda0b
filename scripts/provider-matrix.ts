// What becomes of each kind of call at each provider: the table of docs/reference/providers.md. It is made by translating
// an example of each, so that a cell is what the code does and not what somebody remembers.
import type { ChatCall, ImageCall } from '../src/core/call.ts';
import { CallError } from '../src/core/errors.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import type { RemoteProvider, Target, UpstreamRequest } from '../src/providers/provider.ts';
import { VENDORS } from '../src/providers/vendors.ts';
import { readMessagesCall } from '../src/wire/anthropic/read-messages.ts';
import { readChat } from '../src/wire/openai/read-chat.ts';

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';
const USER = { role: 'user', content: 'Hello' };
const TOOL = { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } };
const MADE = { id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } };
const SCHEMA = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', properties: {} } } };
const picture = (url: string) => [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }];

/** Fields of a chat completion beside `model` and a user's message. */
const OPENAI_CALLS: Readonly<Record<string, object>> = {
  'a text': {},
  'a stream': { stream: true },
  tools: { tools: [TOOL] },
  'results of tools': {
    tools: [TOOL],
    messages: [
      USER,
      { role: 'assistant', content: null, tool_calls: [MADE] },
      { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
    ],
  },
  'one tool that must be called': { tools: [TOOL], tool_choice: 'required' },
  'a picture as `data:`': { messages: picture(PIXEL) },
  'a picture by its address': { messages: picture('https://example.org/a.png') },
  'JSON by a schema': { response_format: SCHEMA },
  'any JSON': { response_format: { type: 'json_object' } },
  'stop words': { stop: ['END'] },
  'several answers': { n: 2 },
  'probabilities of tokens': { logprobs: true },
  'effort of reasoning': { reasoning_effort: 'low' },
};

/** Fields of a message beside `model`, `max_tokens` and a user's message. */
const ANTHROPIC_CALLS: Readonly<Record<string, object>> = {
  'a text': {},
  'a stream': { stream: true },
  tools: { tools: [{ name: 'now', input_schema: { type: 'object' } }] },
  'results of tools': {
    messages: [
      USER,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'now', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'noon' }] },
    ],
  },
  'a picture as bytes': {
    messages: [
      {
        role: 'user',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
      },
    ],
  },
  'a document': {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'iVBORw0KGgo=' } },
        ],
      },
    ],
  },
  'stop sequences': { stop_sequences: ['END'] },
  thinking: { thinking: { type: 'enabled', budget_tokens: 1024 } },
};

const PICTURES: Readonly<Record<string, Partial<ImageCall>>> = {
  'a picture': {},
  'a wide one': { aspectRatio: '16:9' },
  'two of them': { n: 2 },
  'what should not be in it': { negativePrompt: 'dogs' },
  'a style': { style: 'in anime style' },
};

export type Matrix = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** The three tables: calls of OpenAI's clients, of Anthropic's, and for pictures. */
export function providerMatrices(): { readonly openai: Matrix; readonly anthropic: Matrix; readonly pictures: Matrix } {
  const body = (fields: object, more = {}) => {
    const text = JSON.stringify({ model: 'a', messages: [USER], ...more, ...fields });
    return { text, contentType: 'application/json' };
  };
  return {
    openai: talking(OPENAI_CALLS, (fields) => readChat(body(fields))),
    anthropic: talking(ANTHROPIC_CALLS, (fields) =>
      readMessagesCall(body(fields, { max_tokens: 9 }), {
        headers: new Headers(),
        rest: '',
        query: new URLSearchParams(),
      }),
    ),
    pictures: matrix(
      'Asked for',
      PROVIDERS.filter((provider) => provider.kind === 'remote' && provider.images !== undefined),
      PICTURES,
      ({ images }, target, fields) =>
        images?.draw({ endpoint: 'image', model: 'a', prompt: 'a cat', aspectRatio: '1:1', n: 1, ...fields }, target)
          .request,
    ),
  };
}

function talking(calls: Readonly<Record<string, object>>, read: (fields: object) => ChatCall): Matrix {
  const chats = PROVIDERS.filter((provider) => provider.kind === 'remote' && provider.chat !== undefined);
  return matrix('Asked with', chats, calls, ({ chat }, target, fields) => chat?.buildRequest(read(fields), target));
}

function matrix<Fields>(
  corner: string,
  providers: readonly (typeof PROVIDERS)[number][],
  calls: Readonly<Record<string, Fields>>,
  write: (provider: RemoteProvider, target: Target, fields: Fields) => UpstreamRequest<string | Uint8Array> | undefined,
): Matrix {
  const remote = providers.filter((provider) => provider.kind === 'remote');
  const rows = Object.entries(calls).map(([what, fields]) => [
    what,
    ...remote.map((provider) => cell(() => write(provider, targetOf(provider), fields))),
  ]);
  return { head: [corner, ...remote.map(({ name }) => name)], rows };
}

/** Anything but a request or a refusal by name is a bug, and is thrown. */
function cell(write: () => unknown): string {
  try {
    return write() === undefined ? '–' : 'yes';
  } catch (thrown) {
    if (!(thrown instanceof CallError) || thrown.details.param === undefined) throw thrown;
    return `refused: \`${thrown.details.param}\``;
  }
}

function targetOf({ name, options = [] }: RemoteProvider): Target {
  const quirks = VENDORS.find(({ kind = 'openai-compatible' }) => kind === name)?.quirks;
  return {
    providerName: name,
    upstreamModel: name === 'stability' ? 'stable-diffusion-xl-1024-v1-0' : 'a',
    baseUrl: 'https://vendor.example',
    origin: 'https://vendor.example',
    apiKey: 'a',
    options: Object.fromEntries(options.map((option) => [option.name, option.fallback ?? 'a'])),
    maxOutputTokens: 4096,
    quirks: quirks ?? { maxTokensField: 'max_tokens', streamsAreStrict: false, unsupported: [] },
  };
}
