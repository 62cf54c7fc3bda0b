// The public models that are sold without any configuration, and which vendor calls each by which name. A model whose
// vendors are all absent answers from the demo only while no real provider is configured at all.
import type { ModelKind } from '../core/call.ts';
import type { WorkKind } from '../core/work.ts';

export type ModelPreset = {
  readonly name: string;
  readonly ownedBy: string;
  /** Text where absent. */
  readonly kind?: ModelKind;
  /** The most output tokens a call can get where it names no bound itself; the hold counts on it. */
  readonly maxOutputTokens: number;
  /** Tokens of a picture, where they may be more than of most models. */
  readonly imageTokensMax?: number;
  /** Vendor name to the vendor's model name, in order of preference. */
  readonly vendors: Readonly<Record<string, string>>;
};

/** A picture of eight tiles is 2 833 + 8 × 5 667 tokens of this model (OpenAI, "Images and vision"). */
const MINI = { name: 'gpt-4o-mini', imageTokensMax: 48_169 } as const;

const openai = (name: string, maxOutputTokens: number, upstream = name): ModelPreset => ({
  name,
  ownedBy: 'openai',
  maxOutputTokens,
  ...(upstream === MINI.name ? { imageTokensMax: MINI.imageTokensMax } : {}),
  vendors: { openai: upstream, openrouter: `openai/${upstream}` },
});

/** OpenRouter writes the version with a dot: `anthropic/claude-haiku-4.5`. */
const anthropic = (name: string, upstream = name, maxOutputTokens = 4096): ModelPreset => ({
  name,
  ownedBy: 'anthropic',
  maxOutputTokens,
  vendors: { anthropic: upstream, openrouter: `anthropic/${upstream.replace(/-(\d)-(\d)$/, '-$1.$2')}` },
});

/** Done by the demo until a provider that can is configured. */
const work = (kind: WorkKind, name: string, ownedBy: string, vendor = ownedBy): ModelPreset => ({
  name,
  ownedBy,
  kind,
  maxOutputTokens: 1,
  vendors: { [vendor]: name },
});

/** Drawn by the demo until a provider that draws is configured. */
const picture = (name: string, ownedBy: string, vendors: Readonly<Record<string, string>> = {}): ModelPreset => ({
  name,
  ownedBy,
  kind: 'image',
  maxOutputTokens: 1,
  vendors,
});

const gigachat = (name: string): ModelPreset => ({
  name,
  ownedBy: 'sber',
  maxOutputTokens: 4096,
  vendors: { gigachat: name },
});

const yandex = (name: string, upstream = name): ModelPreset => ({
  name,
  ownedBy: 'yandex',
  maxOutputTokens: 4096,
  vendors: { yandex: upstream },
});

/** These models think as they answer. */
const gemini = (name: string): ModelPreset => ({
  name,
  ownedBy: 'google',
  maxOutputTokens: 16_384,
  vendors: { gemini: name, openrouter: `google/${name}` },
});

/** Claude models since 5 think as they answer, so that the same text needs a wider bound. */
const CLAUDE_5_OUTPUT_TOKENS = 16_384;

/**
 * Models that their vendors have switched off, most of them of the NSP document. Programs still ask for them by name, so
 * that the nearest model of the same vendor answers; `x-tolmach-model` says which one did.
 */
const RETIRED: readonly ModelPreset[] = [
  ...['text-ada-001', 'text-babbage-001', 'text-curie-001', 'text-davinci-003'].map((name) =>
    openai(name, 4096, MINI.name),
  ),
  ...['claude-2', 'claude-instant-v1', 'claude-v1.0', 'claude-v1.2', 'claude-v1.3'].map((name) =>
    anthropic(name, 'claude-haiku-4-5'),
  ),
  // Ends on 30 November 2026.
  anthropic('claude-sonnet-4-5', 'claude-sonnet-4-6'),
];

export const MODEL_PRESETS: readonly ModelPreset[] = [
  { name: 'demo', ownedBy: 'tolmach', maxOutputTokens: 1024, vendors: { demo: 'demo' } },
  anthropic('claude-2-100k', 'claude-haiku-4-5'),
  anthropic('claude-1.3-100k', 'claude-haiku-4-5'),
  anthropic('claude-instant-1-100k', 'claude-haiku-4-5'),
  // One's own machine goes before what is paid for.
  picture('sdxl', 'stabilityai', {
    automatic1111: 'loaded',
    comfyui: 'default',
    stability: 'stable-diffusion-xl-1024-v1-0',
  }),
  picture('kandinsky', 'sber', { fusionbrain: 'kandinsky', gigachat: 'GigaChat-2-Max' }),
  picture('dall-e-3', 'openai', { openai: 'dall-e-3' }),
  picture('gpt-image-1', 'openai', { openai: 'gpt-image-1' }),
  work('embedding', 'text-embedding-3-small', 'openai'),
  work('embedding', 'text-embedding-3-large', 'openai'),
  work('embedding', 'text-embedding-ada-002', 'openai'),
  work('embedding', 'gemini-embedding-001', 'google', 'gemini'),
  ...['Embeddings', 'EmbeddingsGigaR'].map((name) => work('embedding', name, 'sber', 'gigachat')),
  ...['text-search-doc', 'text-search-query'].map((name) => work('embedding', name, 'yandex')),
  ...['tts-1', 'tts-1-hd', 'gpt-4o-mini-tts'].map((name) => work('speech', name, 'openai')),
  ...['whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe'].map((name) => work('transcription', name, 'openai')),
  work('rerank', 'demo-rerank', 'tolmach', 'demo'),
  ...RETIRED,
  openai('gpt-4o', 16_384),
  openai(MINI.name, 16_384),
  openai('gpt-4.1', 32_768),
  openai('gpt-4.1-mini', 32_768),
  openai('gpt-5', 32_768),
  openai('gpt-5-mini', 32_768),
  openai('gpt-4', 8192),
  openai('gpt-4-turbo', 4096),
  openai('gpt-3.5-turbo', 4096),
  openai('gpt-3.5-turbo-16k', 4096, 'gpt-3.5-turbo'),
  ...['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5', 'claude-sonnet-5'].map((name) =>
    anthropic(name, name, CLAUDE_5_OUTPUT_TOKENS),
  ),
  anthropic('claude-sonnet-4-6'),
  anthropic('claude-opus-4-6'),
  anthropic('claude-opus-4-5'),
  anthropic('claude-haiku-4-5'),
  gigachat('GigaChat-2'),
  gigachat('GigaChat-2-Pro'),
  gigachat('GigaChat-2-Max'),
  yandex('yandexgpt'),
  yandex('yandexgpt-lite'),
  gemini('gemini-2.5-pro'),
  gemini('gemini-2.5-flash'),
  gemini('gemini-2.5-flash-lite'),
  {
    name: 'deepseek-chat',
    ownedBy: 'deepseek',
    maxOutputTokens: 8192,
    vendors: { deepseek: 'deepseek-chat', openrouter: 'deepseek/deepseek-chat' },
  },
  {
    name: 'mistral-large-latest',
    ownedBy: 'mistral',
    maxOutputTokens: 8192,
    vendors: { mistral: 'mistral-large-latest', openrouter: 'mistralai/mistral-large' },
  },
];
