// The chunked coding of HTTP/1.1, byte by byte where it must be: sizes and line ends are strict, extensions and
// trailers are skipped within bounds.
import { badResponse } from './response-head.ts';

const SIZE_DIGITS_MAX = 8;
const EXTENSION_BYTES_MAX = 1024;
const TRAILER_BYTES_MAX = 16 * 1024;

const CR = 13;
const LF = 10;

type Step = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'trailer-lf' | 'done';

export class ChunkedDecoder {
  #step: Step = 'size';
  #size = 0;
  #digits = 0;
  /** Bytes of extensions or trailers that were skipped. */
  #skipped = 0;
  #trailerLineBytes = 0;

  get isDone(): boolean {
    return this.#step === 'done';
  }

  /** Hands over what is body and answers the index after the last byte that belongs to it. */
  push(bytes: Buffer, from: number, sink: { onBody(bytes: Buffer): void }): number {
    let at = from;
    while (at < bytes.length && this.#step !== 'done') {
      if (this.#step === 'data') {
        const end = Math.min(bytes.length, at + this.#size);
        sink.onBody(bytes.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#step = 'data-cr';
      } else {
        this.#byte(bytes[at] as number);
        at += 1;
      }
    }
    return at;
  }

  #byte(byte: number): void {
    switch (this.#step) {
      case 'size':
        this.#sizeByte(byte);
        return;
      case 'extension':
        if (byte === CR) this.#step = 'size-lf';
        else this.#skip(byte, EXTENSION_BYTES_MAX);
        return;
      case 'size-lf':
        this.#expect(byte, LF, this.#size === 0 ? 'trailer' : 'data');
        this.#digits = 0;
        this.#skipped = 0;
        return;
      case 'data-cr':
        this.#expect(byte, CR, 'data-lf');
        return;
      case 'data-lf':
        this.#expect(byte, LF, 'size');
        return;
      case 'trailer':
        this.#trailerByte(byte);
        return;
      default:
        this.#expect(byte, LF, this.#trailerLineBytes === 0 ? 'done' : 'trailer');
        this.#trailerLineBytes = 0;
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS_MAX) throw badResponse('a chunk size that is too large');
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw badResponse('a chunk without a size');
    if (byte === CR) this.#step = 'size-lf';
    // A semicolon begins an extension; some servers pad sizes with spaces.
    else if (byte === 59 || byte === 32 || byte === 9) this.#step = 'extension';
    else throw badResponse('a chunk size that is no number');
  }

  #trailerByte(byte: number): void {
    if (byte === CR) {
      this.#step = 'trailer-lf';
      return;
    }
    this.#trailerLineBytes += 1;
    this.#skip(byte, TRAILER_BYTES_MAX);
  }

  #skip(byte: number, max: number): void {
    this.#skipped += 1;
    if (byte === LF || this.#skipped > max) throw badResponse('a chunk extension or trailer that is too long or stray');
  }

  #expect(byte: number, wanted: number, next: Step): void {
    if (byte !== wanted) throw badResponse('a chunk that does not end where it said');
    this.#step = next;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
