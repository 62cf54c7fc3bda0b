// Valid requests of every dialect, route and server address: what mutations start from. Most bodies are those of the
// golden files and so of the services' documents; the others are written here.
import { join } from 'node:path';
import { DIALECTS } from '../../src/dialects/index.ts';

/** How a request tells who it is. `body` is a field `key`, as two of the documents have it. */
export type Carrier = 'bearer' | 'x-api-key' | 'body' | 'admin' | 'none';

export type ValidRequest = {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly carrier: Carrier;
  /** A JSON value, or the very text of the body. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A text that is put where the customer's key goes in bodies. */
export const KEY_MARK = '{{customer-key}}';

const GOLDEN = join(import.meta.dir, '..', 'golden');
const MULTIPART = 'multipart/form-data; boundary=----corpus';
const PIXEL_URL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    strict: true,
  },
};

type Golden = {
  readonly route: string;
  /** The name in the path, and what follows the question mark. */
  readonly rest?: string;
  readonly query?: string;
  readonly files?: unknown;
  readonly body?: unknown;
  readonly contentType?: string;
};

/** All of them by route, in one order on every machine: each route is as important as any other. */
export async function validRequests(): Promise<ValidRequest[][]> {
  const all = [
    ...OPENAI,
    ...ANTHROPIC,
    ...GEMINI,
    ...TASKS,
    ...FORMS,
    ...SERVER,
    ...ADMIN,
    ...(await goldenRequests()),
  ];
  return [...Map.groupBy(all, ({ method, target }) => `${method} ${target}`).values()];
}

async function goldenRequests(): Promise<ValidRequest[]> {
  const found: ValidRequest[] = [];
  for (const { name: dialect } of DIALECTS) {
    for (const file of [
      ...new Bun.Glob(dialect === 'gemini' ? 'gemini-dialect/*.in.json' : `${dialect}/*.in.json`).scanSync(GOLDEN),
    ].sort()) {
      const given = (await Bun.file(join(GOLDEN, file)).json()) as Golden;
      // A case that only shows a refusal by the pipeline has no body.
      if (given.body === undefined && given.route.startsWith('POST')) continue;
      const [method = '', path = ''] = given.route.split(' ');
      const query = given.query === undefined ? '' : `?${given.query}`;
      // The body of a form with files is no whole request.
      if (given.files !== undefined) continue;
      const target = path.replace('{name}', given.rest ?? 'strict') + query;
      const { body, carrier } = withKey(given.body);
      found.push({
        name: file.replace(/\.in\.json$/, ''),
        method,
        target,
        carrier,
        ...(method === 'GET' ? {} : { body }),
        contentType: given.contentType ?? 'application/json',
      });
    }
  }
  return found;
}

/** The golden files name some key or other in the body; the customer's takes its place. */
function withKey(body: unknown): { readonly body: unknown; readonly carrier: Carrier } {
  if (typeof body === 'string') return { body: body.replace(/\bkey=\w+/, `key=${KEY_MARK}`), carrier: 'bearer' };
  if (typeof body === 'object' && body !== null && 'key' in body)
    return { body: { ...body, key: KEY_MARK }, carrier: 'body' };
  return { body, carrier: 'bearer' };
}

const post = (name: string, target: string, body: unknown, more: Partial<ValidRequest> = {}): ValidRequest => ({
  name,
  method: 'POST',
  target,
  carrier: 'bearer',
  contentType: 'application/json',
  body,
  ...more,
});
const get = (target: string, carrier: Carrier = 'bearer', method = 'GET'): ValidRequest => ({
  name: `${method} ${target}`,
  method,
  target,
  carrier,
});

const VERSION = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-2025-01-01' };
const HELLO = [{ role: 'user', content: 'Hello' }];
const OPENAI: readonly ValidRequest[] = [
  post('chat relayed', '/v1/chat/completions', { model: 'strict', messages: HELLO }),
  post('chat translated', '/v1/chat/completions', { model: 'loose', messages: HELLO, temperature: 0.5 }),
  post('chat relayed stream', '/v1/chat/completions', {
    model: 'strict',
    stream: true,
    stream_options: { include_usage: true },
    messages: HELLO,
  }),
  post('chat translated stream', '/v1/chat/completions', { model: 'loose', stream: true, messages: HELLO }),
  post('chat of many parts', '/v1/chat/completions', {
    model: 'loose',
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: PIXEL_URL, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Omsk"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '-10' },
    ],
    tools: [WEATHER],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
  }),
  post(
    'chat with every number',
    '/v1/chat/completions',
    {
      model: 'demo',
      messages: HELLO,
      n: 1,
      max_tokens: 16,
      max_completion_tokens: 16,
      temperature: 1,
      top_p: 0.9,
      presence_penalty: 0,
      frequency_penalty: 0,
      seed: 42,
      stop: ['\n', 'END'],
      logit_bias: { '50256': -100 },
      user: 'u-1',
      metadata: { a: 'b' },
    },
    { carrier: 'x-api-key' },
  ),
  post('completion', '/v1/completions', { model: 'strict', prompt: 'Once upon', max_tokens: 5, echo: false }),
  post('completion of two prompts', '/v1/completions', { model: 'demo', prompt: ['a', 'b'], n: 1 }),
  post('completion of an engine', '/v1/engines/strict/completions', { prompt: 'Once upon', max_tokens: 5 }),
  post('response', '/v1/responses', { model: 'strict', input: 'Hello', metadata: { a: 'b' } }),
  post('response stream', '/v1/responses', { model: 'loose', input: HELLO, stream: true }),
  post('embedding', '/v1/embeddings', { model: 'vectors', input: ['a', 'b'], encoding_format: 'base64' }),
  post('speech', '/v1/audio/speech', { model: 'voice', input: 'Hello', voice: 'alloy', response_format: 'pcm' }),
  post('image', '/v1/images/generations', { model: 'picture', prompt: 'a cat', n: 1, size: '1024x1024' }),
  post('moderation', '/v1/moderations', { input: ['I want to kill them.', 'Hello'] }),
  get('/v1/models'),
  get('/v1/models/strict'),
];

const TASKS: readonly ValidRequest[] = [
  post(
    'task of messages',
    '/v1/tasks',
    { model: 'demo', messages: HELLO },
    { headers: { 'idempotency-key': 'order-17' } },
  ),
  // Nothing listens there, and the test gateway allows the address, so that no request ever leaves the machine.
  post('task of a mode', '/v1/tasks', { mode: 'chat', input: 'Hello', webhook_url: 'http://127.0.0.1:9/hook' }),
  get('/v1/tasks/1'),
  get('/v1/tasks/999999999999999'),
  get('/v1/tasks/1', 'bearer', 'DELETE'),
  get('/v1/webhook_secret'),
];

const MESSAGE = { model: 'claude', max_tokens: 64, messages: HELLO };
const ANTHROPIC: readonly ValidRequest[] = [
  post('message relayed', '/v1/messages', MESSAGE, { carrier: 'x-api-key', headers: VERSION }),
  post('message relayed stream', '/v1/messages', { ...MESSAGE, stream: true }, { headers: VERSION }),
  post('message translated', '/v1/messages', { ...MESSAGE, model: 'loose', system: 'Be brief.' }, { headers: VERSION }),
  post('message translated stream', '/v1/messages', { ...MESSAGE, model: 'loose', stream: true }),
  post('message of many blocks', '/v1/messages', {
    ...MESSAGE,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Omsk' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '-10' }] },
    ],
    tools: [{ name: 'weather', description: 'Tells the weather', input_schema: { type: 'object' } }],
    tool_choice: { type: 'auto' },
    metadata: { user_id: 'u-1' },
    stop_sequences: ['END'],
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    thinking: { type: 'disabled' },
  }),
  post('count of tokens', '/v1/messages/count_tokens', { model: 'claude', messages: HELLO }, { headers: VERSION }),
  post('chat of an Anthropic model', '/v1/chat/completions', { model: 'claude', messages: HELLO, stream: true }),
];

const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
const GEMINI: readonly ValidRequest[] = ['/v1', '/v1beta'].flatMap((version) => [
  post('content', `${version}/models/strict:generateContent`, CONTENTS),
  post('content stream', `${version}/models/strict:streamGenerateContent?alt=sse`, CONTENTS),
  post('content array', `${version}/models/loose:streamGenerateContent`, CONTENTS),
  post('content tokens', `${version}/models/strict:countTokens`, CONTENTS),
  post('content vector', `${version}/models/vectors:embedContent`, { content: { parts: [{ text: 'a' }] } }),
  post('content vectors', `${version}/models/vectors:batchEmbedContents`, {
    requests: [{ content: { parts: [{ text: 'a' }] } }],
  }),
  get(`${version}/models/strict`),
]);

const part = (name: string, text: string) =>
  `------corpus\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
const file = (name: string, type: string) =>
  `------corpus\r\nContent-Disposition: form-data; name="${name}"; filename="a.bin"\r\nContent-Type: ${type}\r\n\r\nRIFF\r\n`;
const FORMS: readonly ValidRequest[] = [
  ...['transcriptions', 'translations'].map((action) =>
    post(
      `audio ${action}`,
      `/v1/audio/${action}`,
      `${part('model', 'listener')}${part('temperature', '0.5')}${file('file', 'audio/wav')}------corpus--\r\n`,
      { contentType: MULTIPART },
    ),
  ),
  // Text is no picture, so that it is refused as one.
  post(
    'image edit',
    '/v1/images/edits',
    `${part('model', 'picture')}${part('prompt', 'a hat')}${file('image', 'image/png')}------corpus--\r\n`,
    { contentType: MULTIPART },
  ),
  post(
    'multipart task',
    '/api/gpt/create_request',
    `${part('key', KEY_MARK)}${part('content', 'Текст')}------corpus--\r\n`,
    {
      contentType: MULTIPART,
      carrier: 'body',
    },
  ),
  post(
    'multipart with a file',
    '/api/generate_response',
    `${part('key', KEY_MARK)}------corpus\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n${part('input_text', 'Hi')}------corpus--\r\n`,
    { contentType: MULTIPART, carrier: 'body' },
  ),
];

const SERVER: readonly ValidRequest[] = [
  get('/livez', 'none'),
  get('/readyz', 'none'),
  get('/metrics', 'none'),
  get('/api/modes', 'none'),
  get('/files/0123456789abcdef0123456789abcdef.png', 'none'),
  get('/v1/chat/completions', 'none', 'OPTIONS'),
];

/** None of them changes what the customers of the run live on. */
const ADMIN: readonly ValidRequest[] = [
  post('create an account', '/admin/v1/accounts', { email: 'a@example.org', plan: 'requests' }, { carrier: 'admin' }),
  post('grant to nobody', '/admin/v1/accounts/acc_none/grants', { rub: '99.90', source: 'x' }, { carrier: 'admin' }),
  post('key for nobody', '/admin/v1/accounts/acc_none/keys', { name: 'n' }, { carrier: 'admin' }),
  post('change nobody', '/admin/v1/accounts/acc_none', { status: 'active' }, { carrier: 'admin', method: 'PATCH' }),
  post(
    'a plan with prices',
    '/admin/v1/plans/imported',
    {
      id: 'imported',
      name: 'Imported',
      maxInputChars: 1000,
      prices: [{ models: ['gpt-*'], microRub: { inputPerMTok: 1, outputPerMTok: 2, perCall: 3 } }, { requests: 2 }],
      limits: [{ name: 'l', perMinute: 5, perDay: null }],
      aliases: { 'old-*': 'strict' },
    },
    { carrier: 'admin', method: 'PUT' },
  ),
  get('/admin/v1/plans', 'admin'),
  get('/admin/v1/status', 'admin'),
  get('/admin/v1/tasks/1', 'admin'),
  get('/admin/v1/accounts/acc_none/usage?limit=5&before=x', 'admin'),
  get('/admin/v1/keys/key_none', 'admin', 'DELETE'),
];
