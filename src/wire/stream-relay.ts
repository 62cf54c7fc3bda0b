// Passes a vendor's stream on byte for byte while watching it. What a family's frames look like and mean is told by the
// classes that extend this one; how they are cut, counted and bounded is the same for all.
//
// This is the hot path of streaming. Bytes that hold only whole, ordinary frames are forwarded untouched after a few
// substring searches. For these they are read as one character for each byte: what is looked for is ASCII, which no
// longer character of UTF-8 has a byte of, and such text is made and searched in half the time. A frame that differs from
// the last one in nothing but what a model said, as most do, is not even searched. Everything else takes the slow path,
// which decodes, cuts the text into frames and parses those.
import type { AnswerStream, RelayContext } from '../core/answer-stream.ts';
import { CallError, toCallError } from '../core/errors.ts';
import type { Span } from '../core/json-guard.ts';
import { endOfString } from '../core/json-guard.ts';
import type { SseEvent } from '../core/sse.ts';
import { SseReader } from '../core/sse.ts';
import { FrameCutter } from './stream-frames.ts';

/** What the relay needs to know of a family's ordinary frames. */
export type FrameShape = {
  /** How each begins, up to the brace that opens its data. */
  readonly start: string;
  /** The ends of the names, with what follows them, whose text a model made. */
  readonly delivered: readonly string[];
};

export abstract class StreamRelay implements AnswerStream {
  protected readonly context: RelayContext;
  readonly #shape: FrameShape;
  readonly #maxEventChars: number;
  readonly #decoder = new TextDecoder('utf-8');
  readonly #frames = new FrameCutter();
  readonly #likeness = new Likeness();
  #isComplete = false;
  #fault: CallError | undefined;

  constructor(shape: FrameShape, context: RelayContext, maxEventChars: number) {
    this.#shape = shape;
    this.context = context;
    this.#maxEventChars = maxEventChars;
  }

  abstract end(): string;
  abstract error(error: CallError): string;

  /** Whether whole frames of the family's shape hold nothing that the money or the ending depends on. */
  protected abstract isPlain(text: string): boolean;

  /** What the client gets of one frame, which is either the frame itself or nothing. Throws what an error event means. */
  protected abstract read(event: SseEvent, frame: string): string;

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get fault(): CallError | undefined {
    return this.#fault;
  }

  push(bytes: Uint8Array): Uint8Array | string {
    // Where no frame is begun the decoder has no part of a character either.
    if (this.#frames.length === 0) {
      const text = bytesAsText(bytes);
      const said = this.#likeness.find(text);
      if (said !== undefined) {
        this.context.meter.addText(decodedText(said));
        return bytes;
      }
      if (this.#isOrdinary(text)) {
        this.#likeness.remember(text, this.#count(text, decodedText));
        return bytes;
      }
    }
    return this.#pushFrames(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The provider has said that the answer is complete. */
  protected complete(): void {
    this.#isComplete = true;
  }

  /** Counts the text that a model made. */
  protected count(text: string): void {
    this.#count(text, asItIs);
  }

  /**
   * Searching for substrings costs a quarter of one regular expression.
   *
   * @returns where what a model said begins and ends, if there is one such text.
   */
  #count(text: string, decode: (text: string) => string): Span | undefined {
    let only: Span | undefined;
    let found = 0;
    for (const name of this.#shape.delivered) {
      for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
        at += name.length;
        if (text[at] === ' ') at += 1;
        if (text[at] !== '"') continue;
        const end = endOfString(text, at);
        const escaped = decode(text.slice(at + 1, end));
        this.context.meter.addText(escaped.includes('\\') ? unescapeJson(escaped) : escaped);
        only = { start: at + 1, end };
        found += 1;
        at = end;
      }
    }
    return found === 1 ? only : undefined;
  }

  #isOrdinary(text: string): boolean {
    return (
      isWholeFrames(text, this.#shape.start) && !text.includes('"error"') && !text.includes('\r') && this.isPlain(text)
    );
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

  /** A vendor's comments and empty events are not passed on: several clients choke on them. */
  #frame(frame: string): string {
    const event = new SseReader(this.#maxEventChars).push(new TextEncoder().encode(frame))[0];
    return event === undefined || event.data === '' ? '' : this.read(event, frame);
  }
}

/** What stands around the text of an ordinary frame. The frames of one stream have the same around theirs. */
class Likeness {
  #before = '';
  #after = '';

  /** The text of a frame that has the same around it as the one that is remembered; `undefined` where it has not. */
  find(text: string): string | undefined {
    const end = text.length - this.#after.length;
    if (this.#before === '' || end < this.#before.length) return undefined;
    if (!text.startsWith(this.#before) || !text.endsWith(this.#after)) return undefined;
    const said = text.slice(this.#before.length, end);
    // A quote would end the text, and a line's end the frame.
    return MARKS.test(said) ? undefined : said;
  }

  remember(text: string, said: Span | undefined): void {
    const isOne = text.length <= LIKE_CHARS_MAX && text.indexOf('\n\n') === text.length - 2;
    if (said === undefined || !isOne) return;
    this.#before = text.slice(0, said.start);
    this.#after = text.slice(said.end);
  }
}

/** Frames are rarely longer, and what is remembered lies in memory for as long as the stream. */
const LIKE_CHARS_MAX = 4_096;
const MARKS = /["\\\r\n]/;

/** One character for each byte. */
function bytesAsText(bytes: Uint8Array): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('latin1');
}

const NOT_ASCII = /[^\0-\x7f]/;

/** What `bytesAsText` made of UTF-8. */
function decodedText(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

const asItIs = (text: string): string => text;

/** Whether the text is frames that begin so and end with the brace of an object. JSON has no bare line ends. */
function isWholeFrames(text: string, start: string): boolean {
  let at = 0;
  while (at < text.length) {
    if (!text.startsWith(start, at)) return false;
    const end = text.indexOf('\n', at + start.length);
    if (text[end - 1] !== '}' || text[end + 1] !== '\n') return false;
    at = end + 2;
  }
  return at > 0;
}

/** The text of a JSON string without its quotes; what is no such text is answered as it is. */
function unescapeJson(escaped: string): string {
  try {
    const text: unknown = JSON.parse(`"${escaped}"`);
    return typeof text === 'string' ? text : '';
  } catch {
    return escaped;
  }
}
