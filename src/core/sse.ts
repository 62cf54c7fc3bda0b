// Reads server-sent events from bytes cut at any place, and writes them. Source: WHATWG HTML, section 9.2.
//
// Comments, `id`, `retry` and unknown fields are passed over, as that section says. An event of no end is refused.
import { CallError } from './errors.ts';
import { endOf } from './own-copy.ts';

const LF = 0x0a;
const CR = 0x0d;

export type SseEvent = { readonly event: string; readonly data: string };

export class SseReader {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #maxEventChars: number;
  #rest = '';
  #endedInCr = false;
  #event = '';
  #data: string[] = [];
  #dataChars = 0;

  constructor(maxEventChars: number) {
    this.#maxEventChars = maxEventChars;
  }

  /**
   * The events that these bytes complete. Throws `upstream_too_large` when an unfinished event went beyond the bound
   * with the bytes before: the events that came together with its beginning are not lost.
   */
  push(bytes: Uint8Array): SseEvent[] {
    if (this.#rest.length + this.#dataChars > this.#maxEventChars) throw new CallError('upstream_too_large');
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  #read(decoded: string): SseEvent[] {
    const events: SseEvent[] = [];
    // A CR at the end of the bytes before ended its line; an LF that follows belongs to it.
    const text = this.#endedInCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    if (decoded !== '') this.#endedInCr = false;
    let at = 0;
    for (;;) {
      const end = lineEnd(text, at);
      if (end === undefined) break;
      this.#line(this.#rest + text.slice(at, end.at), events);
      this.#rest = '';
      at = end.next;
      if (at === text.length) this.#endedInCr = text.charCodeAt(at - 1) === CR;
    }
    // A line without its end is only added to and not looked into, so that one in a thousand pieces costs no more than
    // one that comes at once: a text that grows by pieces is put together when it is read.
    this.#rest += endOf(text, at);
    return events;
  }

  #line(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
      this.#dataChars = 0;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') {
      this.#data.push(value);
      this.#dataChars += value.length;
    } else if (field === 'event') this.#event = value;
  }
}

/** The next CR, LF or CRLF. */
function lineEnd(text: string, from: number): { at: number; next: number } | undefined {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === LF) return { at: i, next: i + 1 };
    if (c === CR) return { at: i, next: text.charCodeAt(i + 1) === LF ? i + 2 : i + 1 };
  }
  return undefined;
}

/** One event whose data is one line. */
export function sseData(data: string): string {
  return `data: ${data}\n\n`;
}
