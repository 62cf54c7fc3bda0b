// Writes a call as the body of a request to Anthropic's Messages API.
import type { ChatCall, ChatOptions, Message, Part, Tool, ToolCall, ToolChoice } from '../../core/call.ts';
import { stopsOf } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject, present, unsupported } from '../../core/fields.ts';
import { spliceFields } from '../../core/json-guard.ts';
import { writeCacheMark } from '../cache-mark.ts';
import { isForeign, refuseForeign } from '../foreign.ts';
import { heldSchema } from './held-schema.ts';

export type MessagesBodyOptions = {
  /** The vendor's name of the model. */
  readonly model: string;
  /** The bound on the output where the call names none: this vendor takes no request without one. */
  readonly maxOutputTokens: number;
};

/** Claude models up to 4.6 take sampling parameters; later ones refuse a request that has any. */
const SAMPLING_CLAUDE =
  /^claude-(?:\d|v\d|instant|(?:opus|sonnet|haiku)-(?:3|4(?:-[0-6])?)(?:$|[-@](?:\d{8}|latest|thinking)))/;

/**
 * The request's text. Where the call came in this very shape its bytes are kept, so that nothing is lost and the
 * vendor's prompt cache still matches; only `model` is replaced.
 */
export function writeMessages(call: ChatCall, options: MessagesBodyOptions): string {
  if (call.source?.family === 'anthropic-messages') {
    const changes: Record<string, string> = {};
    if (call.model !== options.model) changes['model'] = JSON.stringify(options.model);
    return spliceFields(call.source.text, call.source.spans, changes);
  }
  if (isForeign(call, 'anthropic-messages')) refuseForeign(call);
  refuseUnhonoured(call.options);
  return JSON.stringify(build(call, options));
}

function build(call: ChatCall, { model, maxOutputTokens }: MessagesBodyOptions): JsonObject {
  const o = call.options;
  const foreign = isForeign(call, 'anthropic-messages');
  const effort = o.reasoningEffort;
  const format =
    o.responseFormat?.kind === 'schema'
      ? { type: 'json_schema', schema: heldSchema(o.responseFormat.schema) }
      : undefined;
  const output = present({ effort: effort === 'minimal' ? 'low' : effort === 'none' ? undefined : effort, format });
  return {
    ...(effort === 'none' ? { thinking: { type: 'disabled' } } : {}),
    ...(foreign ? {} : call.extra),
    model,
    max_tokens: o.maxOutputTokens ?? maxOutputTokens,
    ...present({
      ...buildConversation(call.messages, foreign),
      stream: call.stream ? true : undefined,
      stop_sequences: stopsOf(o),
      ...(takesSampling(model) ? buildSampling(o) : {}),
      metadata: o.user === undefined ? undefined : { user_id: o.user },
      tools: o.tools?.map(buildTool),
      tool_choice: buildToolChoice(o),
      output_config: Object.keys(output).length === 0 ? undefined : output,
    }),
  };
}

/** What this family has no word for, and whose loss would make the answer a lie. */
function refuseUnhonoured(o: ChatOptions): void {
  const refused: Readonly<Record<string, boolean>> = {
    n: (o.n ?? 1) > 1,
    logprobs: o.logprobs === true,
    logit_bias: o.logitBias !== undefined && Object.keys(o.logitBias).length > 0,
    presence_penalty: (o.presencePenalty ?? 0) !== 0,
    frequency_penalty: (o.frequencyPenalty ?? 0) !== 0,
  };
  for (const [name, isRefused] of Object.entries(refused))
    if (isRefused) throw unsupported(name, `"${name}" is not supported by this model.`);
  if (o.responseFormat?.kind === 'json')
    throw unsupported('response_format', 'This model answers in JSON only by a schema: use the type "json_schema".');
  if (o.stop?.some((stop) => stop.trim() === '') === true)
    throw unsupported('stop', 'A stop sequence of white space alone is not supported by this model.');
}

function takesSampling(model: string): boolean {
  return !model.startsWith('claude-') || SAMPLING_CLAUDE.test(model);
}

/**
 * The vendor's scale of temperature ends at 1, and its models take either it or `top_p`. Defaults are left out, since
 * they change nothing and a request with both would be refused.
 */
function buildSampling(o: ChatOptions): JsonObject {
  const temperature = o.temperature === 1 ? undefined : o.temperature;
  return {
    temperature: temperature === undefined ? undefined : Math.min(1, temperature),
    top_p: o.topP === 1 || temperature !== undefined ? undefined : o.topP,
    top_k: o.topK,
  };
}

/** The vendor refuses a conversation without turns, so that a system prompt alone is said by the user. */
function buildConversation(
  messages: readonly Message[],
  foreign: boolean,
): { system?: string | JsonObject[]; messages: Turn[] } {
  const system = buildSystem(messages);
  const turns = buildTurns(messages, foreign);
  if (system === undefined) return { messages: turns };
  if (turns.length > 0) return { system, messages: turns };
  const content = typeof system === 'string' ? [{ type: 'text', text: system }] : system;
  return { messages: [{ role: 'user', content }] };
}

/** This family has one system prompt; what stands further down joins it, in order. It has blocks where one is marked. */
function buildSystem(messages: readonly Message[]): string | JsonObject[] | undefined {
  const parts = messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'text' && part.text !== '' ? [part] : [])));
  if (parts.length === 0) return undefined;
  if (parts.every((part) => part.cacheMark === undefined)) return parts.map((part) => part.text).join('\n\n');
  return parts.flatMap((part) => buildPart(part, true));
}

type Turn = { readonly role: 'user' | 'assistant'; readonly content: JsonObject[] };

/** Neighbours of one role become one turn: results of tools must all stand in the turn that follows their calls. */
function buildTurns(messages: readonly Message[], foreign: boolean): Turn[] {
  const turns: Turn[] = [];
  const ids = new ToolIds();
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const blocks = buildBlocks(message, ids, foreign);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else if (blocks.length > 0) turns.push({ role, content: blocks });
  }
  return turns;
}

function buildBlocks(message: Message, ids: ToolIds, foreign: boolean): JsonObject[] {
  const blocks = message.parts.flatMap((part) => buildPart(part, foreign));
  if (message.role === 'tool')
    return [
      {
        type: 'tool_result',
        tool_use_id: ids.ofResult(message.toolCallId),
        ...(blocks.length === 0 ? {} : { content: blocks }),
        ...writeCacheMark(message.cacheMark),
        ...(foreign ? {} : message.extra),
      },
    ];
  return [...blocks, ...(message.toolCalls ?? []).map((made) => buildToolUse(made, ids))];
}

/** The vendor refuses empty texts. */
function buildPart(part: Part, foreign: boolean): JsonObject[] {
  if (part.kind === 'text')
    return part.text === '' ? [] : [{ type: 'text', text: part.text, ...writeCacheMark(part.cacheMark) }];
  if (part.kind === 'opaque') return foreign ? [] : [part.value];
  const data = /^data:([\w.+/-]+);base64,/.exec(part.url);
  const source =
    data === null
      ? { type: 'url', url: part.url }
      : { type: 'base64', media_type: data[1], data: part.url.slice(data[0].length) };
  return [{ type: 'image', source, ...writeCacheMark(part.cacheMark) }];
}

function buildToolUse({ id, name, argumentsJson, cacheMark }: ToolCall, ids: ToolIds): JsonObject {
  const input = parseArguments(argumentsJson);
  return { type: 'tool_use', id: ids.ofCall(id), name, input, ...writeCacheMark(cacheMark) };
}

function parseArguments(text: string): JsonObject {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value))
    throw unsupported('messages', 'The arguments of a tool call must be a JSON object for this model.');
  return value;
}

/** Ids in the letters that this family allows. Old function calls have none: their results follow in their order. */
class ToolIds {
  readonly #unanswered: string[] = [];
  #made = 0;

  ofCall(id: string): string {
    if (id !== '') return clean(id);
    this.#made += 1;
    const made = `call_${this.#made}`;
    this.#unanswered.push(made);
    return made;
  }

  ofResult(id = ''): string {
    return id === '' ? (this.#unanswered.shift() ?? 'call_0') : clean(id);
  }
}

function clean(id: string): string {
  return id.replace(/[^\w-]/g, '_');
}

function buildTool(tool: Tool): JsonObject {
  if (tool.opaque !== undefined) return tool.opaque;
  const schema = { type: 'object', ...tool.parameters };
  return {
    name: tool.name,
    ...present({ description: tool.description, strict: tool.strict === true ? true : undefined }),
    input_schema: tool.strict === true ? heldSchema(schema) : schema,
    ...writeCacheMark(tool.cacheMark),
  };
}

function buildToolChoice(o: ChatOptions): JsonObject | undefined {
  if (o.tools === undefined || o.tools.length === 0) return undefined;
  const single = o.parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  if (o.toolChoice === undefined) return o.parallelToolCalls === false ? { type: 'auto', ...single } : undefined;
  if (o.toolChoice === 'none') return { type: 'none' };
  return { ...choiceOf(o.toolChoice), ...single };
}

function choiceOf(choice: Exclude<ToolChoice, 'none'>): JsonObject {
  if (choice === 'auto') return { type: 'auto' };
  return choice === 'required' ? { type: 'any' } : { type: 'tool', name: choice.name };
}
