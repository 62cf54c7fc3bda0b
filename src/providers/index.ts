// The list of providers. A configured provider names one of these as its `kind`.
import { anthropic } from './anthropic.ts';
import { demo } from './demo.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { Provider } from './provider.ts';

export const PROVIDERS: readonly Provider[] = [openaiCompatible, anthropic, demo];
