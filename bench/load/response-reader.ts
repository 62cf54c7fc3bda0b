// Reads one HTTP/1.1 answer at a time off a raw socket, whether its length is given or it is chunked. Bytes are kept
// as Latin-1 text: one character per byte, which compares and searches fast and loses nothing.

const HEAD_MAX = 16_384;

export type Answer = { readonly status: number; readonly head: string; readonly body: string };

export class ResponseReader {
  #text = '';
  #head = '';
  #status = 0;
  #body: string[] = [];
  #mode: 'head' | 'length' | 'chunked' = 'head';
  /** Body bytes missing: of the whole body, or of the current chunk with its line end. */
  #missing = 0;

  /** Takes what was read; answers the complete answer once it is there. */
  push(text: string): Answer | undefined {
    if (this.#mode === 'head') {
      this.#text = this.#text === '' ? text : this.#text + text;
      if (!this.#readHead()) return undefined;
    } else {
      this.#text += text;
    }
    return this.#mode === 'length' ? this.#readLength() : this.#readChunks();
  }

  #readHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#text.length > HEAD_MAX) throw new Error('the head of an answer never ended');
      return false;
    }
    this.#head = this.#text.slice(0, end + 2);
    this.#status = Number(this.#head.slice(9, 12));
    this.#text = this.#text.slice(end + 4);
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1];
    if (length === undefined && !/\r\ntransfer-encoding: *chunked/i.test(this.#head))
      throw new Error(`an answer has no length: ${this.#head}`);
    this.#mode = length === undefined ? 'chunked' : 'length';
    this.#missing = Number(length ?? 0);
    return true;
  }

  #readLength(): Answer | undefined {
    if (this.#text.length < this.#missing) return undefined;
    if (this.#text.length > this.#missing) throw new Error('an answer is longer than it says');
    return this.#finish(this.#text);
  }

  #readChunks(): Answer | undefined {
    for (;;) {
      if (this.#missing > 0) {
        if (this.#text.length < this.#missing) return undefined;
        this.#body.push(this.#text.slice(0, this.#missing - 2));
        this.#text = this.#text.slice(this.#missing);
        this.#missing = 0;
      }
      const lineEnd = this.#text.indexOf('\r\n');
      if (lineEnd < 0) return undefined;
      const size = Number.parseInt(this.#text.slice(0, lineEnd), 16);
      if (Number.isNaN(size)) throw new Error('a chunk has no size');
      if (size === 0) {
        if (this.#text.length < lineEnd + 4) return undefined;
        return this.#finish(this.#body.join(''));
      }
      this.#text = this.#text.slice(lineEnd + 2);
      this.#missing = size + 2;
    }
  }

  #finish(body: string): Answer {
    const answer = { status: this.#status, head: this.#head, body };
    this.#text = '';
    this.#body = [];
    this.#mode = 'head';
    this.#missing = 0;
    return answer;
  }
}
