// What becomes of each kind of call at each provider: the tables of docs/reference/providers.md. What a client can ask a
// chat for is what the contract suite drives end to end (src/testing/cells/cell-table.ts). The rest is made by translating
// an example of each, so that a cell is what the code does and not what somebody remembers.
import type { ChatCall, ImageCall } from '../src/core/call.ts';
import { CallError } from '../src/core/errors.ts';
import { Meter } from '../src/core/meter.ts';
import type { EmbeddingCall } from '../src/core/work.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import type { RemoteProvider, Target, UpstreamRequest } from '../src/providers/provider.ts';
import { VENDORS } from '../src/providers/vendors.ts';
import type { Cell, ClientName, ClientRow } from '../src/testing/cells/cell-table.ts';
import { CELL_PROVIDERS, CLIENT_ROWS, cellOf } from '../src/testing/cells/cell-table.ts';
import { readMessagesCall } from '../src/wire/anthropic/read-messages.ts';
import { readChat } from '../src/wire/openai/read-chat.ts';

const USER = { role: 'user', content: 'Hello' };
const TOOLS = ['now', 'then'].map((name) => ({ type: 'function', function: { name } }));

/** Fields of a chat completion beside `model` and a user's message. */
const OPENAI_CALLS: Readonly<Record<string, object>> = {
  'one of several tools that must be called': { tools: TOOLS, tool_choice: 'required' },
  'any JSON': { response_format: { type: 'json_object' } },
  'stop words': { stop: ['END'] },
  'several answers': { n: 2 },
  'probabilities of tokens': { logprobs: true },
  'effort of reasoning': { reasoning_effort: 'low' },
};

/** Fields of a message beside `model`, `max_tokens` and a user's message. */
const ANTHROPIC_CALLS: Readonly<Record<string, object>> = {
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

const EMBEDDINGS: Readonly<Record<string, Partial<EmbeddingCall>>> = {
  'a text': {},
  'several texts': { inputs: ['a', 'b'] },
  'token ids': { inputs: [[1, 2]] },
  dimensions: { dimensions: 256 },
};

const PICTURES: Readonly<Record<string, Partial<ImageCall>>> = {
  'a picture': {},
  'a wide one': { aspectRatio: '16:9' },
  'two of them': { n: 2 },
  'what should not be in it': { negativePrompt: 'dogs' },
  'a style': { style: 'in anime style' },
};

export type Matrix = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** Clients that ask for no more than texts share a table; the others have one each. */
export function cellMatrices(): {
  readonly rich: readonly (Matrix & { readonly title: string })[];
  readonly plain: Matrix;
} {
  const rows = Object.entries(CLIENT_ROWS).map(([key, row]) => ({ ...(row as ClientRow), key: key as ClientName }));
  const plain = rows.filter(({ features }) => !features.includes('tool'));
  const rich = rows.filter((row) => !plain.includes(row));
  return {
    rich: rich.map(({ key, name, features }) => ({
      title: name,
      head: ['Asked for', ...CELL_PROVIDERS],
      rows: features.map((feature) => [
        feature,
        ...CELL_PROVIDERS.map((provider) => told(cellOf(key, provider, feature))),
      ]),
    })),
    plain: {
      head: ['Client', 'Asked for', ...CELL_PROVIDERS],
      rows: plain.flatMap(({ key, name, features }) =>
        features.map((feature) => [
          name,
          feature,
          ...CELL_PROVIDERS.map((provider) => told(cellOf(key, provider, feature))),
        ]),
      ),
    },
  };
}

function told(cell: Cell): string {
  if (cell.kind === 'refused') return `refused: \`${cell.param}\``;
  return cell.kind === 'yes' ? 'yes' : '–';
}

type Matrices = Readonly<Record<'openai' | 'anthropic' | 'embeddings' | 'pictures', Matrix>>;

/** What else may be asked for: by OpenAI's clients, by Anthropic's, for vectors, and for pictures. */
export function providerMatrices(): Matrices {
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
    embeddings: matrix(
      'Asked for',
      PROVIDERS.filter((provider) => provider.kind === 'remote' && provider.works?.embedding !== undefined),
      EMBEDDINGS,
      ({ works }, target, fields) => {
        const call = { endpoint: 'embedding', model: 'a', inputs: ['a'], encoding: 'float', ...fields } as const;
        return works?.embedding?.(call, target, new Meter(0, () => 0)).request;
      },
    ),
    pictures: matrix(
      'Asked for',
      PROVIDERS.filter((provider) => provider.kind === 'remote' && provider.images !== undefined),
      PICTURES,
      ({ images }, target, fields) =>
        images?.draw({ endpoint: 'image', model: 'a', prompt: 'a cat', aspectRatio: '1:1', n: 1, ...fields }, target, 0)
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
