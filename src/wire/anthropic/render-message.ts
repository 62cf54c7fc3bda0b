// Writes whole answers in the shape of Anthropic's Messages API. Fields that are null are there, since the newer
// official clients declare them so.
import type { Answer, ChatCall, Choice, FinishReason, ToolCall, Usage } from '../../core/call.ts';
import { NO_USAGE } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { AnswerContext, Rendered } from '../rendering.ts';

export function renderMessage(answer: Answer, context: AnswerContext, call: ChatCall): Rendered {
  const choice = answer.choices[0];
  if (choice === undefined) throw new CallError('upstream_bad_response', { detail: 'the answer has no choice' });
  const content = renderContent(choice, wantsThinking(call));
  const told = { hasRefusal: choice.refusal !== null, hasTools: choice.toolCalls.length > 0 };
  const body = {
    ...emptyMessage(context),
    content,
    stop_reason: stopReason(choice.finishReason, told),
    usage: renderUsage(answer.usage),
  };
  return { status: 200, body };
}

/** A message before anything of it is there, which is how a stream begins. */
export function emptyMessage(context: AnswerContext, usage = NO_USAGE): JsonObject {
  return {
    id: `msg_${context.callId}`,
    type: 'message',
    role: 'assistant',
    model: context.model,
    container: null,
    content: [],
    diagnostics: null,
    stop_details: null,
    stop_reason: null,
    stop_sequence: null,
    usage: renderUsage(usage),
  };
}

/** Clients that did not ask for thinking do not expect blocks of it. */
export function wantsThinking(call: ChatCall): boolean {
  const thinking = call.extra['thinking'];
  return isObject(thinking) && thinking['type'] !== 'disabled';
}

/**
 * Other families do not say which sequence stopped the model. Some end a call of a tool that had to be called as they
 * end a text, which clients of this family would take for an answer.
 */
export function stopReason(reason: FinishReason, told: { hasRefusal: boolean; hasTools: boolean }): string {
  if (reason === 'length') return 'max_tokens';
  if (reason === 'content_filter' || told.hasRefusal) return 'refusal';
  return reason === 'tool_calls' || told.hasTools ? 'tool_use' : 'end_turn';
}

export function renderUsage(usage: Usage): JsonObject {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  return {
    input_tokens: usage.inputTokens - cached,
    output_tokens: usage.outputTokens,
    cache_creation: null,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    inference_geo: null,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    service_tier: null,
    speed: null,
  };
}

function renderContent(choice: Choice, showsThinking: boolean): JsonObject[] {
  const content: JsonObject[] = [];
  if (choice.reasoning !== null && showsThinking)
    content.push({ type: 'thinking', thinking: choice.reasoning, signature: '' });
  const text = (choice.text ?? '') + (choice.refusal ?? '');
  // Without `citations`, as the vendor's own: some clients take only a list there.
  if (text !== '') content.push({ type: 'text', text });
  for (const [i, call] of choice.toolCalls.entries()) {
    const input = parseInput(call);
    if (input !== undefined) {
      const id = call.id === '' ? `toolu_${i}` : call.id;
      content.push({ type: 'tool_use', id, name: call.name, input, caller: { type: 'direct' } });
    } else if (choice.finishReason !== 'length')
      throw new CallError('upstream_bad_response', { detail: 'the arguments of a tool call are no JSON object' });
  }
  return content;
}

/** `undefined` where the model's text is no JSON object, as it is when the answer was cut at its bound. */
function parseInput({ argumentsJson }: ToolCall): JsonObject | undefined {
  if (argumentsJson.trim() === '') return {};
  try {
    const input: unknown = JSON.parse(argumentsJson);
    return isObject(input) ? input : undefined;
  } catch {
    return undefined;
  }
}
