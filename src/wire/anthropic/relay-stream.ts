// Passes a vendor's stream of a message on byte for byte while watching it: what was delivered, the usage, errors and
// the end.
//
// Bytes that hold only whole deltas of content are forwarded untouched after one decode and a few substring searches.
// Everything else takes the slow path, which cuts the text into frames and parses those. Only `message_stop` is held
// back, which waits for the charge, and comments, which several clients choke on.
import type { AnswerStream, RelayContext } from '../../core/answer-stream.ts';
import { CallError, toCallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import { endOfString } from '../../core/json-guard.ts';
import { SseReader } from '../../core/sse.ts';
import { FrameCutter, unescapeJson } from '../stream-frames.ts';
import { errorBody } from './errors.ts';
import { isThinking } from './read-message.ts';
import { parseEvent } from './read-stream.ts';
import { namedEvent } from './render-stream.ts';
import { UsageReader } from './usage.ts';

const DELTA = 'event: content_block_delta\ndata: {';

/** The fields of a delta, or of a block that begins, whose text a model made. */
const DELIVERED = ['"text":', '"thinking":', '"partial_json":'] as const;

export class MessageStreamRelay implements AnswerStream {
  readonly #context: RelayContext;
  readonly #maxEventChars: number;
  readonly #decoder = new TextDecoder('utf-8');
  readonly #usage = new UsageReader();
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
    if (this.#frames.length === 0 && isWholeDeltas(text)) {
      this.#count(text);
      return bytes;
    }
    return this.#pushFrames(text);
  }

  end(): string {
    return namedEvent('message_stop', { type: 'message_stop' });
  }

  error(error: CallError): string {
    return namedEvent('error', errorBody(error));
  }

  #count(text: string): void {
    for (const name of DELIVERED) {
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
    const found = new SseReader(this.#maxEventChars).push(new TextEncoder().encode(frame))[0];
    if (found === undefined || found.data === '') return '';
    const event = parseEvent(found.data, found.event);
    switch (event['type']) {
      case 'message_start':
        this.#usage.add(isObject(event['message']) ? event['message']['usage'] : undefined);
        return frame;
      case 'content_block_start':
        this.#start(event['content_block']);
        return frame;
      case 'content_block_delta':
        this.#count(found.data);
        return frame;
      case 'message_delta':
        this.#end(event['usage']);
        return frame;
      case 'message_stop':
        this.#isComplete = true;
        return '';
      default:
        return frame;
    }
  }

  #start(block: unknown): void {
    if (!isObject(block)) return;
    if (isThinking(block['type'])) this.#usage.sawThinking();
    for (const text of [block['text'], block['thinking'], block['name']])
      if (typeof text === 'string') this.#context.meter.addText(text);
  }

  #end(told: unknown): void {
    this.#usage.add(told);
    const usage = this.#usage.usage();
    if (usage !== undefined) this.#context.meter.setUsage(usage);
  }
}

/** Whether the text is whole frames, each a delta of content. JSON has no bare line ends. */
function isWholeDeltas(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    if (!text.startsWith(DELTA, at)) return false;
    const end = text.indexOf('\n', at + DELTA.length);
    if (text[end - 1] !== '}' || text[end + 1] !== '\n') return false;
    at = end + 2;
  }
  return at > 0 && !text.includes('\r') && !text.includes('"error"');
}
