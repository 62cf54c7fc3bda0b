// The body of an answer, between the connection that brings it and the reader who takes it at its own pace.
import { CallError } from '../../core/errors.ts';

/** With more than this untaken the connection is not read from. */
const UNTAKEN_BYTES_MAX = 16 * 1024;
/** A reader gets no more at once, so that what waits for a slow client is a part of one read and not several reads. */
const PIECE_BYTES_MAX = 16 * 1024;

/** What a body asks of its connection. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Nothing more is wanted: the connection is broken off at once. */
  cancel(): void;
  /** Nothing more is wanted, but the answer is about to end by itself, and then the connection can be used again. */
  linger(): void;
}

export class Body {
  readonly #source: BodySource;
  #untaken: Buffer[] = [];
  #untakenBytes = 0;
  #isHeld = false;
  #isPaused = false;
  #isEnded = false;
  #isDropped = false;
  #error: unknown;
  #onChange: (() => void) | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  // For the connection.

  add(bytes: Buffer): void {
    if (this.#isDropped) return;
    this.#untaken.push(bytes);
    this.#untakenBytes += bytes.length;
  }

  end(): void {
    this.#isEnded = true;
  }

  /** What came before a break is still read; after an abort (`drop`) nothing is. */
  fail(error: unknown, drop = false): void {
    if (this.#isEnded && !drop) return;
    this.#error ??= error;
    if (drop) this.#drop();
    this.handOver();
  }

  /** Tells the reader that there is something new, then sees that not too much gathers. */
  handOver(): void {
    this.#onChange?.();
    this.#pace();
  }

  // For the reader.

  /** Called from the socket's own callback after bytes, the end or a failure have come. There is one listener. */
  set onChange(listener: (() => void) | undefined) {
    this.#onChange = listener;
  }

  /** Whether nothing more will come after what can be taken now. Throws when the answer broke off or was aborted. */
  get isEnded(): boolean {
    if (this.#untakenBytes > 0) return false;
    if (this.#error !== undefined) throw this.#error;
    return this.#isEnded;
  }

  /** Whether nobody is to read any more: the answer was aborted. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** The next bytes, `undefined` at the end. One read at a time. Throws when the answer breaks off or is aborted. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const bytes = this.take();
      if (bytes !== undefined || this.isEnded) return bytes;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
      this.#onChange = undefined;
    }
  }

  /** What is there now, without waiting; `undefined` if nothing is. */
  take(): Buffer | undefined {
    const first = this.#untaken[0];
    if (first === undefined) return undefined;
    const all = this.#untaken.length === 1 ? first : Buffer.concat(this.#untaken, this.#untakenBytes);
    const piece = all.length > PIECE_BYTES_MAX ? all.subarray(0, PIECE_BYTES_MAX) : all;
    this.#untaken.length = 0;
    if (piece !== all) this.#untaken.push(all.subarray(PIECE_BYTES_MAX));
    this.#untakenBytes -= piece.length;
    this.#pace();
    return piece;
  }

  /** The reader has no room, perhaps for long: nothing more is read, and what was read takes no more than its own size. */
  hold(): void {
    this.#isHeld = true;
    this.#pace();
    const [first] = this.#untaken;
    if (first === undefined || first.buffer.byteLength === this.#untakenBytes) return;
    this.#untaken = [Buffer.concat(this.#untaken, this.#untakenBytes)];
  }

  /** The reader has room again. */
  release(): void {
    this.#isHeld = false;
    this.#pace();
  }

  /** The whole body as text. Throws `upstream_too_large` beyond the bound. */
  async text(bytesMax: number): Promise<string> {
    return decodeText(await this.bytes(bytesMax));
  }

  /** The whole body; `onBytes` is told of each arrival. Throws `upstream_too_large` beyond the bound. */
  async bytes(bytesMax: number, onBytes?: () => void): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const piece = this.take() ?? (await this.read());
      if (piece === undefined) break;
      bytes += piece.length;
      onBytes?.();
      if (bytes > bytesMax) {
        this.cancel();
        throw new CallError('upstream_too_large');
      }
      pieces.push(piece);
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, bytes);
  }

  cancel(): void {
    this.fail(new CallError('upstream_reset', { detail: 'cancelled by us' }), true);
    this.#source.cancel();
  }

  linger(): void {
    this.#drop();
    this.#source.linger();
  }

  /** Has the connection read from or not, as there is room for what it brings. */
  #pace(): void {
    const isPaused = !this.#isEnded && (this.#isHeld || this.#untakenBytes > UNTAKEN_BYTES_MAX);
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#source.pause();
    else this.#source.resume();
  }

  #drop(): void {
    this.#isDropped = true;
    this.#untaken = [];
    this.#untakenBytes = 0;
  }
}

/** UTF-8 as text, without a byte order mark, as `Response.text()` does it. */
export function decodeText(bytes: Buffer): string {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}
