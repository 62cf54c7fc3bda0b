// Reads a vendor's whole chat completion. The vendor's JSON is not trusted: what is not there or has another type is
// left out, and an answer without a single usable choice is refused.
import type { Answer, Choice, FinishReason, ToolCall } from '../../core/call.ts';
import { NO_USAGE } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import { parseVendorObject } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';
import { readUsage } from './usage.ts';

/** Parses the body of a 200 answer. Throws `upstream_bad_response`, or what an error object inside means. */
export function parseAnswer(text: string): JsonObject {
  return checkAnswer(parseVendorObject(text));
}

/** Throws what an error object inside means, or `upstream_bad_response` where there is no choice. */
export function checkAnswer(body: JsonObject): JsonObject {
  if (body['error'] !== undefined && body['error'] !== null) throw faultOfErrorObject(body['error']);
  if (!Array.isArray(body['choices']) || body['choices'].length === 0) {
    throw new CallError('upstream_bad_response', { detail: 'the answer has no choices' });
  }
  for (const choice of body['choices']) {
    // Routers tell of a vendor's failure inside of a choice; it must not be taken for a finished answer.
    if (isObject(choice) && (isObject(choice['error']) || choice['finish_reason'] === 'error'))
      throw faultOfErrorObject(choice['error'] ?? {});
  }
  return body;
}

/** A whole answer, with the vendor's own text where that may be passed on to a client of this family. */
export function readWhole(text: string, meter: Meter): { readonly answer: Answer; readonly text?: string } {
  const body = parseAnswer(text);
  const answer = readAnswer(body, meter);
  return isStrict(body) ? { answer, text } : { answer };
}

/** The neutral answer; its text and usage are counted by `meter`. */
export function readAnswer(body: JsonObject, meter: Meter): Answer {
  const choices = (body['choices'] as unknown[]).map((choice, i) => readChoice(isObject(choice) ? choice : {}, i));
  meterAnswer(body, choices, meter);
  return { choices, usage: meter.usage() };
}

/** Counts an answer that is passed on as it is. */
function meterAnswer(body: JsonObject, choices: readonly Choice[], meter: Meter): void {
  for (const choice of choices) {
    meter.addText((choice.text ?? '') + (choice.refusal ?? '') + (choice.reasoning ?? ''));
    for (const call of choice.toolCalls) meter.addText(call.name + call.argumentsJson);
  }
  const usage = readUsage(body['usage']);
  if (usage !== undefined) meter.setUsage(usage);
}

function readChoice(choice: JsonObject, position: number): Choice {
  const message = isObject(choice['message']) ? choice['message'] : {};
  const toolCalls = readToolCalls(message);
  return {
    index: typeof choice['index'] === 'number' ? choice['index'] : position,
    text: textOrNull(message['content']),
    refusal: textOrNull(message['refusal']),
    reasoning: textOrNull(message['reasoning_content'] ?? message['reasoning']),
    toolCalls,
    logprobs: choice['logprobs'] ?? null,
    finishReason: readFinishReason(choice['finish_reason']) ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
  };
}

function readToolCalls(message: JsonObject): ToolCall[] {
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
  const legacy = isObject(message['function_call']) ? [{ id: '', function: message['function_call'] }] : [];
  return [...calls, ...legacy].filter(isObject).map((call, i) => {
    const fn = isObject(call['function']) ? call['function'] : {};
    const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : `call_${i}`;
    return { id, name: String(fn['name'] ?? ''), argumentsJson: argumentsText(fn['arguments']) };
  });
}

/** Some vendors send the arguments as an object; clients expect JSON text. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

export function readFinishReason(value: unknown): FinishReason | undefined {
  if (value === 'stop' || value === 'length' || value === 'tool_calls' || value === 'content_filter') return value;
  if (value === 'function_call') return 'tool_calls';
  if (value === 'max_tokens') return 'length';
  if (value === 'blacklist') return 'content_filter';
  return typeof value === 'string' && value !== 'error' ? 'stop' : undefined;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Whether the answer already has every field that strict clients need, so that its bytes may be passed on. */
function isStrict(body: JsonObject): boolean {
  if (typeof body['id'] !== 'string' || typeof body['created'] !== 'number' || !isObject(body['usage'] ?? NO_USAGE))
    return false;
  return (body['choices'] as unknown[]).every((choice) => {
    const message = isObject(choice) ? choice['message'] : undefined;
    return (
      isObject(choice) && 'logprobs' in choice && isObject(message) && 'refusal' in message && 'content' in message
    );
  });
}
