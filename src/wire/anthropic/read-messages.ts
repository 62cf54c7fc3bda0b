// Reads the body of Anthropic's Messages API into a Call. Source: Anthropic's API reference, versions 2023-06-01 and
// 2026-10-21; what the newer version no longer takes is taken here from everybody.
import type { ChatCall, ChatOptions, ResponseFormat, Tool, ToolChoice } from '../../core/call.ts';
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
import type { RequestHead, WireBody } from '../rendering.ts';
import { refuseSteering } from '../steering.ts';
import { readMessageList, readSystem } from './read-blocks.ts';

const MAX_TOKENS_MAX = 10_000_000;
const TOP_K_MAX = 1_000_000;
const STOPS_MAX = 8_192;
const TOOLS_MAX = 1_024;
/** Some clients' spelling of «not set», for `top_k` and `top_p`. */
const NOT_SET = -1;

/** Fields that have a place in the neutral call; all others are carried as they are. */
const KNOWN = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'stream',
  'metadata',
  'tools',
  'tool_choice',
  'output_config',
  'output_format',
]);

/** Fields of this family that steer a call, beside those of all families. They are refused, never passed on. */
const REFUSED: readonly string[] = [
  'container',
  'inference_geo',
  'mcp_servers',
  'speed',
  'user_profile_id',
  'workspace_id',
];

/** Tools of a shape that the vendor defined and the client runs. Those that the vendor runs cost it more than tokens. */
const CLIENT_TOOLS = /^(bash|browser|computer|memory|text_editor)_/;

/** Names of a vendor's unfinished features, as its clients list them. */
const BETA = /^[\w.,\- ]{1,1000}$/;

export function readMessagesCall(body: WireBody, { headers }: RequestHead): ChatCall {
  const { value, spans } = parseObject(body.text);
  const call = readValue(value);
  if (call.options.maxOutputTokens === undefined)
    throw new CallError('missing_field', { param: 'max_tokens', message: 'max_tokens: Field required' });
  const beta = headers.get('anthropic-beta');
  return {
    ...call,
    ...(beta !== null && BETA.test(beta) ? { extraHeaders: { 'anthropic-beta': beta } } : undefined),
    source: { family: 'anthropic-messages', text: body.text, spans },
  };
}

/** A call whose tokens are to be counted; it needs no bound on its answer. */
export function readCountedCall(body: WireBody): ChatCall {
  return readValue(parseObject(body.text).value);
}

function readValue(value: JsonObject): ChatCall {
  for (const name of REFUSED)
    if (value[name] !== undefined && value[name] !== null)
      throw unsupported(name, `${name}: cannot be set by the caller`);
  refuseSteering(value);
  const model = optionalString(value, 'model');
  if (model === undefined || model === '')
    throw new CallError('missing_field', { param: 'model', message: 'model: Field required' });
  return {
    endpoint: 'chat',
    model,
    messages: [...readSystem(value['system']), ...readMessageList(value)],
    options: readOptions(value),
    stream: optionalBoolean(value, 'stream') ?? false,
    // A stream of this family always ends with its usage.
    includeUsage: true,
    family: 'anthropic-messages',
    extra: Object.fromEntries(Object.entries(value).filter(([name]) => !KNOWN.has(name))),
  };
}

function readOptions(body: JsonObject): ChatOptions {
  const metadata = optionalObject(body, 'metadata');
  const output = optionalObject(body, 'output_config') ?? {};
  const choice = optionalObject(body, 'tool_choice');
  return present({
    maxOutputTokens: optionalInteger(body, 'max_tokens', 1, MAX_TOKENS_MAX),
    stop: readStops(body),
    temperature: optionalNumber(body, 'temperature', 0, 1),
    topP: body['top_p'] === NOT_SET ? undefined : optionalNumber(body, 'top_p', 0, 1),
    topK: body['top_k'] === NOT_SET ? undefined : optionalInteger(body, 'top_k', 0, TOP_K_MAX),
    user: metadata === undefined ? undefined : optionalString(metadata, 'user_id'),
    tools: optionalArray(body, 'tools', TOOLS_MAX)?.map(readTool),
    toolChoice: readToolChoice(choice),
    parallelToolCalls: choice?.['disable_parallel_tool_use'] === true ? false : undefined,
    responseFormat: readFormat(body, output),
    reasoningEffort: optionalString(output, 'effort'),
  });
}

function readStops(body: JsonObject): readonly string[] | undefined {
  const stops = optionalArray(body, 'stop_sequences', STOPS_MAX);
  if (stops?.every((stop) => typeof stop === 'string') === false)
    throw invalid('stop_sequences', 'stop_sequences: must be an array of strings');
  return stops as string[] | undefined;
}

function readTool(value: unknown, i: number): Tool {
  const at = `tools.${i}`;
  const name = isObject(value) ? (value['name'] ?? value['type']) : undefined;
  if (!isObject(value) || typeof name !== 'string') throw invalid(at, `${at}: must be an object with a name`);
  const type = optionalString(value, 'type') ?? 'custom';
  if (type !== 'custom') {
    if (CLIENT_TOOLS.test(type)) return { name, opaque: value };
    throw unsupported(`${at}.type`, `${at}.type: tools of the type "${type.slice(0, 64)}" are not supported`);
  }
  return {
    name,
    ...present({
      description: optionalString(value, 'description'),
      parameters: optionalObject(value, 'input_schema'),
      strict: optionalBoolean(value, 'strict'),
    }),
    ...readCacheMark(value),
  };
}

function readToolChoice(choice: JsonObject | undefined): ToolChoice | undefined {
  if (choice === undefined) return undefined;
  const { type, name } = choice;
  if (type === 'auto' || type === 'none') return type;
  if (type === 'any') return 'required';
  if (type === 'tool' && typeof name === 'string') return { name };
  throw invalid('tool_choice', 'tool_choice: its type must be "auto", "any", "none", or "tool" with a name');
}

/** Clients of the time when this was unfinished have it in a field of the body. */
function readFormat(body: JsonObject, output: JsonObject): ResponseFormat | undefined {
  const format = optionalObject(output, 'format') ?? optionalObject(body, 'output_format');
  if (format === undefined) return undefined;
  const schema = optionalObject(format, 'schema');
  if (format['type'] !== 'json_schema' || schema === undefined)
    throw invalid('output_config.format', 'output_config.format: must have the type "json_schema" and a schema');
  return { kind: 'schema', name: 'answer', schema, strict: true };
}
