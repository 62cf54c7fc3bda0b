// The list of providers. A configured provider names one of these as its `kind`.
import { anthropic } from './anthropic.ts';
import { automatic1111 } from './automatic1111.ts';
import { comfyui } from './comfyui.ts';
import { demo } from './demo.ts';
import { fusionbrain } from './fusionbrain.ts';
import { gemini } from './gemini.ts';
import { gigachat } from './gigachat.ts';
import { llamaCpp } from './llama-cpp.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { Provider } from './provider.ts';
import { stability } from './stability.ts';
import { yandexgpt } from './yandexgpt.ts';

export const PROVIDERS: readonly Provider[] = [
  openaiCompatible,
  anthropic,
  gemini,
  gigachat,
  yandexgpt,
  fusionbrain,
  stability,
  automatic1111,
  comfyui,
  llamaCpp,
  demo,
];
