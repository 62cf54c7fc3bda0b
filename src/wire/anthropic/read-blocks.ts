// Reads the messages of Anthropic's Messages API. A user's message there may hold results of tools among its text; in a
// neutral call each result is a message of its own.
import type { Message, Part, TextPart, ToolCall } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalArray, unsupported } from '../../core/fields.ts';
import { readCacheMark } from '../cache-mark.ts';

const MESSAGES_MAX = 100_000;

/** Earlier thinking is the model's own; another family's model neither knows nor needs it. */
const THINKING: readonly string[] = ['thinking', 'redacted_thinking'];

/**
 * Blocks that stand for something in the operator's own account at the vendor, or that the vendor would have to fetch:
 * one customer could read another's file, and nobody could tell how many tokens a document has.
 */
const SOURCES_BY_REFERENCE: readonly string[] = ['file', 'url'];

export function readMessageList(body: JsonObject): Message[] {
  const messages = optionalArray(body, 'messages', MESSAGES_MAX);
  if (messages === undefined)
    throw new CallError('missing_field', { param: 'messages', message: 'messages: Field required' });
  if (messages.length === 0) throw invalid('messages', 'messages: at least one message is required');
  return messages.flatMap((message, i) => readMessage(message, `messages.${i}`));
}

/** The system prompt as one message. */
export function readSystem(system: unknown): Message[] {
  if (system === undefined || system === null) return [];
  const parts = readTextBlocks(system, 'system');
  return parts.every((part) => part.text === '') ? [] : [{ role: 'system', parts }];
}

function readMessage(value: unknown, at: string): Message[] {
  const role = isObject(value) ? value['role'] : undefined;
  if (!isObject(value) || (role !== 'user' && role !== 'assistant' && role !== 'system'))
    throw invalid(`${at}.role`, `${at}.role: must be "user" or "assistant"`);
  const { content } = value;
  if (role === 'system') return [{ role, parts: readTextBlocks(content, `${at}.content`) }];
  if (typeof content === 'string') return [{ role, parts: [text(content)] }];
  if (!Array.isArray(content))
    throw invalid(`${at}.content`, `${at}.content: must be a string or an array of content blocks`);
  return role === 'assistant' ? [readAssistant(content, at)] : readUser(content, at);
}

function readAssistant(blocks: readonly unknown[], at: string): Message {
  const parts: Part[] = [];
  const toolCalls: ToolCall[] = [];
  for (const [i, block] of blocks.entries()) {
    const where = `${at}.content.${i}`;
    if (isObject(block) && block['type'] === 'tool_use') toolCalls.push(readToolUse(block, where));
    else parts.push(readBlock(block, where));
  }
  return toolCalls.length === 0 ? { role: 'assistant', parts } : { role: 'assistant', parts, toolCalls };
}

function readUser(blocks: readonly unknown[], at: string): Message[] {
  const messages: Message[] = [];
  let parts: Part[] = [];
  const endText = () => {
    if (parts.length > 0) messages.push({ role: 'user', parts });
    parts = [];
  };
  for (const [i, block] of blocks.entries()) {
    const where = `${at}.content.${i}`;
    if (isObject(block) && block['type'] === 'tool_result') {
      endText();
      messages.push(readToolResult(block, where));
    } else parts.push(readBlock(block, where));
  }
  endText();
  return messages;
}

function readToolUse(block: JsonObject, at: string): ToolCall {
  const { id, name, input } = block;
  if (typeof id !== 'string' || typeof name !== 'string' || !isObject(input))
    throw invalid(at, `${at}: a tool_use block needs an id, a name and an input`);
  return { id, name, argumentsJson: JSON.stringify(input), ...readCacheMark(block) };
}

function readToolResult(block: JsonObject, at: string): Message {
  const { tool_use_id: id, content, is_error: isError } = block;
  if (typeof id !== 'string') throw invalid(`${at}.tool_use_id`, `${at}.tool_use_id: Field required`);
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
  if (!Array.isArray(blocks)) throw invalid(`${at}.content`, `${at}.content: must be a string or an array of blocks`);
  const parts = blocks.map((inner, i) => readBlock(inner, `${at}.content.${i}`));
  return {
    role: 'tool',
    toolCallId: id,
    parts: parts.length === 0 ? [text('')] : parts,
    ...readCacheMark(block),
    ...(isError === true ? { extra: { is_error: true } } : undefined),
  };
}

function readBlock(block: unknown, at: string): Part {
  const type = isObject(block) ? block['type'] : undefined;
  if (!isObject(block) || typeof type !== 'string') throw invalid(at, `${at}: must be an object with a type`);
  if (type === 'text') {
    if (typeof block['text'] !== 'string') throw invalid(`${at}.text`, `${at}.text: must be a string`);
    return { ...text(block['text']), ...readCacheMark(block) };
  }
  if (type === 'image') return readImage(block, at);
  if (type === 'container_upload') throw unsupported(at, `${at}: files of a container are not supported`);
  refuseReferences(block, at);
  return { kind: 'opaque', type, value: block, ...(THINKING.includes(type) ? { isOptional: true } : undefined) };
}

/** Blocks may hold others, and each of them a source of its own. The depth of the whole body is bounded before. */
function refuseReferences(value: unknown, at: string): void {
  if (Array.isArray(value)) for (const inner of value) refuseReferences(inner, at);
  if (!isObject(value)) return;
  const source = isObject(value['source']) ? value['source']['type'] : undefined;
  if (typeof source === 'string' && SOURCES_BY_REFERENCE.includes(source))
    throw unsupported(`${at}.source`, `${at}.source: send the content itself, not a reference of the type "${source}"`);
  for (const inner of Object.values(value)) refuseReferences(inner, at);
}

function readImage(block: JsonObject, at: string): Part {
  const source = isObject(block['source']) ? block['source'] : {};
  const { type, url, data, media_type: mediaType } = source;
  const mark = readCacheMark(block);
  if (type === 'url' && typeof url === 'string') return { kind: 'image', url, ...mark };
  if (type === 'base64' && typeof data === 'string' && typeof mediaType === 'string')
    return { kind: 'image', url: `data:${mediaType};base64,${data}`, ...mark };
  throw invalid(`${at}.source`, `${at}.source: an image must have a source of the type "base64" or "url"`);
}

/**
 * A string, or blocks that are all text. They are one text, since few other families know several, but where one of them
 * is marked: what stands after a mark changes more often than what stands before, and must not be cached along with it.
 */
function readTextBlocks(value: unknown, at: string): TextPart[] {
  if (typeof value === 'string') return [text(value)];
  const blocks = Array.isArray(value) ? value : [undefined];
  const parts = blocks.map((block): TextPart => {
    const given = isObject(block) && block['type'] === 'text' ? block['text'] : undefined;
    if (typeof given !== 'string') throw invalid(at, `${at}: must be a string or an array of text blocks`);
    return { ...text(given), ...readCacheMark(block as JsonObject) };
  });
  if (parts.some(({ cacheMark }) => cacheMark !== undefined)) return parts;
  return [text(parts.map((part) => part.text).join('\n\n'))];
}

function text(value: string): TextPart {
  return { kind: 'text', text: value };
}
