// What becomes of each kind of chat that each kind of client asks for, at each kind of provider. The contract suite
// (test/contract/cells.test.ts) drives every cell through the running gateway, and docs/reference/providers.md is made of
// this table: a row that says what the program does not do fails there before it can mislead anybody.

export const FEATURES = [
  'text',
  'stream',
  'tool',
  'tool in a stream',
  'result of a tool',
  'picture as bytes',
  'picture by its address',
  'JSON by a schema',
  'failures',
] as const;
export type Feature = (typeof FEATURES)[number];

export const CELL_PROVIDERS = [
  'demo',
  'openai-compatible',
  'anthropic',
  'gemini',
  'gigachat',
  'yandexgpt',
  'llama-cpp',
] as const;
export type CellProvider = (typeof CELL_PROVIDERS)[number];

/** `yes` works; `refused` is an `unsupported_parameter` that names `param`; `none` cannot be. */
export type Cell = { readonly kind: 'yes' | 'none' } | { readonly kind: 'refused'; readonly param: string };

export type ClientRow = {
  /** As the suite and the page call it. */
  readonly name: string;
  /** The routes that it stands for. */
  readonly routes: readonly string[];
  readonly features: readonly Feature[];
};

const RICH = FEATURES;
const TEXTS: readonly Feature[] = ['text', 'stream', 'failures'];
const PLAIN: readonly Feature[] = ['text', 'failures'];

const GEMINI_ROUTES = ['/v1', '/v1beta'].flatMap((version) =>
  ['generateContent', 'streamGenerateContent'].map((method) => `${version}/models/{name}:${method}`),
);

/** Every client whose calls reach a chat model. */
export const CLIENT_ROWS = {
  chat: { name: 'OpenAI chat completions', routes: ['/v1/chat/completions'], features: RICH },
  responses: { name: 'OpenAI responses', routes: ['/v1/responses'], features: RICH },
  messages: { name: 'Anthropic messages', routes: ['/v1/messages'], features: RICH },
  gemini: { name: 'Gemini generateContent', routes: GEMINI_ROUTES, features: RICH },
  ollama: {
    name: 'Ollama chat and generate',
    routes: ['/api/chat', '/api/generate'],
    features: RICH.filter((feature) => feature !== 'picture by its address'),
  },
  nspChat: { name: 'NSP chat', routes: ['/api/v1/chat/completions'], features: RICH },
  completions: {
    name: 'OpenAI text completions',
    routes: ['/v1/completions', '/v1/engines/{name}/completions'],
    features: TEXTS,
  },
  complete: { name: 'Anthropic text completions', routes: ['/v1/complete'], features: TEXTS },
  nspCompletions: { name: 'NSP completions', routes: ['/api/v1/completions'], features: TEXTS },
  nspClaude: { name: 'NSP completions of Claude', routes: ['/api/v1/completions/claude'], features: TEXTS },
  sydneyChat: { name: 'Sydney chat', routes: ['/v1/chat'], features: PLAIN },
  sydneyPrompt: { name: 'Sydney prompt', routes: ['/v1/prompt'], features: PLAIN },
  chatinfo: { name: 'ChatInfo requests', routes: ['/api/gpt/create_request'], features: PLAIN },
  textbot: { name: 'TextBot requests', routes: ['/api/generate_response'], features: PLAIN },
  tasks: {
    name: 'Tolmach tasks',
    routes: ['/v1/tasks'],
    features: ['text', 'picture as bytes', 'picture by its address', 'JSON by a schema', 'failures'],
  },
} as const satisfies Readonly<Record<string, ClientRow>>;
export type ClientName = keyof typeof CLIENT_ROWS;

/** What a provider's vendor has no word for, whoever asks. Everything else works. */
const REFUSED: Readonly<Partial<Record<CellProvider, Readonly<Partial<Record<Feature, string>>>>>> = {
  gemini: { 'picture by its address': 'messages' },
  gigachat: { 'picture by its address': 'messages' },
  'llama-cpp': {
    tool: 'tools',
    'tool in a stream': 'tools',
    'result of a tool': 'tools',
    'picture as bytes': 'messages',
    'picture by its address': 'messages',
  },
};

export function cellOf(client: ClientName, provider: CellProvider, feature: Feature): Cell {
  // The demonstration has no vendor that could fail.
  if (provider === 'demo' && feature === 'failures') return { kind: 'none' };
  // It calls a tool only where it has to, which Ollama's clients cannot say.
  if (provider === 'demo' && client === 'ollama' && feature.startsWith('tool')) return { kind: 'none' };
  const param = REFUSED[provider]?.[feature];
  return param === undefined ? { kind: 'yes' } : { kind: 'refused', param };
}
