// Reads a vendor's whole message. The vendor's JSON is not trusted: what is not there or has another type is left out,
// and an answer without a list of content is refused.
import type { Answer, Choice, FinishReason, ToolCall } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import { parseVendorObject } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';
import { UsageReader } from './usage.ts';

/** Parses the body of a 200 answer. Throws `upstream_bad_response`, or what an error object inside means. */
export function parseMessage(text: string): JsonObject {
  const body = parseVendorObject(text);
  if (body['type'] === 'error' || isObject(body['error'])) throw faultOfErrorObject(body['error']);
  if (!Array.isArray(body['content']) || typeof body['stop_reason'] !== 'string')
    throw new CallError('upstream_bad_response', { detail: 'the answer has no content or no stop reason' });
  return body;
}

/** The neutral answer; its text and usage are counted by `meter`. */
export function readMessage(body: JsonObject, meter: Meter): Answer {
  const blocks = (body['content'] as unknown[]).filter(isObject);
  const toolCalls = blocks.filter(({ type }) => type === 'tool_use').map(readToolUse);
  const choice: Choice = {
    index: 0,
    text: textOf(blocks, 'text', 'text'),
    refusal: null,
    reasoning: textOf(blocks, 'thinking', 'thinking'),
    toolCalls,
    logprobs: null,
    finishReason: readStopReason(body['stop_reason']),
  };
  meter.addText((choice.text ?? '') + (choice.reasoning ?? ''));
  for (const call of toolCalls) meter.addText(call.name + call.argumentsJson);
  const reader = new UsageReader();
  if (blocks.some(({ type }) => isThinking(type))) reader.sawThinking();
  reader.add(body['usage']);
  const usage = reader.usage();
  if (usage !== undefined) meter.setUsage(usage);
  return { choices: [choice], usage: meter.usage() };
}

export function isThinking(type: unknown): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}

export function readStopReason(reason: unknown): FinishReason {
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'length';
  if (reason === 'tool_use') return 'tool_calls';
  return reason === 'refusal' ? 'content_filter' : 'stop';
}

function textOf(blocks: readonly JsonObject[], type: string, field: string): string | null {
  const texts = blocks.flatMap((block) =>
    block['type'] === type && typeof block[field] === 'string' ? [block[field]] : [],
  );
  return texts.length === 0 ? null : texts.join('');
}

function readToolUse(block: JsonObject, i: number): ToolCall {
  const id = typeof block['id'] === 'string' ? block['id'] : `call_${i}`;
  return { id, name: String(block['name'] ?? ''), argumentsJson: JSON.stringify(block['input'] ?? {}) };
}
