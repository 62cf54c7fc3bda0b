// Reads the input items of an OpenAI response into messages. Function calls join the assistant's message before them,
// as chat completions have it. Earlier reasoning is left out: it belongs to the model that thought it.
import type { Message, Part, Role, ToolCall } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalString, present, unsupported } from '../../core/fields.ts';

const ITEMS_MAX = 10_000;
const ROLES: readonly string[] = ['user', 'assistant', 'system', 'developer'];

type Item = { readonly value: JsonObject; readonly at: string };

export function readInput(body: JsonObject): Message[] {
  const { input } = body;
  if (input === undefined || input === null)
    throw new CallError('missing_field', { param: 'input', message: "Missing required parameter: 'input'." });
  if (typeof input === 'string') return [{ role: 'user', parts: [{ kind: 'text', text: input }] }];
  if (!Array.isArray(input) || input.length === 0 || input.length > ITEMS_MAX)
    throw invalid('input', `"input" must be a string or an array of 1 to ${ITEMS_MAX} items.`);
  const messages: Message[] = [];
  for (const [i, value] of input.entries()) {
    const at = `input[${i}]`;
    if (!isObject(value)) throw invalid(at, `"${at}" must be an object.`);
    addItem(messages, { value, at });
  }
  if (messages.length === 0) throw invalid('input', '"input" must have at least one message.');
  return messages;
}

function addItem(messages: Message[], item: Item): void {
  const type = item.value['type'] ?? 'message';
  switch (type) {
    case 'message':
      messages.push(readMessage(item));
      return;
    case 'function_call':
      addFunctionCall(messages, readFunctionCall(item));
      return;
    case 'function_call_output':
      messages.push(readFunctionOutput(item));
      return;
    case 'reasoning':
      return;
    case 'item_reference':
      throw unsupported(item.at, 'Items are not stored here: send the item itself instead of a reference to it.');
    default:
      throw unsupported(item.at, `Items of the type "${String(type).slice(0, 64)}" are not supported.`);
  }
}

function readMessage({ value, at }: Item): Message {
  const role = value['role'];
  if (typeof role !== 'string' || !ROLES.includes(role))
    throw invalid(`${at}.role`, `"${at}.role" must be one of ${ROLES.join(', ')}.`);
  const parts = readParts(value['content'], `${at}.content`);
  if (parts.length === 0 && role !== 'assistant') throw invalid(`${at}.content`, `"${at}.content" is required.`);
  return { role: role as Role, parts };
}

function readFunctionCall({ value, at }: Item): ToolCall {
  const id = optionalString(value, 'call_id');
  const name = optionalString(value, 'name');
  if (id === undefined || name === undefined) throw invalid(at, `"${at}" must have a call_id and a name.`);
  return { id, name, argumentsJson: optionalString(value, 'arguments') ?? '' };
}

function addFunctionCall(messages: Message[], call: ToolCall): void {
  const last = messages.at(-1);
  if (last?.role === 'assistant')
    messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] };
  else messages.push({ role: 'assistant', parts: [], toolCalls: [call] });
}

function readFunctionOutput({ value, at }: Item): Message {
  const toolCallId = optionalString(value, 'call_id');
  if (toolCallId === undefined) throw invalid(`${at}.call_id`, `"${at}.call_id" is required.`);
  const parts = readParts(value['output'], `${at}.output`);
  return { role: 'tool', toolCallId, parts: parts.length === 0 ? [{ kind: 'text', text: '' }] : parts };
}

function readParts(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (content === undefined || content === null) return [];
  if (!Array.isArray(content)) throw invalid(at, `"${at}" must be a string or an array of parts.`);
  return content.map((part, j) => readPart(part, `${at}[${j}]`));
}

function readPart(value: unknown, at: string): Part {
  if (!isObject(value) || typeof value['type'] !== 'string')
    throw invalid(at, `"${at}" must be an object with a type.`);
  const { type } = value;
  if (type === 'input_text' || type === 'output_text' || type === 'text') return readText(value, 'text', at);
  if (type === 'refusal') return readText(value, 'refusal', at);
  if (type !== 'input_image') throw unsupported(at, `Content of the type "${type.slice(0, 64)}" is not supported.`);
  const url = optionalString(value, 'image_url');
  if (url === undefined) throw unsupported(at, 'A picture needs its "image_url": files are not stored here.');
  return { kind: 'image', url, ...present({ detail: optionalString(value, 'detail') }) };
}

function readText(value: JsonObject, field: string, at: string): Part {
  const text = value[field];
  if (typeof text !== 'string') throw invalid(`${at}.${field}`, `"${at}.${field}" must be a string.`);
  return { kind: 'text', text };
}
