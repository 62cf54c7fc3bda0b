// Merges the bytes of one piece into tokens, lowest rank first and leftmost among equals: the second half of every
// encoding.
//
// The parts are a linked list and the pairs that may merge are a binary heap, so a piece of n bytes takes n log n
// steps. The usual search of the whole piece before each merge takes n squared: a megabyte of one letter, sent to a
// public route, would stop the process for hours.
import type { Vocabulary } from './vocabulary.ts';

/** Ranks are far below 2^20 and positions below 2^32, so both fit into the 53 bits of one number, ordered by rank. */
const POSITIONS = 2 ** 32;

/** No token: the pair cannot merge, or the part was merged into the one before it. */
const NONE = -1;

const FIRST_CAPACITY = 256;

/** Holds the work space that one text's pieces share. It grows to 40 bytes for each byte of the longest piece. */
export class ByteMerger {
  readonly #vocabulary: Vocabulary;
  #bytes: Uint8Array = new Uint8Array(0);
  /** By the position where a part starts: the starts of its neighbours, and its token. */
  #next = new Int32Array(FIRST_CAPACITY + 1);
  #previous = new Int32Array(FIRST_CAPACITY + 1);
  #ids = new Int32Array(FIRST_CAPACITY);
  /** The token that the part and its right neighbour would make, or `NONE`. */
  #mergedIds = new Int32Array(FIRST_CAPACITY);
  /** A merge adds two entries at most and takes one away, so the heap stays within three for each byte. */
  #heap = new Float64Array(FIRST_CAPACITY * 3);
  #heapSize = 0;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Appends the ids of the tokens of `bytes[start..end)` to `ids`. */
  merge(bytes: Uint8Array, start: number, end: number, ids: number[]): void {
    const whole = this.#vocabulary.idOf(bytes, start, end);
    if (whole !== NONE) {
      ids.push(whole);
      return;
    }
    const piece = bytes.subarray(start, end);
    this.#bytes = piece;
    this.#reserve(piece.length);
    this.#openParts();
    while (this.#heapSize > 0) this.#mergeFirst();
    for (let at = 0; at < piece.length; at = this.#next[at] as number) ids.push(this.#ids[at] as number);
  }

  #reserve(length: number): void {
    if (length <= this.#ids.length) return;
    const capacity = Math.max(length, this.#ids.length * 2);
    this.#next = new Int32Array(capacity + 1);
    this.#previous = new Int32Array(capacity + 1);
    this.#ids = new Int32Array(capacity);
    this.#mergedIds = new Int32Array(capacity);
    this.#heap = new Float64Array(capacity * 3);
  }

  /** Makes each byte a part, and enters every pair of neighbours that can merge. */
  #openParts(): void {
    for (let at = 0; at < this.#bytes.length; at++) {
      this.#next[at] = at + 1;
      this.#previous[at] = at - 1;
      this.#ids[at] = this.#vocabulary.idOf(this.#bytes, at, at + 1);
    }
    for (let at = 0; at < this.#bytes.length; at++) this.#enterPair(at);
  }

  /** Takes the pair of lowest rank and merges it, unless an earlier merge has changed one of its parts. */
  #mergeFirst(): void {
    const entry = this.#pop();
    const at = entry % POSITIONS;
    const id = (entry - at) / POSITIONS;
    if (this.#mergedIds[at] !== id) return;
    const gone = this.#next[at] as number;
    const after = this.#next[gone] as number;
    this.#ids[at] = id;
    this.#next[at] = after;
    this.#previous[after] = at;
    this.#mergedIds[gone] = NONE;
    this.#enterPair(at);
    const before = this.#previous[at] as number;
    if (before >= 0) this.#enterPair(before);
  }

  /** Notes which token the part at `at` would make with its right neighbour, and queues that merge. */
  #enterPair(at: number): void {
    const neighbour = this.#next[at] as number;
    const id =
      neighbour < this.#bytes.length ? this.#vocabulary.idOf(this.#bytes, at, this.#next[neighbour] as number) : NONE;
    this.#mergedIds[at] = id;
    if (id !== NONE) this.#push(id * POSITIONS + at);
  }

  #push(entry: number): void {
    const heap = this.#heap;
    let at = this.#heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= entry) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): number {
    const heap = this.#heap;
    const first = heap[0] as number;
    const size = --this.#heapSize;
    const entry = heap[size] as number;
    let at = 0;
    for (let child = 1; child < size; child = at * 2 + 1) {
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
      const below = heap[child] as number;
      if (entry <= below) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = entry;
    return first;
  }
}
