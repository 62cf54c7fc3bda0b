// Passes a vendor's chat stream on byte for byte while watching it: what was delivered, the usage, errors and the end.
//
// This is the hot path of streaming. Bytes that hold only whole, ordinary frames are forwarded untouched after one
// decode and a few substring searches. Everything else takes the slow path, which cuts the text into frames and parses
// those. Only two things are ever left out: `[DONE]`, which waits for the charge, and a usage chunk that the client
// did not ask for.
import type { AnswerStream, RelayContext } from '../../core/answer-stream.ts';
import { CallError, toCallError } from '../../core/errors.ts';
import { endOfString } from '../../core/json-guard.ts';
import { SseReader, sseData } from '../../core/sse.ts';
import { FrameCutter, unescapeJson } from '../stream-frames.ts';
import { errorBody } from './errors.ts';
import { parseChunk } from './read-stream.ts';
import { readUsage } from './usage.ts';

/** The ends of the names whose text a model made: `content`, `reasoning_content`, `reasoning`, `arguments`, `refusal`. */
const DELIVERED_ENDS = ['content":', 'reasoning":', 'arguments":', 'refusal":'] as const;

export class ChatStreamRelay implements AnswerStream {
  readonly #context: RelayContext;
  readonly #maxEventChars: number;
  readonly #decoder = new TextDecoder('utf-8');
  readonly #frames = new FrameCutter();
  #isComplete = false;
  #fault: CallError | undefined;

  constructor(context: RelayContext, maxEventChars: number) {
    this.#context = context;
    this.#maxEventChars = maxEventChars;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get fault(): CallError | undefined {
    return this.#fault;
  }

  push(bytes: Uint8Array): Uint8Array | string {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (this.#frames.length === 0 && isPlain(text)) {
      this.#count(text);
      return bytes;
    }
    return this.#pushFrames(text);
  }

  end(): string {
    return sseData('[DONE]');
  }

  error(error: CallError): string {
    return sseData(JSON.stringify(errorBody(error)));
  }

  /** Counts the text that a model made. Searching for substrings costs a quarter of one regular expression. */
  #count(text: string): void {
    for (const name of DELIVERED_ENDS) {
      for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
        at += name.length;
        if (text[at] === ' ') at += 1;
        if (text[at] !== '"') continue;
        const end = endOfString(text, at);
        const escaped = text.slice(at + 1, end);
        this.#context.meter.addText(escaped.includes('\\') ? unescapeJson(escaped) : escaped);
        at = end;
      }
    }
  }

  /** Takes whole frames off the text gathered so far, and keeps the rest for the next bytes. */
  #pushFrames(text: string): string {
    this.#frames.add(text);
    let out = '';
    try {
      for (let frame = this.#frames.take(); frame !== undefined; frame = this.#frames.take()) {
        out += this.#frame(frame);
        if (this.#isComplete) break;
      }
      if (this.#frames.length > this.#maxEventChars && !this.#isComplete)
        throw new CallError('upstream_too_large', { detail: 'a stream event is too long' });
    } catch (thrown) {
      this.#fault = toCallError(thrown);
    }
    return out;
  }

  /** What the client gets of one frame, which is either the frame itself or nothing. */
  #frame(frame: string): string {
    const event = new SseReader(this.#maxEventChars).push(new TextEncoder().encode(frame))[0];
    // A vendor's comments and empty events are not passed on: several clients choke on them.
    if (event === undefined || event.data === '') return '';
    if (event.data === '[DONE]') {
      this.#isComplete = true;
      return '';
    }
    const chunk = parseChunk(event.data, event.event);
    this.#count(frame);
    const usage = readUsage(chunk['usage']);
    if (usage === undefined) return frame;
    this.#context.meter.setUsage(usage);
    const isUsageOnly = Array.isArray(chunk['choices']) && chunk['choices'].length === 0;
    if (!isUsageOnly || this.#context.call.includeUsage) return frame;
    return '';
  }
}

/** Whether the text is whole frames with nothing in them that the money or the ending depends on. */
function isPlain(text: string): boolean {
  return isWholeFrames(text) && !text.includes('"error"') && !text.includes('\r') && !hasUsage(text);
}

/** Whether each line is the one data line of its event and looks like an object. JSON has no bare line ends. */
function isWholeFrames(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    if (!text.startsWith('data: {', at) || text[end - 1] !== '}' || text[end + 1] !== '\n') return false;
    at = end + 2;
  }
  return at > 0;
}

/** `"usage": null` stands in every chunk of a stream that will end with usage; only a value matters. */
function hasUsage(text: string): boolean {
  let at = text.indexOf('"usage"');
  while (at >= 0) {
    let next = at + 7;
    while (text[next] === ' ' || text[next] === ':') next += 1;
    if (text[next] !== 'n') return true;
    at = text.indexOf('"usage"', next);
  }
  return false;
}
