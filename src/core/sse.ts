// Reads server-sent events from bytes cut at any place, and writes them. Source: WHATWG HTML, section 9.2.
//
// Comments, `id`, `retry` and unknown fields are passed over, as that section says. An event of no end is refused.
import { CallError } from './errors.ts';

export type SseEvent = { readonly event: string; readonly data: string };

export class SseReader {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #maxEventChars: number;
  #rest = '';
  #event = '';
  #data: string[] = [];
  #dataChars = 0;

  constructor(maxEventChars: number) {
    this.#maxEventChars = maxEventChars;
  }

  /** The events that these bytes complete. Throws `upstream_too_large` on an event beyond the bound. */
  push(bytes: Uint8Array): SseEvent[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Whether bytes of an unfinished event are left. At the end of a stream that means it was cut. */
  get pending(): boolean {
    return this.#rest !== '' || this.#data.length > 0;
  }

  #read(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    this.#rest += text;
    let at = 0;
    for (;;) {
      const end = lineEnd(this.#rest, at);
      if (end === undefined) break;
      this.#line(this.#rest.slice(at, end.at), events);
      at = end.next;
    }
    this.#rest = this.#rest.slice(at);
    if (this.#rest.length + this.#dataChars > this.#maxEventChars) throw new CallError('upstream_too_large');
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

/** The next CR, LF or CRLF. A CR at the very end may be half of a CRLF, so it waits for more. */
function lineEnd(text: string, from: number): { at: number; next: number } | undefined {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x0a) return { at: i, next: i + 1 };
    if (c === 0x0d) {
      if (i + 1 === text.length) return undefined;
      return { at: i, next: text.charCodeAt(i + 1) === 0x0a ? i + 2 : i + 1 };
    }
  }
  return undefined;
}

/** One event whose data is one line. */
export function sseData(data: string): string {
  return `data: ${data}\n\n`;
}
