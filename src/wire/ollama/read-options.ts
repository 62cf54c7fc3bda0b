// The fields that Ollama's chat and generate have in common: the options of sampling, the form of the answer, whether it
// streams and whether it thinks aloud. Source: `docs/api.md` of Ollama.
import type { ChatOptions, ResponseFormat } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  isObject,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  present,
  unsupported,
} from '../../core/fields.ts';
import { MAX_TOKENS_MAX, readStop } from '../openai/read-sampling.ts';

/** Options that change what is said. Others, such as `num_ctx`, are about Ollama's own machine and mean nothing here. */
const UNSUPPORTED = [
  'min_p',
  'typical_p',
  'tfs_z',
  'repeat_penalty',
  'repeat_last_n',
  'penalize_newline',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
];

/** What the dialect notes for writing the answer: whether the model's thoughts are shown. */
export type OllamaNotes = { readonly showsThoughts: boolean };

export function readOptions(body: JsonObject): ChatOptions {
  const options = optionalObject(body, 'options') ?? {};
  for (const name of UNSUPPORTED)
    if (options[name] !== undefined && options[name] !== null)
      throw unsupported(`options.${name}`, `"${name}" is not supported.`);
  const topLogprobs = optionalInteger(body, 'top_logprobs', 0, 20);
  const logprobs = optionalBoolean(body, 'logprobs');
  return present({
    maxOutputTokens: readBound(options),
    temperature: optionalNumber(options, 'temperature', 0, 2),
    topP: optionalNumber(options, 'top_p', 0, 1),
    topK: optionalInteger(options, 'top_k', 0, 1_000_000) || undefined,
    seed: optionalInteger(options, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    stop: readStop(options),
    presencePenalty: optionalNumber(options, 'presence_penalty', -2, 2),
    frequencyPenalty: optionalNumber(options, 'frequency_penalty', -2, 2),
    logprobs,
    topLogprobs: logprobs === true ? topLogprobs : undefined,
    responseFormat: readFormat(body['format']),
    reasoningEffort: readEffort(body['think']),
  });
}

/** A negative number is Ollama's word for no bound. */
function readBound(options: JsonObject): number | undefined {
  const bound = optionalInteger(options, 'num_predict', -2, MAX_TOKENS_MAX);
  return bound === undefined || bound < 1 ? undefined : bound;
}

function readFormat(format: unknown): ResponseFormat | undefined {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { kind: 'json' };
  if (isObject(format)) return { kind: 'schema', name: 'response', schema: format };
  throw invalid('format', '"format" must be "json" or a JSON schema.');
}

function readEffort(think: unknown): string | undefined {
  if (think === undefined || think === null || typeof think === 'boolean') return undefined;
  if (think === 'low' || think === 'medium' || think === 'high') return think;
  throw invalid('think', '"think" must be true, false, "low", "medium" or "high".');
}

export function readNotes(body: JsonObject): OllamaNotes {
  return { showsThoughts: body['think'] !== false };
}

/** Unlike other protocols it streams unless it is told not to. */
export function readStream(body: JsonObject): boolean {
  return optionalBoolean(body, 'stream') ?? true;
}
