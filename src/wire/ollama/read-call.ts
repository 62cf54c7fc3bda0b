// Reads the bodies of Ollama's chat and generate into a Call. A result of a tool names its tool, if anything: it belongs to
// the oldest call of that name that has none yet. Source: `docs/api.md` of Ollama.
import type { ChatCall, Message, Part, Tool, ToolCall } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalArray, optionalString, present, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import { readModelName } from '../openai/read-sampling.ts';
import { contentTypeOf } from '../picture-file.ts';
import type { WireBody } from '../rendering.ts';
import { readNotes, readOptions, readStream } from './read-options.ts';

const MESSAGES_MAX = 10_000;
const TOOLS_MAX = 128;
const IMAGES_MAX = 100;
const ROLES: readonly unknown[] = ['system', 'user', 'assistant', 'tool'];

export function readChat(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  const given = optionalArray(value, 'messages', MESSAGES_MAX) ?? [];
  if (given.length === 0) throw new CallError('missing_field', { param: 'messages', message: 'messages is required' });
  const reader = new MessageReader();
  const messages = given.map((message, i) => reader.read(message, `messages[${i}]`));
  const tools = readTools(value);
  return callOf(value, messages, tools.length === 0 ? {} : { tools });
}

/** Texts that are written on without a chat, or by a template of the caller's, only Ollama itself can make. */
export function readGenerate(body: WireBody): ChatCall {
  const { value } = parseObject(body.text);
  for (const name of ['suffix', 'template', 'context'])
    if (value[name] !== undefined && value[name] !== null && value[name] !== '')
      throw unsupported(name, `"${name}" is not supported.`);
  if (value['raw'] === true) throw unsupported('raw', '"raw" is not supported.');
  const prompt = optionalString(value, 'prompt') ?? '';
  if (prompt === '') throw new CallError('missing_field', { param: 'prompt', message: 'prompt is required' });
  const system = optionalString(value, 'system') ?? '';
  const parts: Part[] = [{ kind: 'text', text: prompt }, ...readImages(value, 'images')];
  const user: Message = { role: 'user', parts };
  const before: Message[] = system === '' ? [] : [{ role: 'system', parts: [{ kind: 'text', text: system }] }];
  return callOf(value, [...before, user], {});
}

function callOf(body: JsonObject, messages: readonly Message[], more: Pick<ChatCall['options'], 'tools'>): ChatCall {
  return {
    endpoint: 'chat',
    model: readModelName(body),
    messages,
    options: { ...readOptions(body), ...more },
    stream: readStream(body),
    includeUsage: true,
    extra: {},
    notes: readNotes(body),
  };
}

type OpenCall = { readonly id: string; readonly name: string };

class MessageReader {
  #open: OpenCall[] = [];
  #calls = 0;

  read(message: unknown, at: string): Message {
    if (!isObject(message)) throw invalid(at, `"${at}" must be an object.`);
    const role = message['role'];
    if (!ROLES.includes(role)) throw invalid(`${at}.role`, `"${at}.role" must be one of: ${ROLES.join(', ')}.`);
    const text = optionalString(message, 'content') ?? '';
    const parts: Part[] = [...(text === '' ? [] : [{ kind: 'text' as const, text }]), ...readImages(message, at)];
    if (role === 'tool') return { role, toolCallId: this.#answered(message, at), parts };
    if (role !== 'assistant') return { role: role as 'system' | 'user', parts };
    const toolCalls = (optionalArray(message, 'tool_calls', TOOLS_MAX) ?? []).map((call) => this.#readCall(call, at));
    return { role, parts, ...(toolCalls.length === 0 ? {} : { toolCalls }) };
  }

  #readCall(call: unknown, at: string): ToolCall {
    const asked = isObject(call) && isObject(call['function']) ? call['function'] : {};
    const name = optionalString(asked, 'name') ?? '';
    if (name === '') throw invalid(`${at}.tool_calls`, 'A call of a tool needs the name of its function.');
    const given = isObject(call) && typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : undefined;
    const id = given ?? `call_${this.#calls}`;
    this.#calls += 1;
    this.#open.push({ id, name });
    const args = asked['arguments'] ?? {};
    return { id, name, argumentsJson: typeof args === 'string' ? args : JSON.stringify(args) };
  }

  #answered(message: JsonObject, at: string): string {
    const name = optionalString(message, 'tool_name') ?? optionalString(message, 'name');
    const given = optionalString(message, 'tool_call_id');
    const id = given ?? this.#open.find((call) => name === undefined || call.name === name)?.id;
    if (id === undefined) throw invalid(at, `"${at}" answers no call of a tool before it.`);
    this.#open = this.#open.filter((call) => call.id !== id);
    return id;
  }
}

/** Pictures in base64, which do not say of what kind they are. */
function readImages(body: JsonObject, at: string): Part[] {
  return (optionalArray(body, 'images', IMAGES_MAX) ?? []).map((image) => {
    const base64 = typeof image === 'string' ? image.replace(/^data:[^,]{0,100},/, '') : '';
    const type = contentTypeOf(Buffer.from(base64.slice(0, 16), 'base64'));
    if (type === undefined) throw unsupported(at, 'Pictures must be PNG, JPEG or WebP in base64.');
    return { kind: 'image', url: `data:${type};base64,${base64}` };
  });
}

function readTools(body: JsonObject): Tool[] {
  return (optionalArray(body, 'tools', TOOLS_MAX) ?? []).map((tool, i) => {
    const asked = isObject(tool) && isObject(tool['function']) ? tool['function'] : {};
    const name = optionalString(asked, 'name') ?? '';
    if (name === '') throw invalid(`tools[${i}].function.name`, `"tools[${i}].function.name" is required.`);
    const { parameters } = asked;
    return {
      name,
      ...present({
        description: optionalString(asked, 'description'),
        parameters: isObject(parameters) ? parameters : undefined,
      }),
    };
  });
}
