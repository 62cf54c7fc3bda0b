// OpenAI's response object and the items of its output. Every field of the object is there, null where nothing is known
// of it, because strict clients look for all of them.
import type { ChatCall, FinishReason, Usage } from '../../core/call.ts';
import { isObject } from '../../core/fields.ts';
import type { AnswerContext } from '../rendering.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export type TextContent = {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly [];
  readonly logprobs: readonly unknown[];
};
export type RefusalContent = { readonly type: 'refusal'; readonly refusal: string };
export type Content = TextContent | RefusalContent;

export type Item = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete';

/** How a response ends, by why its model stopped. */
export function statusOf(reason: FinishReason): ResponseStatus {
  return reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed';
}

export function responseObject(
  call: ChatCall,
  context: AnswerContext,
  status: ResponseStatus,
  output: readonly Item[],
  end?: { readonly reason: FinishReason; readonly usage: Usage },
): Record<string, unknown> {
  const given = call.notes ?? {};
  const text = isObject(given['text']) ? given['text'] : {};
  const reasoning = isObject(given['reasoning']) ? given['reasoning'] : {};
  return {
    id: `resp_${context.callId}`,
    object: 'response',
    created_at: context.createdAtS,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: incompleteReason(end?.reason) } : null,
    instructions: given['instructions'] ?? null,
    max_output_tokens: given['max_output_tokens'] ?? null,
    max_tool_calls: given['max_tool_calls'] ?? null,
    metadata: given['metadata'] ?? {},
    model: context.model,
    output,
    parallel_tool_calls: given['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    prompt_cache_key: given['prompt_cache_key'] ?? null,
    prompt_cache_retention: given['prompt_cache_retention'] ?? null,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: given['safety_identifier'] ?? null,
    service_tier: 'default',
    store: false,
    temperature: given['temperature'] ?? null,
    text: { ...text, format: text['format'] ?? { type: 'text' } },
    tool_choice: given['tool_choice'] ?? 'auto',
    tools: given['tools'] ?? [],
    top_logprobs: given['top_logprobs'] ?? 0,
    top_p: given['top_p'] ?? null,
    truncation: given['truncation'] ?? 'disabled',
    usage: end === undefined ? null : renderResponseUsage(end.usage),
    user: given['user'] ?? null,
  };
}

function incompleteReason(reason: FinishReason | undefined): string {
  return reason === 'content_filter' ? 'content_filter' : 'max_output_tokens';
}

/** What a provider had to write into its cache is not counted apart. */
function renderResponseUsage(usage: Usage): unknown {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

export function reasoningItem(id: string, text: string, status: ItemStatus): Item {
  return { id, type: 'reasoning', summary: [], content: text === '' ? [] : [reasoningContent(text)], status };
}

export function reasoningContent(text: string) {
  return { type: 'reasoning_text', text };
}

export function messageItem(id: string, content: readonly Content[], status: ItemStatus): Item {
  return { id, type: 'message', status, role: 'assistant', content };
}

export function textContent(text: string, logprobs: readonly unknown[] = []): TextContent {
  return { type: 'output_text', text, annotations: [], logprobs };
}

export function refusalContent(refusal: string): RefusalContent {
  return { type: 'refusal', refusal };
}

export function functionItem(
  id: string,
  call: { readonly callId: string; readonly name: string; readonly argumentsJson: string },
  status: ItemStatus,
): Item {
  return { id, type: 'function_call', status, call_id: call.callId, name: call.name, arguments: call.argumentsJson };
}

/** The log probabilities of a chat completion's piece, which have the same shape here. */
export function logprobsOf(value: unknown): readonly unknown[] {
  const content = isObject(value) ? value['content'] : undefined;
  return Array.isArray(content) ? content : [];
}
