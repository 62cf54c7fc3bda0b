// Writes a call as the body of a request to GigaChat. It looks like OpenAI's older functions, with rules of its own: one
// system message, and that first; one function call in a message; results of functions as JSON; one picture in a message,
// by the id of a file that the vendor keeps.
import type { ChatCall, ChatOptions, Message, ResponseFormat, ToolCall, ToolChoice } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject, present, unsupported } from '../../core/fields.ts';
import { refuseForeign } from '../foreign.ts';

const EFFORTS: Readonly<Record<string, string>> = { minimal: 'low', low: 'low', medium: 'medium', high: 'high' };

/** Ids that the vendor has made itself, which it wants back with its own call. */
const STATE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @param fileIds of the call's pictures, in their order. */
export function writeGigaChat(call: ChatCall, model: string, fileIds: readonly string[] = []): string {
  refuseForeign(call);
  const o = call.options;
  refuseUnhonoured(o);
  return JSON.stringify({
    model,
    messages: buildMessages(call.messages, fileIds),
    ...present({
      stream: call.stream ? true : undefined,
      max_tokens: o.maxOutputTokens,
      ...buildSampling(o),
      functions: o.tools?.map(({ name, description, parameters }) => ({
        name,
        ...present({ description }),
        parameters: { type: 'object', properties: {}, ...parameters },
      })),
      function_call: buildFunctionCall(o),
      response_format: buildFormat(o.responseFormat),
      reasoning_effort: o.reasoningEffort === undefined ? undefined : EFFORTS[o.reasoningEffort],
    }),
  });
}

/** What the vendor has no word for, and whose loss would make the answer a lie. */
function refuseUnhonoured(o: ChatOptions): void {
  const refused: Readonly<Record<string, boolean>> = {
    n: (o.n ?? 1) > 1,
    stop: (o.stop?.length ?? 0) > 0,
    logprobs: o.logprobs === true,
    logit_bias: o.logitBias !== undefined,
    presence_penalty: (o.presencePenalty ?? 0) !== 0,
    frequency_penalty: (o.frequencyPenalty ?? 0) !== 0,
    top_k: o.topK !== undefined,
    tool_choice: o.toolChoice === 'required' && o.tools?.length !== 1,
    response_format: o.responseFormat?.kind === 'json',
  };
  for (const [name, isRefused] of Object.entries(refused))
    if (isRefused) throw unsupported(name, `"${name}" is not supported by this model.`);
}

/** The vendor refuses a temperature of 0; nothing but the likeliest token is its `top_p` of 0. */
function buildSampling({ temperature, topP }: ChatOptions): JsonObject {
  return temperature === 0 ? { top_p: 0 } : { temperature, top_p: topP };
}

/** Without the field the vendor calls no function. */
function buildFunctionCall({ tools, toolChoice }: ChatOptions): unknown {
  if (tools === undefined || tools.length === 0) return undefined;
  return choiceOf(toolChoice ?? 'auto', tools[0]?.name ?? '');
}

function choiceOf(choice: ToolChoice, only: string): unknown {
  if (choice === 'required') return { name: only };
  return typeof choice === 'string' ? choice : { name: choice.name };
}

function buildFormat(format: ResponseFormat | undefined): JsonObject | undefined {
  if (format?.kind !== 'schema') return undefined;
  return { type: 'json_schema', schema: format.schema, ...present({ strict: format.strict }) };
}

function buildMessages(messages: readonly Message[], fileIds: readonly string[]): JsonObject[] {
  const system = messages.filter(isSystem).map(textOf).filter(Boolean).join('\n\n');
  const turns = new Turns(messages, fileIds).build();
  // The vendor wants a turn to answer: a system prompt alone is then said by the user.
  const first = system === '' ? [] : [{ role: turns.length === 0 ? 'user' : 'system', content: system }];
  return [...first, ...turns];
}

/** Each call of a function is followed by its result, whatever order they came in: a message has room for one call. */
class Turns {
  readonly #messages: readonly Message[];
  readonly #results = new Map<string, Message[]>();
  readonly #fileIds: string[];

  constructor(messages: readonly Message[], fileIds: readonly string[]) {
    this.#messages = messages;
    this.#fileIds = [...fileIds];
    for (const message of messages) {
      const id = message.toolCallId ?? '';
      if (message.role === 'tool') this.#results.set(id, [...(this.#results.get(id) ?? []), message]);
    }
  }

  build(): JsonObject[] {
    return this.#messages.flatMap((message) => {
      if (isSystem(message)) return [];
      if (message.role === 'tool') return this.#unclaimed(message);
      if (message.role === 'user') return this.#ofUser(message);
      const said = { role: 'assistant', content: textOf(message) };
      const calls = message.toolCalls ?? [];
      if (calls.length === 0) return [said];
      return calls.flatMap((made, i) => this.#callAndResult(made, i === 0 ? said.content : ''));
    });
  }

  /** A message has room for one picture: each one after it begins another, with the text that follows. */
  #ofUser({ parts }: Message): JsonObject[] {
    const said: { texts: string[]; attachments?: string[] }[] = [{ texts: [] }];
    for (const part of parts) {
      let last = said.at(-1) as (typeof said)[number];
      if (part.kind === 'text') last.texts.push(part.text);
      if (part.kind !== 'image') continue;
      if (last.attachments !== undefined) {
        last = { texts: [] };
        said.push(last);
      }
      const id = this.#fileIds.shift();
      if (id === undefined) throw unsupported('messages', 'Pictures in messages are not supported by this model.');
      last.attachments = [id];
    }
    return said.map(({ texts, ...more }) => ({ role: 'user', content: texts.join('\n'), ...more }));
  }

  #callAndResult(made: ToolCall, content: string): JsonObject[] {
    const call = {
      role: 'assistant',
      content,
      function_call: { name: made.name, arguments: parseArguments(made.argumentsJson) },
      ...(STATE_ID.test(made.id) ? { functions_state_id: made.id } : {}),
    };
    const result = this.#results.get(made.id)?.shift();
    return result === undefined ? [call] : [call, buildResult(result, made.name)];
  }

  /** A result whose call is not in the conversation is told all the same. */
  #unclaimed(message: Message): JsonObject[] {
    const waiting = this.#results.get(message.toolCallId ?? '') ?? [];
    const at = waiting.indexOf(message);
    if (at < 0) return [];
    waiting.splice(at, 1);
    return [buildResult(message, message.name ?? 'function')];
  }
}

function buildResult(message: Message, name: string): JsonObject {
  const text = textOf(message);
  return { role: 'function', name, content: isJsonObject(text) ? text : JSON.stringify({ result: text }) };
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

function textOf({ parts }: Message): string {
  if (parts.some(({ kind }) => kind === 'image'))
    throw unsupported('messages', 'Pictures are supported by this model in messages of the user alone.');
  return parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n');
}

function parseArguments(text: string): JsonObject {
  const value = text.trim() === '' ? {} : parse(text);
  if (!isObject(value))
    throw unsupported('messages', 'The arguments of a tool call must be a JSON object for this model.');
  return value;
}

function isJsonObject(text: string): boolean {
  return isObject(parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
