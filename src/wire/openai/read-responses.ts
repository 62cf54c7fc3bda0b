// Reads the body of an OpenAI response into a Call. Nothing is kept between calls, so that everything that leans on an
// earlier response is refused by name, and so are tools that OpenAI runs itself. Source: OpenAI's API reference.
import type { ChatCall, ChatOptions, Message, ResponseFormat, Tool, ToolChoice } from '../../core/call.ts';
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
import type { WireBody } from '../rendering.ts';
import { readInput } from './read-response-items.ts';
import { MAX_TOKENS_MAX, readModelName } from './read-sampling.ts';

const TOOLS_MAX = 128;
const METADATA_MAX = 16;

/** What would need a memory of earlier calls, and what is said of it. */
const STATEFUL: Readonly<Record<string, string>> = {
  previous_response_id: 'Responses are not stored here: send the earlier input and output items in "input" instead.',
  conversation: 'Conversations are not stored here: send their items in "input" instead.',
  prompt: 'Prompts are not stored here: send their text in "instructions" or "input" instead.',
};

/** Fields that chat completions know by the same name; a provider of that family gets them. */
const CARRIED = ['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier'];

/** Fields that the answer repeats as they came. */
const REPEATED = [
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
];

export function readResponses(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  const model = readModelName(value);
  refuseState(value);
  readMetadata(value);
  readTruncation(value);
  optionalBoolean(value, 'store');
  const text = optionalObject(value, 'text') ?? {};
  return {
    endpoint: 'chat',
    model,
    messages: [...readInstructions(value), ...readInput(value)],
    options: readOptions(value, text),
    stream: optionalBoolean(value, 'stream') ?? false,
    includeUsage: true,
    family: 'openai-chat',
    extra: { ...pick(value, CARRIED), ...present({ verbosity: optionalString(text, 'verbosity') }) },
    notes: pick(value, REPEATED),
  };
}

function refuseState(body: JsonObject): void {
  for (const [name, message] of Object.entries(STATEFUL)) if (isGiven(body[name])) throw unsupported(name, message);
  if (optionalBoolean(body, 'background') === true)
    throw unsupported('background', 'Responses cannot run in the background: nothing is stored to be fetched later.');
}

function readInstructions(body: JsonObject): Message[] {
  const text = optionalString(body, 'instructions');
  return text === undefined || text === '' ? [] : [{ role: 'system', parts: [{ kind: 'text', text }] }];
}

function readOptions(body: JsonObject, text: JsonObject): ChatOptions {
  const topLogprobs = optionalInteger(body, 'top_logprobs', 0, 20);
  const include = optionalArray(body, 'include', 100) ?? [];
  const wantsLogprobs = include.includes('message.output_text.logprobs') || (topLogprobs ?? 0) > 0;
  const reasoning = optionalObject(body, 'reasoning') ?? {};
  return present({
    maxOutputTokens: optionalInteger(body, 'max_output_tokens', 1, MAX_TOKENS_MAX),
    temperature: optionalNumber(body, 'temperature', 0, 2),
    topP: optionalNumber(body, 'top_p', 0, 1),
    logprobs: wantsLogprobs ? true : undefined,
    topLogprobs: wantsLogprobs ? topLogprobs : undefined,
    user: optionalString(body, 'user'),
    tools: optionalArray(body, 'tools', TOOLS_MAX)?.map(readTool),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelToolCalls: optionalBoolean(body, 'parallel_tool_calls'),
    responseFormat: readFormat(text),
    reasoningEffort: optionalString(reasoning, 'effort'),
  });
}

function readTool(tool: unknown, i: number): Tool {
  const at = `tools[${i}]`;
  if (!isObject(tool) || typeof tool['type'] !== 'string') throw invalid(at, `"${at}" must be an object with a type.`);
  if (tool['type'] !== 'function')
    throw unsupported(at, `Tools of the type "${tool['type'].slice(0, 64)}" are not supported, only functions.`);
  const name = optionalString(tool, 'name');
  if (name === undefined || name === '') throw invalid(`${at}.name`, `"${at}.name" is required.`);
  return {
    name,
    ...present({
      description: optionalString(tool, 'description'),
      parameters: optionalObject(tool, 'parameters'),
      strict: optionalBoolean(tool, 'strict'),
    }),
  };
}

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (!isGiven(choice)) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  if (isObject(choice) && choice['type'] === 'function' && typeof choice['name'] === 'string')
    return { name: choice['name'] };
  if (isObject(choice) && typeof choice['type'] === 'string' && choice['type'] !== 'function')
    throw unsupported('tool_choice', `A tool choice of the type "${choice['type'].slice(0, 64)}" is not supported.`);
  throw invalid('tool_choice', '"tool_choice" must be "auto", "none", "required" or name a function.');
}

function readFormat(text: JsonObject): ResponseFormat | undefined {
  const format = optionalObject(text, 'format');
  if (format === undefined) return undefined;
  if (format['type'] === 'text') return { kind: 'text' };
  if (format['type'] === 'json_object') return { kind: 'json' };
  const name = optionalString(format, 'name');
  if (format['type'] !== 'json_schema' || name === undefined)
    throw invalid(
      'text.format',
      '"text.format" must have the type "text", "json_object", or "json_schema" and a name.',
    );
  return {
    kind: 'schema',
    name,
    schema: optionalObject(format, 'schema') ?? {},
    ...present({ strict: optionalBoolean(format, 'strict') }),
  };
}

function readMetadata(body: JsonObject): void {
  const metadata = optionalObject(body, 'metadata') ?? {};
  const isFit = Object.entries(metadata).every(
    ([name, value]) => name.length <= 64 && typeof value === 'string' && value.length <= 512,
  );
  if (!isFit || Object.keys(metadata).length > METADATA_MAX)
    throw invalid('metadata', `"metadata" must have at most ${METADATA_MAX} texts of at most 512 characters.`);
}

/** A plan's bound on text cuts whatever this says; the field is checked and repeated alone. */
function readTruncation(body: JsonObject): void {
  const truncation = optionalString(body, 'truncation');
  if (truncation !== undefined && truncation !== 'auto' && truncation !== 'disabled')
    throw invalid('truncation', '"truncation" must be "auto" or "disabled".');
}

function pick(body: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => isGiven(body[name])).map((name) => [name, body[name]]));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
