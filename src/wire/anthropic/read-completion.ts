// Reads the body of an Anthropic text completion, the kind before messages, into a Call for a chat model. Source:
// Anthropic's API reference of text completions, versions 2023-01-01 and 2023-06-01.
import type { ChatCall, ChatOptions } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  present,
} from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { WireBody } from '../rendering.ts';
import { messagesOfPrompt } from '../turns.ts';

/** Where the model would begin to speak for the human, its turn is over. */
export const BUILT_IN_STOP = '\n\nHuman:';

const MAX_TOKENS_MAX = 10_000_000;
const TOP_K_MAX = 1_000_000;
const STOPS_MAX = 16;
/** The early clients' spelling of «not set», for `top_k` and `top_p`. */
const NOT_SET = -1;

export function readTextCompletion(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  const model = required(value, 'model');
  const prompt = required(value, 'prompt');
  if (prompt.trim() === '') throw invalid('prompt', '"prompt" must not be empty.');
  return {
    endpoint: 'chat',
    model,
    messages: messagesOfPrompt(prompt),
    options: readOptions(value),
    stream: optionalBoolean(value, 'stream') ?? false,
    includeUsage: false,
    extra: {},
  };
}

function readOptions(body: JsonObject): ChatOptions {
  const metadata = optionalObject(body, 'metadata');
  return present({
    maxOutputTokens: optionalInteger(body, 'max_tokens_to_sample', 1, MAX_TOKENS_MAX),
    stop: readStops(body['stop_sequences']),
    impliedStop: [BUILT_IN_STOP],
    temperature: optionalNumber(body, 'temperature', 0, 1),
    topK: body['top_k'] === NOT_SET ? undefined : optionalInteger(body, 'top_k', 0, TOP_K_MAX),
    topP: body['top_p'] === NOT_SET ? undefined : optionalNumber(body, 'top_p', 0, 1),
    user: metadata === undefined ? undefined : optionalString(metadata, 'user_id'),
  });
}

/** The NSP document gives a string where Anthropic's reference gives an array. */
function readStops(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = typeof value === 'string' ? [value] : value;
  if (
    !Array.isArray(list) ||
    list.length >= STOPS_MAX ||
    !list.every((item) => typeof item === 'string' && item !== '')
  )
    throw invalid('stop_sequences', '"stop_sequences" must be a string or an array of strings.');
  return list;
}

function required(body: JsonObject, name: string): string {
  const text = optionalString(body, name);
  if (text === undefined || text === '')
    throw new CallError('missing_field', { param: name, message: `Missing required parameter: '${name}'.` });
  return text;
}
