// Writes answers in OpenAI's chat shapes. `refusal` and `logprobs` are there even when null, every stream has a role
// chunk and every choice ends in a finish_reason, because strict clients throw without them.
import type { Answer, CallEvent, ChatCall, Choice, Usage } from '../../core/call.ts';
import { sseData } from '../../core/sse.ts';
import type { AnswerContext, Rendered, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';

export function renderChat(answer: Answer, context: AnswerContext): Rendered {
  const body = {
    id: completionId(context),
    object: 'chat.completion',
    created: context.createdAtS,
    model: context.model,
    choices: answer.choices.map(renderChoice),
    usage: renderUsage(answer.usage),
    system_fingerprint: null,
  };
  return { status: 200, body };
}

export function renderChatStream(call: ChatCall, context: AnswerContext): StreamRenderer {
  const n = call.options.n ?? 1;
  const toolCallsSeen = new Set<string>();
  const chunk = (choices: readonly unknown[], usage?: unknown): string =>
    sseData(
      JSON.stringify({
        id: completionId(context),
        object: 'chat.completion.chunk',
        created: context.createdAtS,
        model: context.model,
        system_fingerprint: null,
        choices,
        ...(call.includeUsage ? { usage: usage ?? null } : {}),
      }),
    );
  const delta = (
    index: number,
    fields: Record<string, unknown>,
    logprobs: unknown = null,
    reason: string | null = null,
  ): string => chunk([{ index, delta: fields, logprobs, finish_reason: reason }]);
  return {
    start: () =>
      Array.from({ length: n }, (_, i) => delta(i, { role: 'assistant', content: '', refusal: null })).join(''),
    event: (event) => renderEvent(event, delta, toolCallsSeen),
    end: (usage) => (call.includeUsage ? chunk([], renderUsage(usage)) : '') + sseData('[DONE]'),
    error: (error) => sseData(JSON.stringify(errorBody(error))),
  };
}

type Delta = (index: number, fields: Record<string, unknown>, logprobs?: unknown, reason?: string | null) => string;

function renderEvent(event: CallEvent, delta: Delta, toolCallsSeen: Set<string>): string {
  switch (event.kind) {
    case 'text':
      return delta(event.choice, { content: event.text }, event.logprobs ?? null);
    case 'refusal':
      return delta(event.choice, { refusal: event.text });
    case 'reasoning':
      return delta(event.choice, { reasoning_content: event.text });
    case 'toolCall': {
      const key = `${event.choice}/${event.index}`;
      const first = !toolCallsSeen.has(key);
      toolCallsSeen.add(key);
      const head = first ? { id: event.id ?? `call_${event.choice}_${event.index}`, type: 'function' } : {};
      const name = first ? { name: event.name ?? '' } : {};
      return delta(event.choice, {
        tool_calls: [{ index: event.index, ...head, function: { ...name, arguments: event.argumentsJson } }],
      });
    }
    case 'finish':
      return delta(event.choice, {}, null, event.reason);
    case 'usage':
      return '';
  }
}

function renderChoice(choice: Choice): unknown {
  return {
    index: choice.index,
    message: {
      role: 'assistant',
      content: choice.text,
      refusal: choice.refusal,
      ...(choice.reasoning === null ? {} : { reasoning_content: choice.reasoning }),
      ...(choice.toolCalls.length === 0 ? {} : { tool_calls: choice.toolCalls.map(renderToolCall) }),
    },
    logprobs: choice.logprobs ?? null,
    finish_reason: choice.finishReason,
  };
}

function renderToolCall(call: Choice['toolCalls'][number]): unknown {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.argumentsJson } };
}

export function renderUsage(usage: Usage): unknown {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

function completionId(context: AnswerContext): string {
  return `chatcmpl-${context.callId}`;
}
