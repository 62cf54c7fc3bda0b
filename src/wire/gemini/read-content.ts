// Reads Gemini's answers: each chunk of a stream has the shape of a whole one, and there is no mark at the end but the
// reason for it. A prompt that was refused has no candidate, and a good status.

import { AnswerBuilder } from '../../core/answer-builder.ts';
import type { Answer, CallEvent, FinishReason, Usage } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { SseEvent } from '../../core/sse.ts';
import { EventStreamReader } from '../event-stream-reader.ts';
import { objectOf, objectsOf, parseVendorObject, unreadable } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';

const FILTERED: readonly string[] = [
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
];

/** Throws what an error object means, or `upstream_bad_response` where there is neither an answer nor a refusal. */
export function readContent(text: string, meter: Meter, callsMax = Number.POSITIVE_INFINITY): Answer {
  const reader = new ChunkReader(callsMax);
  const builder = new AnswerBuilder(1);
  const events = reader.read(parseVendorObject(text));
  if (!reader.isComplete) throw unreadable('the answer has no candidate that is finished');
  for (const event of events) {
    meter.addEvent(event);
    builder.add(event);
  }
  return { choices: builder.build(), usage: meter.usage() };
}

export class ContentStreamReader extends EventStreamReader {
  readonly #chunks: ChunkReader;

  constructor(maxEventChars: number, callsMax = Number.POSITIVE_INFINITY) {
    super(maxEventChars);
    this.#chunks = new ChunkReader(callsMax);
  }

  protected read({ data }: SseEvent): readonly CallEvent[] {
    const events = this.#chunks.read(parseVendorObject(data, 'a stream event'));
    if (this.#chunks.isComplete) this.complete();
    return events;
  }
}

/** Reads chunks in their order. Calls of functions come whole, mostly without ids. */
class ChunkReader {
  readonly #callsMax: number;
  #toolCalls = 0;
  isComplete = false;

  /** @param callsMax calls of functions beyond so many are left out. */
  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  read(chunk: JsonObject): CallEvent[] {
    if (chunk['error'] !== undefined && chunk['error'] !== null) throw faultOfErrorObject(chunk['error']);
    const candidate = objectsOf(chunk['candidates'])[0];
    const events = candidate === undefined ? [] : this.#readCandidate(candidate);
    const refused = candidate === undefined && typeof objectOf(chunk['promptFeedback'])['blockReason'] === 'string';
    if (refused) events.push({ kind: 'finish', choice: 0, reason: 'content_filter' });
    this.isComplete = refused || typeof candidate?.['finishReason'] === 'string';
    const usage = readUsage(chunk['usageMetadata']);
    // Each chunk counts anew; before the end the counts are not yet all.
    if (usage !== undefined && this.isComplete) events.push({ kind: 'usage', usage });
    return events;
  }

  #readCandidate(candidate: JsonObject): CallEvent[] {
    const events = objectsOf(objectOf(candidate['content'])['parts']).flatMap((part) => this.#readPart(part));
    const reason = candidate['finishReason'];
    if (reason === 'MALFORMED_FUNCTION_CALL' || reason === 'MALFORMED_RESPONSE')
      throw unreadable(`the model ended with ${reason}`);
    if (typeof reason === 'string')
      events.push({ kind: 'finish', choice: 0, reason: readReason(reason, this.#toolCalls > 0) });
    return events;
  }

  #readPart(part: JsonObject): CallEvent[] {
    const { text, functionCall: made } = part;
    if (typeof text === 'string' && text !== '')
      return [{ kind: part['thought'] === true ? 'reasoning' : 'text', choice: 0, text }];
    if (!isObject(made) || this.#toolCalls >= this.#callsMax) return [];
    const index = this.#toolCalls++;
    const { id, name, args } = made;
    return [
      {
        kind: 'toolCall',
        choice: 0,
        index,
        ...(typeof id === 'string' && id !== '' ? { id } : {}),
        name: String(name ?? ''),
        argumentsJson: JSON.stringify(args ?? {}),
      },
    ];
  }
}

function readReason(reason: string, hasCalled: boolean): FinishReason {
  if (reason === 'MAX_TOKENS') return 'length';
  if (FILTERED.includes(reason)) return 'content_filter';
  return hasCalled ? 'tool_calls' : 'stop';
}

/** Thoughts are counted apart from the answer, and both are output; the cached tokens are among those of the prompt. */
function readUsage(value: unknown): Usage | undefined {
  const { promptTokenCount, candidatesTokenCount, ...told } = objectOf(value);
  if (typeof promptTokenCount !== 'number') return undefined;
  const reasoningTokens = countOf(told['thoughtsTokenCount']);
  return {
    source: 'exact',
    inputTokens: promptTokenCount + countOf(told['toolUsePromptTokenCount']),
    cachedInputTokens: countOf(told['cachedContentTokenCount']),
    outputTokens: countOf(candidatesTokenCount) + reasoningTokens,
    reasoningTokens,
    images: 0,
  };
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
