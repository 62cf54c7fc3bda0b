// Reads the contents of a Gemini call into messages. Function calls may come without ids; then a result belongs to the
// oldest call of its name that has none yet.
import type { Message, Part, ToolCall } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalString, unsupported } from '../../core/fields.ts';
import { camelFields, objectField, objectList } from './proto-fields.ts';

const CONTENTS_MAX = 10_000;

type OpenCall = { readonly id: string; readonly name: string };

export function readSystem(body: JsonObject): Message[] {
  const value = body['systemInstruction'];
  const content = typeof value === 'string' ? { parts: [{ text: value }] } : objectField(body, 'systemInstruction');
  if (content === undefined) return [];
  const parts = objectList(camelFields(content), 'parts', 'systemInstruction.parts').map((part, i) =>
    readPlainPart(part, `systemInstruction.parts[${i}]`),
  );
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

export function readContents(body: JsonObject): Message[] {
  const contents = objectList(body, 'contents');
  if (contents.length === 0)
    throw new CallError('missing_field', { param: 'contents', message: 'contents is not specified' });
  if (contents.length > CONTENTS_MAX) throw invalid('contents', `"contents" has more than ${CONTENTS_MAX} items.`);
  const reader = new ContentReader();
  for (const [i, content] of contents.entries()) reader.add(content, `contents[${i}]`);
  if (reader.messages.length === 0) throw invalid('contents', '"contents" must have at least one part.');
  return reader.messages;
}

class ContentReader {
  readonly messages: Message[] = [];
  #open: OpenCall[] = [];
  #calls = 0;

  add(content: JsonObject, at: string): void {
    const role = optionalString(content, 'role') ?? 'user';
    if (!['user', 'model', 'function'].includes(role))
      throw invalid(`${at}.role`, `"${at}.role" must be "user" or "model".`);
    const parts: Part[] = [];
    const toolCalls: ToolCall[] = [];
    for (const [j, part] of objectList(content, 'parts', `${at}.parts`).entries()) {
      const where = `${at}.parts[${j}]`;
      const call = objectField(part, 'functionCall', `${where}.functionCall`);
      const result = objectField(part, 'functionResponse', `${where}.functionResponse`);
      if (call !== undefined) toolCalls.push(this.#readCall(call, where));
      else if (result !== undefined) this.messages.push(this.#readResult(result, where));
      // What a model thought before is its own, and others would take it for an answer.
      else if (part['thought'] !== true) parts.push(readPlainPart(part, where));
    }
    if (parts.length === 0 && toolCalls.length === 0) return;
    if (role === 'model')
      this.messages.push({ role: 'assistant', parts, ...(toolCalls.length === 0 ? {} : { toolCalls }) });
    else if (toolCalls.length > 0) throw invalid(`${at}.role`, 'A function call must have the role "model".');
    else this.messages.push({ role: 'user', parts });
  }

  #readCall(call: JsonObject, at: string): ToolCall {
    const name = optionalString(call, 'name');
    if (name === undefined || name === '') throw invalid(`${at}.functionCall.name`, 'A function call needs a name.');
    const id = optionalString(call, 'id') ?? `call_${this.#calls}`;
    this.#calls += 1;
    this.#open.push({ id, name });
    return { id, name, argumentsJson: JSON.stringify(call['args'] ?? {}) };
  }

  #readResult(result: JsonObject, at: string): Message {
    const name = optionalString(result, 'name') ?? '';
    const given = optionalString(result, 'id');
    const id = given ?? this.#open.find((call) => call.name === name)?.id;
    if (id === undefined)
      throw invalid(`${at}.functionResponse`, `"${at}.functionResponse" answers no function call before it.`);
    this.#open = this.#open.filter((call) => call.id !== id);
    return { role: 'tool', toolCallId: id, parts: [{ kind: 'text', text: resultText(result['response']) }] };
  }
}

/** A function's result is an object; one that only wraps a text is told as the text. */
function resultText(response: unknown): string {
  if (!isObject(response)) return response === undefined || response === null ? '' : JSON.stringify(response);
  const names = Object.keys(response);
  const only = names.length === 1 ? response[names[0] as string] : undefined;
  const isWrapped = ['result', 'output', 'content'].includes(names[0] ?? '') && typeof only === 'string';
  return isWrapped ? (only as string) : JSON.stringify(response);
}

function readPlainPart(part: JsonObject, at: string): Part {
  if (typeof part['text'] === 'string') return { kind: 'text', text: part['text'] };
  const inline = objectField(part, 'inlineData', `${at}.inlineData`);
  if (inline !== undefined) {
    const type = imageType(inline, at);
    const data = optionalString(inline, 'data') ?? '';
    // Google takes the web's variant of base64 as well, which other vendors do not.
    return { kind: 'image', url: `data:${type};base64,${data.replaceAll('-', '+').replaceAll('_', '/')}` };
  }
  const file = objectField(part, 'fileData', `${at}.fileData`);
  if (file !== undefined) {
    imageType(file, at);
    const url = optionalString(file, 'fileUri') ?? '';
    if (!/^https:\/\//.test(url) || /^https:\/\/generativelanguage\.googleapis\.com\//.test(url))
      throw unsupported(at, 'Files are not stored here: send the picture itself or its https address.');
    return { kind: 'image', url };
  }
  const kind = Object.keys(part)[0] ?? 'empty';
  throw unsupported(at, `A part with "${kind.slice(0, 64)}" is not supported.`);
}

function imageType(value: JsonObject, at: string): string {
  const type = optionalString(value, 'mimeType') ?? '';
  if (!/^image\/[a-z0-9.+-]+$/i.test(type))
    throw unsupported(at, `Content of the type "${type.slice(0, 64)}" is not supported, only pictures.`);
  return type;
}
