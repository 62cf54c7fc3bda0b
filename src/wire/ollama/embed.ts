// Ollama's embeddings, of one text or of several, and in its older way, as neutral ones.
import type { Usage } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { invalid, optionalBoolean, optionalInteger, optionalString, present, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { EmbeddingCall, Vectors } from '../../core/work.ts';
import { readModelName } from '../openai/read-sampling.ts';
import type { AnswerContext, Rendered, WireBody } from '../rendering.ts';

const INPUTS_MAX = 2_048;
const DIMENSIONS_MAX = 16_384;

export function readEmbed(body: WireBody): EmbeddingCall {
  const { value } = parseObject(body.text);
  // It cuts longer texts unless it is told not to; other vendors refuse them, which is what not cutting means.
  optionalBoolean(value, 'truncate');
  const { input } = value;
  if (input === undefined || input === null)
    throw new CallError('missing_field', { param: 'input', message: 'input is required' });
  const list: unknown[] = Array.isArray(input) ? input : [input];
  if (list.length === 0 || list.length > INPUTS_MAX)
    throw invalid('input', `"input" must have 1 to ${INPUTS_MAX} texts.`);
  const dimensions = optionalInteger(value, 'dimensions', 1, DIMENSIONS_MAX);
  return embeddingCall(readModelName(value), list, 'input', dimensions);
}

export function readOldEmbed(body: WireBody): EmbeddingCall {
  const { value } = parseObject(body.text);
  return embeddingCall(readModelName(value), [optionalString(value, 'prompt')], 'prompt');
}

function embeddingCall(model: string, list: readonly unknown[], param: string, dimensions?: number): EmbeddingCall {
  const inputs = list.map((text) => {
    if (typeof text !== 'string') throw unsupported(param, `"${param}" must be a text or a list of texts.`);
    if (text === '') throw invalid(param, `"${param}" must not be empty.`);
    return text;
  });
  return { endpoint: 'embedding', model, inputs, encoding: 'float', ...present({ dimensions }) };
}

export function renderEmbed(vectors: Vectors, { model, usage }: AnswerContext & { readonly usage: Usage }): Rendered {
  const embeddings = vectors.map((vector) => [...vector]);
  return { status: 200, body: { model, embeddings, prompt_eval_count: usage.inputTokens } };
}

export function renderOldEmbed(vectors: Vectors): Rendered {
  return { status: 200, body: { embedding: [...(vectors[0] ?? [])] } };
}
