// Reads the body of an OpenAI chat completion into a Call. Ranges are those of OpenAI's published specification.
import type {
  ChatCall,
  ChatOptions,
  Message,
  Part,
  ResponseFormat,
  Role,
  Tool,
  ToolCall,
  ToolChoice,
} from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  isObject,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  present,
  unsupported,
} from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import { readCacheMark } from '../cache-mark.ts';
import type { WireBody } from '../rendering.ts';
import { MAX_TOKENS_MAX, readLogitBias, readModelName, readStop, readStreaming } from './read-sampling.ts';

const MESSAGES_MAX = 10_000;
const TOOLS_MAX = 128;
const ROLES: readonly string[] = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

/** Fields that have a place in the neutral call; all others are carried as they are. */
const KNOWN = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'n',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'seed',
  'user',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'functions',
  'function_call',
]);

const KNOWN_OF_MESSAGE = new Set(['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'function_call']);

export function readChat(body: WireBody): ChatCall {
  const { value, spans } = parseObject(body.text);
  return {
    endpoint: 'chat',
    model: readModelName(value),
    messages: readMessages(value),
    options: readOptions(value),
    ...readStreaming(value),
    family: 'openai-chat',
    extra: extraOf(value, KNOWN) ?? {},
    source: { family: 'openai-chat', text: body.text, spans },
  };
}

/** The fields that are not known; `undefined` where there are none. */
function extraOf(value: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let extra: JsonObject | undefined;
  for (const name in value) {
    if (known.has(name)) continue;
    extra ??= {};
    extra[name] = value[name];
  }
  return extra;
}

function readOptions(body: JsonObject): ChatOptions {
  const logprobs = optionalBoolean(body, 'logprobs');
  const topLogprobs = optionalInteger(body, 'top_logprobs', 0, 20);
  if (topLogprobs !== undefined && logprobs !== true)
    throw invalid('top_logprobs', '"top_logprobs" needs "logprobs" to be true.');
  return present({
    maxOutputTokens: readMaxTokens(body),
    temperature: optionalNumber(body, 'temperature', 0, 2),
    topP: optionalNumber(body, 'top_p', 0, 1),
    n: optionalInteger(body, 'n', 1, 128),
    stop: readStop(body),
    presencePenalty: optionalNumber(body, 'presence_penalty', -2, 2),
    frequencyPenalty: optionalNumber(body, 'frequency_penalty', -2, 2),
    logprobs,
    topLogprobs,
    logitBias: readLogitBias(body),
    seed: optionalInteger(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    user: optionalString(body, 'user'),
    tools: readTools(body),
    toolChoice: readToolChoice(body['tool_choice'] ?? body['function_call']),
    parallelToolCalls: optionalBoolean(body, 'parallel_tool_calls'),
    responseFormat: readResponseFormat(body),
    reasoningEffort: optionalString(body, 'reasoning_effort'),
  });
}

/** The larger one where both are given: vendors differ in which one they obey, and the hold must cover either. */
function readMaxTokens(body: JsonObject): number | undefined {
  const newer = optionalInteger(body, 'max_completion_tokens', 1, MAX_TOKENS_MAX);
  const older = optionalInteger(body, 'max_tokens', 1, MAX_TOKENS_MAX);
  return newer === undefined || older === undefined ? (newer ?? older) : Math.max(newer, older);
}

function readTools(body: JsonObject): Tool[] | undefined {
  const tools = optionalArray(body, 'tools', TOOLS_MAX);
  if (tools !== undefined)
    return tools.map((tool, i) => {
      refuseVendorTool(tool, i);
      const fn = readTool(isObject(tool) ? tool['function'] : undefined, `tools[${i}].function`);
      return { ...fn, ...readCacheMark(isObject(tool) ? tool : {}) };
    });
  // The older spelling: a bare list of functions.
  return optionalArray(body, 'functions', TOOLS_MAX)?.map((tool, i) => readTool(tool, `functions[${i}]`));
}

/** Tools that a vendor runs itself cost it more than tokens. Older clients leave the type of a function out. */
function refuseVendorTool(tool: unknown, i: number): void {
  const type = isObject(tool) ? (tool['type'] ?? 'function') : 'function';
  if (type !== 'function')
    throw unsupported(
      `tools[${i}]`,
      `Tools of the type "${String(type).slice(0, 64)}" are not supported, only functions.`,
    );
}

function readTool(value: unknown, param: string): Tool {
  if (!isObject(value) || typeof value['name'] !== 'string')
    throw invalid(param, `"${param}" must be an object with a name.`);
  return {
    name: value['name'],
    ...present({
      description: optionalString(value, 'description'),
      parameters: optionalObject(value, 'parameters'),
      strict: optionalBoolean(value, 'strict'),
    }),
  };
}

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const named = isObject(choice) ? (isObject(choice['function']) ? choice['function'] : choice) : undefined;
  if (named !== undefined && typeof named['name'] === 'string') return { name: named['name'] };
  throw invalid('tool_choice', '"tool_choice" must be "auto", "none", "required" or name a function.');
}

function readResponseFormat(body: JsonObject): ResponseFormat | undefined {
  const format = optionalObject(body, 'response_format');
  if (format === undefined) return undefined;
  if (format['type'] === 'text') return { kind: 'text' };
  if (format['type'] === 'json_object') return { kind: 'json' };
  const schema = isObject(format['json_schema']) ? format['json_schema'] : undefined;
  if (format['type'] === 'json_schema' && schema !== undefined && typeof schema['name'] === 'string') {
    return {
      kind: 'schema',
      name: schema['name'],
      schema: optionalObject(schema, 'schema') ?? {},
      ...present({ strict: optionalBoolean(schema, 'strict') }),
    };
  }
  throw invalid('response_format', '"response_format" must have the type "text", "json_object" or "json_schema".');
}

function readMessages(body: JsonObject): Message[] {
  const messages = optionalArray(body, 'messages', MESSAGES_MAX);
  if (messages === undefined)
    throw new CallError('missing_field', { param: 'messages', message: "Missing required parameter: 'messages'." });
  if (messages.length === 0) throw invalid('messages', '"messages" must have at least one message.');
  return messages.map(readMessage);
}

/** Names of fields are made only where there is something to complain about: this runs for every message. */
function readMessage(value: unknown, i: number): Message {
  if (!isObject(value)) throw invalid(`messages[${i}]`, `"messages[${i}]" must be an object.`);
  const role = value['role'];
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    throw invalid(`messages[${i}].role`, `"messages[${i}].role" must be one of ${ROLES.join(', ')}.`);
  }
  const toolCalls = readToolCalls(value, i);
  const parts = readParts(value['content'], i);
  if (parts.length === 0 && toolCalls === undefined && role !== 'assistant') {
    throw invalid(`messages[${i}].content`, `"messages[${i}].content" is required.`);
  }
  const name = optionalString(value, 'name');
  const toolCallId = optionalString(value, 'tool_call_id');
  const extra = extraOf(value, KNOWN_OF_MESSAGE);
  return {
    role: (role === 'function' ? 'tool' : role) as Role,
    parts,
    ...(name === undefined ? undefined : { name }),
    ...(toolCalls === undefined ? undefined : { toolCalls }),
    ...(toolCallId === undefined ? undefined : { toolCallId }),
    ...(extra === undefined ? undefined : { extra }),
  };
}

function readParts(content: unknown, i: number): Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (content === undefined || content === null) return [];
  const param = `messages[${i}].content`;
  if (!Array.isArray(content)) throw invalid(param, `"${param}" must be a string or an array of parts.`);
  return content.map((part, j) => readPart(part, `${param}[${j}]`));
}

function readPart(value: unknown, param: string): Part {
  if (!isObject(value) || typeof value['type'] !== 'string')
    throw invalid(param, `"${param}" must be an object with a type.`);
  if (value['type'] === 'text' || value['type'] === 'refusal') {
    const text = value[value['type']];
    if (typeof text !== 'string')
      throw invalid(`${param}.${value['type']}`, `"${param}.${value['type']}" must be a string.`);
    return { kind: 'text', text, ...readCacheMark(value) };
  }
  if (value['type'] === 'image_url') {
    const image = typeof value['image_url'] === 'string' ? { url: value['image_url'] } : value['image_url'];
    if (!isObject(image) || typeof image['url'] !== 'string')
      throw invalid(`${param}.image_url`, `"${param}.image_url" must have a url.`);
    const detail = present({ detail: optionalString(image, 'detail') });
    return { kind: 'image', url: image['url'], ...detail, ...readCacheMark(value) };
  }
  // A file of the operator's at the vendor: one customer could read what another has sent.
  if (isObject(value['file']) && value['file']['file_id'] !== undefined)
    throw unsupported(`${param}.file.file_id`, 'Files are not stored here: send "file_data" instead.');
  return { kind: 'opaque', type: value['type'], value };
}

function readToolCalls(message: JsonObject, i: number): ToolCall[] | undefined {
  const calls = optionalArray(message, 'tool_calls', TOOLS_MAX);
  if (calls === undefined) {
    // The older spelling: one function call without an id.
    const call = optionalObject(message, 'function_call');
    return call === undefined ? undefined : [readFunctionCall('', call, `messages[${i}].function_call`)];
  }
  return calls.map((call, j) => {
    const at = `messages[${i}].tool_calls[${j}]`;
    if (!isObject(call)) throw invalid(at, `"${at}" must be an object.`);
    return readFunctionCall(typeof call['id'] === 'string' ? call['id'] : '', call['function'], `${at}.function`);
  });
}

function readFunctionCall(id: string, value: unknown, param: string): ToolCall {
  if (!isObject(value) || typeof value['name'] !== 'string')
    throw invalid(param, `"${param}" must be an object with a name.`);
  return { id, name: value['name'], argumentsJson: typeof value['arguments'] === 'string' ? value['arguments'] : '' };
}
