// Vendors that are known by name, one row each; most of them are OpenAI-like. `env` names the variables that switch a vendor on; its base URL can be changed
// by the variable of the same name that ends in _BASE_URL. Facts are from the vendors' own documentation.
import type { VendorQuirks } from './provider.ts';

export type Vendor = {
  readonly name: string;
  /** The wire protocol that it speaks: the name of a provider. OpenAI's where absent. */
  readonly kind?:
    | 'anthropic'
    | 'gemini'
    | 'gigachat'
    | 'yandexgpt'
    | 'fusionbrain'
    | 'stability'
    | 'automatic1111'
    | 'comfyui';
  readonly baseUrl: string;
  /** The variable that holds the key; `null` for servers that need none and are found or configured by address. */
  readonly keyEnv: string | null;
  readonly quirks: VendorQuirks;
  /** Whether a running one is looked for at its usual address, without being asked to. */
  readonly isProbed?: boolean;
};

const strict: VendorQuirks = { maxTokensField: 'max_tokens', streamsAreStrict: true, unsupported: [] };
const loose: VendorQuirks = { ...strict, streamsAreStrict: false };

export const VENDORS: readonly Vendor[] = [
  {
    name: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    keyEnv: 'OPENAI_API_KEY',
    quirks: { ...strict, maxTokensField: 'max_completion_tokens', unsupported: ['top_k'] },
  },
  {
    name: 'anthropic',
    kind: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    keyEnv: 'ANTHROPIC_API_KEY',
    // The protocol has no words for these, so that its provider refuses them whatever vendor speaks it.
    quirks: { ...strict, unsupported: ['n', 'logprobs', 'logit_bias', 'presence_penalty', 'frequency_penalty'] },
  },
  {
    name: 'gigachat',
    kind: 'gigachat',
    baseUrl: 'https://gigachat.devices.sberbank.ru/api/v1',
    keyEnv: 'GIGACHAT_CREDENTIALS',
    quirks: {
      ...strict,
      unsupported: [
        'n',
        'stop',
        'logprobs',
        'logit_bias',
        'presence_penalty',
        'frequency_penalty',
        'top_k',
        'tool_choice',
        'response_format',
      ],
    },
  },
  {
    name: 'yandex',
    kind: 'yandexgpt',
    baseUrl: 'https://ai.api.cloud.yandex.net/v1',
    keyEnv: 'YANDEX_API_KEY',
    quirks: { ...loose, unsupported: ['n', 'logprobs', 'logit_bias', 'top_k'] },
  },
  {
    name: 'gemini',
    kind: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    keyEnv: 'GEMINI_API_KEY',
    quirks: { ...strict, unsupported: ['n', 'logprobs', 'logit_bias'] },
  },
  {
    name: 'fusionbrain',
    kind: 'fusionbrain',
    baseUrl: 'https://api-key.fusionbrain.ai',
    keyEnv: 'FUSIONBRAIN_API_KEY',
    quirks: { ...strict, unsupported: ['n'] },
  },
  {
    name: 'stability',
    kind: 'stability',
    baseUrl: 'https://api.stability.ai',
    keyEnv: 'STABILITY_API_KEY',
    quirks: strict,
  },
  {
    name: 'automatic1111',
    kind: 'automatic1111',
    baseUrl: 'http://127.0.0.1:7860',
    keyEnv: null,
    quirks: strict,
  },
  { name: 'comfyui', kind: 'comfyui', baseUrl: 'http://127.0.0.1:8188', keyEnv: null, quirks: strict },
  {
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyEnv: 'OPENROUTER_API_KEY',
    quirks: { ...strict, takesCacheMarks: true },
  },
  {
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com/v1',
    keyEnv: 'DEEPSEEK_API_KEY',
    quirks: { ...strict, unsupported: ['n', 'logit_bias', 'top_k'] },
  },
  {
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    keyEnv: 'MISTRAL_API_KEY',
    quirks: { ...loose, unsupported: ['logprobs', 'logit_bias', 'top_k'] },
  },
  {
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    keyEnv: 'GROQ_API_KEY',
    quirks: { ...strict, unsupported: ['n', 'logprobs', 'logit_bias', 'top_k'] },
  },
  { name: 'together', baseUrl: 'https://api.together.xyz/v1', keyEnv: 'TOGETHER_API_KEY', quirks: loose },
  {
    name: 'cloudru',
    baseUrl: 'https://foundation-models.api.cloud.ru/v1',
    keyEnv: 'CLOUDRU_API_KEY',
    quirks: loose,
  },
  {
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    keyEnv: 'XAI_API_KEY',
    quirks: { ...loose, maxTokensField: 'max_completion_tokens', unsupported: ['logit_bias', 'top_k'] },
  },
  {
    name: 'cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    keyEnv: 'CEREBRAS_API_KEY',
    quirks: {
      ...loose,
      maxTokensField: 'max_completion_tokens',
      unsupported: ['n', 'logit_bias', 'top_k'],
    },
  },
  {
    name: 'fireworks',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyEnv: 'FIREWORKS_API_KEY',
    quirks: loose,
  },
  {
    name: 'moonshot',
    baseUrl: 'https://api.moonshot.ai/v1',
    keyEnv: 'MOONSHOT_API_KEY',
    quirks: {
      ...loose,
      maxTokensField: 'max_completion_tokens',
      unsupported: ['logprobs', 'logit_bias', 'top_k'],
    },
  },
  { name: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1', keyEnv: null, quirks: loose },
  { name: 'llama.cpp', baseUrl: 'http://127.0.0.1:8081/v1', keyEnv: null, quirks: loose },
  { name: 'lmstudio', baseUrl: 'http://127.0.0.1:1234/v1', keyEnv: null, quirks: loose },
  {
    name: 'ollama',
    baseUrl: 'http://127.0.0.1:11434/v1',
    keyEnv: null,
    quirks: { ...loose, unsupported: ['n', 'logprobs', 'logit_bias', 'tool_choice', 'top_k', 'image_url'] },
    isProbed: true,
  },
];
