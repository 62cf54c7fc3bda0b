// Writes a call as the body of an OpenAI chat completion request.
import type { CacheMark, ChatCall, Message, Part, ResponseFormat, ToolChoice } from '../../core/call.ts';
import { stopsOf } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { present, unsupported } from '../../core/fields.ts';
import { spliceFields } from '../../core/json-guard.ts';
import { writeCacheMark } from '../cache-mark.ts';
import { isForeign, refuseForeign } from '../foreign.ts';
import { fitsStrict } from '../json-schema.ts';

/** What OpenAI takes as `user`; identifiers of other families may be longer and are then left out. */
const USER_CHARS_MAX = 64;

export type ChatBodyOptions = {
  /** The vendor's name of the model. */
  readonly model: string;
  /** `max_tokens` is what most vendors know; OpenAI's newer models want `max_completion_tokens`. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Whether the vendor passes marks of where a cache should end on to models that want them; others refuse them. */
  readonly takesCacheMarks: boolean;
};

/**
 * The request's text. Where the call came in this very shape its bytes are kept, so that nothing is lost and vendors'
 * prompt caches still match; only `model` is replaced, the bound on the output gets the vendor's name for
 * it, and usage is asked for at the end of a stream.
 */
export function writeChat(call: ChatCall, options: ChatBodyOptions): string {
  if (call.source?.family !== 'openai-chat') return JSON.stringify(buildChat(call, options));
  const changes: Record<string, string> = {};
  if (call.model !== options.model) changes['model'] = JSON.stringify(options.model);
  if (call.stream && !call.includeUsage) changes['stream_options'] = '{"include_usage":true}';
  const renames: Record<string, string> = {};
  const { text, spans } = call.source;
  // A vendor that does not know the newer name would ignore it, and answer at any length for a hold of a few tokens.
  if (options.maxTokensField === 'max_tokens' && call.options.maxOutputTokens !== undefined) {
    const older = spans.fields.get('max_tokens');
    if (older === undefined) renames['max_completion_tokens'] = 'max_tokens';
    else if (text.slice(older.start, older.end) === 'null')
      changes['max_tokens'] = String(call.options.maxOutputTokens);
  }
  return spliceFields(text, spans, changes, renames);
}

function buildChat(call: ChatCall, options: ChatBodyOptions): Record<string, unknown> {
  const { model, maxTokensField, takesCacheMarks } = options;
  const mark = takesCacheMarks ? writeCacheMark : () => ({});
  const o = call.options;
  const foreign = isForeign(call, 'openai-chat');
  if (foreign) refuseForeign(call);
  return {
    ...(foreign ? {} : call.extra),
    model,
    messages: call.messages.map((message) => buildMessage(message, foreign, mark)),
    ...present({
      stream: call.stream ? true : undefined,
      stream_options: call.stream ? { include_usage: true } : undefined,
      [maxTokensField]: o.maxOutputTokens,
      temperature: o.temperature,
      top_p: o.topP,
      top_k: o.topK,
      n: o.n,
      stop: stopsOf(o),
      presence_penalty: o.presencePenalty,
      frequency_penalty: o.frequencyPenalty,
      logprobs: o.logprobs,
      top_logprobs: o.topLogprobs,
      logit_bias: o.logitBias,
      seed: o.seed,
      user: foreign && (o.user?.length ?? 0) > USER_CHARS_MAX ? undefined : o.user,
      tools: o.tools?.map(({ cacheMark, ...tool }) => ({
        type: 'function',
        function: foreign ? loosen(tool, tool.parameters) : tool,
        ...mark(cacheMark),
      })),
      tool_choice: o.toolChoice === undefined ? undefined : buildToolChoice(o.toolChoice),
      parallel_tool_calls: o.parallelToolCalls,
      response_format: o.responseFormat === undefined ? undefined : buildResponseFormat(o.responseFormat, foreign),
      reasoning_effort: o.reasoningEffort,
    }),
  };
}

type WriteMark = (mark: CacheMark | undefined) => JsonObject;

function buildMessage(message: Message, foreign: boolean, mark: WriteMark): Record<string, unknown> {
  const parts = markedParts(message, foreign);
  if (foreign && message.role === 'tool' && parts.some(({ kind }) => kind === 'image'))
    throw unsupported('messages', 'Pictures in the results of tools are not supported by this model.');
  return {
    ...(foreign ? {} : message.extra),
    role: message.role,
    content: buildContent(parts, mark, isSystem(message)),
    ...present({ name: message.name, tool_call_id: message.toolCallId }),
    ...(message.toolCalls === undefined
      ? {}
      : {
          tool_calls: message.toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.argumentsJson },
          })),
        }),
  };
}

/** This family has no mark for the result of a tool as a whole: its last part has it instead. */
function markedParts({ parts, cacheMark }: Message, foreign: boolean): readonly Part[] {
  const own = foreign ? parts.filter(({ kind }) => kind !== 'opaque') : parts;
  const last = own.at(-1);
  if (cacheMark === undefined || last === undefined || last.kind === 'opaque') return own;
  return [...own.slice(0, -1), { ...last, cacheMark }];
}

/**
 * One text stays a plain string: every vendor takes that, not every vendor takes parts. A system prompt that is in parts
 * for its marks alone is one text again where the vendor knows none.
 */
function buildContent(parts: readonly Part[], mark: WriteMark, isSystemPrompt: boolean): unknown {
  const only = parts[0];
  if (only === undefined) return null;
  const built = parts.map((part) => buildPart(part, mark));
  if (built.some((part) => 'cache_control' in part)) return built;
  if (parts.length === 1 && only.kind === 'text') return only.text;
  const isForMarks = parts.every(({ kind }) => kind === 'text') && parts.some(hasMark);
  return isSystemPrompt && isForMarks ? built.map(({ text }) => text).join('\n\n') : built;
}

function hasMark(part: Part): boolean {
  return part.kind !== 'opaque' && part.cacheMark !== undefined;
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

function buildPart(part: Part, mark: WriteMark): JsonObject {
  if (part.kind === 'opaque') return part.value;
  const marked = mark(part.cacheMark);
  if (part.kind === 'text') return { type: 'text', text: part.text, ...marked };
  return { type: 'image_url', image_url: { url: part.url, ...present({ detail: part.detail }) }, ...marked };
}

function buildToolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };
}

/**
 * Other families hold a model to schemas that this one does not take as strict, such as those with fields that may be
 * absent. The model is then asked for the schema without being held to it.
 */
function loosen<T extends { readonly strict?: boolean }>(asked: T, schema: JsonObject = {}): T {
  return asked.strict === true && !fitsStrict(schema) ? { ...asked, strict: false } : asked;
}

function buildResponseFormat(format: ResponseFormat, foreign: boolean): unknown {
  if (format.kind === 'text') return { type: 'text' };
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, schema, strict } = foreign ? loosen(format, format.schema) : format;
  return { type: 'json_schema', json_schema: { name, schema, ...present({ strict }) } };
}
