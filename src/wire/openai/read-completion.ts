// Reads the body of an OpenAI text completion, the older kind, into a Call for a chat model: the prompt becomes the
// user's message. What a chat model cannot do is refused by name; nothing is left out in silence.
import type { ChatCall, ChatOptions, Message } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalString,
  present,
  unsupported,
} from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { RequestHead, WireBody } from '../rendering.ts';
import { MAX_TOKENS_MAX, readLogitBias, readModelName, readStop, readStreaming } from './read-sampling.ts';

/** OpenAI's own default: short, and part of what old programs expect to pay. */
const MAX_TOKENS_DEFAULT = 16;

export function readCompletion(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  return readFields(value, readModelName(value));
}

/** The engine of the path is the model; one in the body goes before it, as it did for OpenAI. */
export function readEngineCompletion(body: WireBody, { rest }: RequestHead): ChatCall {
  const { value } = parseObject(body.text);
  return readFields(value, readModelName({ ...value, model: value['model'] ?? rest }));
}

function readFields(value: JsonObject, model: string): ChatCall {
  const streaming = readStreaming(value);
  const options = readOptions(value);
  refuseBestOf(value, options.n ?? 1, streaming.stream);
  const echo = optionalBoolean(value, 'echo') ?? false;
  if (echo && options.logprobs === true)
    throw unsupported(
      'echo',
      '"echo" together with "logprobs" is not supported: a chat model does not rate the prompt.',
    );
  return {
    endpoint: 'chat',
    model,
    messages: [...messagesForSuffix(value), { role: 'user', parts: [{ kind: 'text', text: readPrompt(value) }] }],
    options,
    ...streaming,
    extra: {},
    ...(echo ? { echo } : {}),
  };
}

/** The prompt as the model got it, which is what an echo repeats and where the offsets of tokens begin. */
export function promptOf(call: ChatCall): string {
  const message = call.messages.findLast(({ role }) => role === 'user');
  return message?.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('') ?? '';
}

function readOptions(body: JsonObject): ChatOptions {
  // A boolean here is the field of chat completions; taking it for a number would answer another question.
  const logprobs = optionalInteger(body, 'logprobs', 0, 5);
  return present({
    maxOutputTokens: optionalInteger(body, 'max_tokens', 1, MAX_TOKENS_MAX) ?? MAX_TOKENS_DEFAULT,
    temperature: optionalNumber(body, 'temperature', 0, 2),
    topP: optionalNumber(body, 'top_p', 0, 1),
    n: optionalInteger(body, 'n', 1, 128),
    stop: readStop(body),
    presencePenalty: optionalNumber(body, 'presence_penalty', -2, 2),
    frequencyPenalty: optionalNumber(body, 'frequency_penalty', -2, 2),
    logprobs: logprobs === undefined ? undefined : true,
    topLogprobs: logprobs,
    logitBias: readLogitBias(body),
    seed: optionalInteger(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    user: optionalString(body, 'user'),
  });
}

function readPrompt(body: JsonObject): string {
  const { prompt } = body;
  if (prompt === undefined || prompt === null)
    throw new CallError('missing_field', { param: 'prompt', message: "Missing required parameter: 'prompt'." });
  const only = Array.isArray(prompt) && prompt.length === 1 ? (prompt[0] as unknown) : prompt;
  if (typeof only === 'string') {
    if (only === '') throw invalid('prompt', '"prompt" must not be empty.');
    return only;
  }
  if (!Array.isArray(only) || only.length === 0) throw invalid('prompt', '"prompt" must be a string.');
  if (only.every((item) => typeof item === 'string'))
    throw unsupported('prompt', 'Several prompts in one request are not supported: send one request for each.');
  throw unsupported('prompt', 'A prompt of token ids is not supported: send the text.');
}

/** Picking the best of more answers than are shown needs the model's own rating of each, which chat models lack. */
function refuseBestOf(body: JsonObject, n: number, stream: boolean): void {
  const bestOf = optionalInteger(body, 'best_of', 0, 20);
  if (bestOf === undefined) return;
  if (bestOf < n) throw invalid('best_of', '"best_of" must not be less than "n".');
  if (stream && bestOf > 1) throw invalid('best_of', '"best_of" cannot be streamed.');
  if (bestOf > n) throw unsupported('best_of', '"best_of" greater than "n" is not supported by this model.');
}

/** A chat model has no field for what follows the gap, so that it is told in words. */
function messagesForSuffix(body: JsonObject): Message[] {
  const suffix = optionalString(body, 'suffix');
  if (suffix === undefined || suffix === '') return [];
  const text = `Your answer is inserted between two texts: the user's message comes before it, the text below comes after it. Write only what belongs between them. Repeat neither of them and explain nothing.\n\n${suffix}`;
  return [{ role: 'system', parts: [{ kind: 'text', text }] }];
}
