// The list of dialects. Order does not matter: their paths do not collide, which the contract suite checks.
import { anthropic } from './anthropic.ts';
import { chatinfo } from './chatinfo.ts';
import { cohere } from './cohere.ts';
import type { Dialect } from './dialect.ts';
import { gemini } from './gemini.ts';
import { nsp } from './nsp.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { sydney } from './sydney.ts';
import { textbot } from './textbot.ts';
import { tolmach } from './tolmach.ts';

export const DIALECTS: readonly Dialect[] = [
  openai,
  anthropic,
  chatinfo,
  textbot,
  nsp,
  sydney,
  gemini,
  cohere,
  ollama,
  tolmach,
];
