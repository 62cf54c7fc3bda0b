// Reads a vendor's chat stream into neutral events, for callers who speak another dialect and for vendors whose
// streams strict clients would not accept as they are.
import type { CallEvent } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { SseEvent } from '../../core/sse.ts';
import { EventStreamReader } from '../event-stream-reader.ts';
import { faultOfErrorObject } from './fault.ts';
import { argumentsText, readFinishReason } from './read-answer.ts';
import { readUsage } from './usage.ts';

export class ChatStreamReader extends EventStreamReader {
  readonly #normalize: (chunk: JsonObject) => JsonObject;

  /** @param normalize gives a chunk of a vendor that deviates the shape of this family. */
  constructor(maxEventChars: number, normalize = (chunk: JsonObject) => chunk) {
    super(maxEventChars);
    this.#normalize = normalize;
  }

  protected read({ event, data }: SseEvent): readonly CallEvent[] {
    if (data !== '[DONE]') return readChunk(this.#normalize(parseChunk(data, event)));
    this.complete();
    return [];
  }
}

/** Parses one event's data. Throws what an error event means, or `upstream_bad_response`. */
export function parseChunk(data: string, event: string): JsonObject {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw new CallError('upstream_bad_response', { detail: 'a stream event is not JSON' });
  }
  if (!isObject(chunk)) throw new CallError('upstream_bad_response', { detail: 'a stream event is not an object' });
  if (event === 'error' || (chunk['error'] !== undefined && chunk['error'] !== null))
    throw faultOfErrorObject(chunk['error'] ?? chunk);
  return chunk;
}

/** The neutral events of one chunk, in the order in which a client should see them. */
export function readChunk(chunk: JsonObject): CallEvent[] {
  const events: CallEvent[] = [];
  const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  for (const choice of choices) if (isObject(choice)) readChoiceDelta(choice, events);
  const usage = readUsage(chunk['usage']);
  if (usage !== undefined) events.push({ kind: 'usage', usage });
  return events;
}

function readChoiceDelta(value: JsonObject, events: CallEvent[]): void {
  const choice = typeof value['index'] === 'number' ? value['index'] : 0;
  const delta = isObject(value['delta']) ? value['delta'] : {};
  const reasoning = delta['reasoning_content'] ?? delta['reasoning'];
  if (typeof reasoning === 'string' && reasoning !== '') events.push({ kind: 'reasoning', choice, text: reasoning });
  const text = delta['content'];
  if (typeof text === 'string' && text !== '') {
    const logprobs = value['logprobs'];
    events.push(
      logprobs === undefined || logprobs === null
        ? { kind: 'text', choice, text }
        : { kind: 'text', choice, text, logprobs },
    );
  }
  const refusal = delta['refusal'];
  if (typeof refusal === 'string' && refusal !== '') events.push({ kind: 'refusal', choice, text: refusal });
  readToolCallDeltas(delta, choice, events);
  const reason = readFinishReason(value['finish_reason']);
  if (reason !== undefined) events.push({ kind: 'finish', choice, reason });
}

function readToolCallDeltas(delta: JsonObject, choice: number, events: CallEvent[]): void {
  const legacy = isObject(delta['function_call']) ? [{ function: delta['function_call'] }] : [];
  const calls: unknown[] = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : legacy;
  for (const [position, call] of calls.entries()) {
    if (!isObject(call)) continue;
    const fn = isObject(call['function']) ? call['function'] : {};
    events.push({
      kind: 'toolCall',
      choice,
      index: typeof call['index'] === 'number' ? call['index'] : position,
      ...(typeof call['id'] === 'string' && call['id'] !== '' ? { id: call['id'] } : {}),
      ...(typeof fn['name'] === 'string' && fn['name'] !== '' ? { name: fn['name'] } : {}),
      argumentsJson: argumentsText(fn['arguments']),
    });
  }
}
