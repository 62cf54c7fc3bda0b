// Cuts the bytes of a connection into one HTTP/1.1 answer, however they are split.
import { CallError } from '../../core/errors.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import type { ResponseHead, ResponseSink } from './response-head.ts';
import { badResponse, parseHead } from './response-head.ts';

/** All heads of one answer together: the interim ones (1xx) count as well. */
const HEAD_BYTES_MAX = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #isHeadRequest: boolean;
  #head: ResponseHead | undefined;
  #headBytes = 0;
  /** The beginning of a head that did not come at once. */
  #gathered: Buffer = NOTHING;
  #gatheredBytes = 0;
  #chunks: ChunkedDecoder | undefined;
  #bodyLeft = 0;
  #isComplete = false;

  constructor(sink: ResponseSink, isHeadRequest: boolean) {
    this.#sink = sink;
    this.#isHeadRequest = isHeadRequest;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  /** Answers whether bytes are left over after the end of the answer. Throws for what is no proper answer. */
  push(bytes: Buffer): boolean {
    let rest: Buffer | undefined = bytes;
    while (this.#head === undefined) {
      rest = this.#takeHead(rest);
      if (rest === undefined) return false;
    }
    return this.#takeBody(this.#head, rest);
  }

  /** The server has ended the connection in order. Throws where that is not an end of the answer. */
  end(): void {
    if (this.#head?.framing.kind !== 'close') throw new CallError('upstream_reset', { detail: 'the answer broke off' });
    this.#isComplete = true;
  }

  /** The bytes after a head, once it is whole. An interim answer (1xx) is skipped. */
  #takeHead(bytes: Buffer): Buffer | undefined {
    const before = this.#gatheredBytes;
    const all = before === 0 ? bytes : this.#gather(bytes);
    // What was gathered before has no end in it, except for the beginning of one.
    const end = all.indexOf(HEAD_END, Math.max(0, before - 3));
    if (this.#headBytes + (end < 0 ? all.length : end) > HEAD_BYTES_MAX) throw badResponse('headers are too long');
    if (end < 0) {
      if (before === 0) this.#gather(bytes);
      return undefined;
    }
    const head = parseHead(all.toString('latin1', 0, end), this.#isHeadRequest);
    this.#headBytes += end + 4;
    this.#gatheredBytes = 0;
    if (head.status === 101) throw badResponse('a switch of protocols that nobody asked for');
    if (head.status >= 200) this.#begin(head);
    return bytes.subarray(end + 4 - before);
  }

  /** Room is doubled, so that a head which trickles in byte by byte costs no more than one that comes at once. */
  #gather(bytes: Buffer): Buffer {
    const wanted = this.#gatheredBytes + bytes.length;
    if (wanted > this.#gathered.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, 2 * wanted));
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    bytes.copy(this.#gathered, this.#gatheredBytes);
    this.#gatheredBytes = wanted;
    return this.#gathered.subarray(0, wanted);
  }

  #begin(head: ResponseHead): void {
    this.#head = head;
    const { framing } = head;
    if (framing.kind === 'chunked') this.#chunks = new ChunkedDecoder();
    if (framing.kind === 'length') this.#bodyLeft = framing.length;
    this.#isComplete = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0);
    this.#sink.onHead(head);
  }

  #takeBody(head: ResponseHead, bytes: Buffer): boolean {
    if (bytes.length === 0) return false;
    if (this.#isComplete) return true;
    if (this.#chunks !== undefined) {
      const end = this.#chunks.push(bytes, 0, this.#sink);
      this.#isComplete = this.#chunks.isDone;
      return end < bytes.length;
    }
    if (head.framing.kind === 'close') {
      this.#sink.onBody(bytes);
      return false;
    }
    const body = bytes.length > this.#bodyLeft ? bytes.subarray(0, this.#bodyLeft) : bytes;
    this.#bodyLeft -= body.length;
    this.#isComplete = this.#bodyLeft === 0;
    this.#sink.onBody(body);
    return body.length < bytes.length;
  }
}
