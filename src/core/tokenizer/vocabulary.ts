// One encoding's vocabulary: the bytes of each token by id, and the id of given bytes.
//
// It is two flat arrays and a hash table of numbers: 4.3 MB for the 200 000 tokens of o200k_base, where a map of
// strings takes 18 MB. In these encodings a token's id is also its rank: of two pairs that could merge, the one whose
// merged token has the lower id goes first.

export type Vocabulary = {
  /** The id of the token that is exactly these bytes, or -1. */
  idOf(bytes: Uint8Array, start: number, end: number): number;
  /** The token as text. A token that is not whole UTF-8 has U+FFFD in place of what is broken. */
  pieceOf(id: number): string;
};

/** A slot of the hash table that holds no token. */
const EMPTY = -1;

/** Slots of the hash table for each token, so that a look-up of absent bytes soon meets an empty slot. */
const SLOTS_PER_TOKEN = 2;

class PackedVocabulary implements Vocabulary {
  readonly #bytes: Uint8Array;
  /** Token `id` is `bytes[starts[id]]` up to `bytes[starts[id + 1]]`. An id that is not in use has no bytes. */
  readonly #starts: Uint32Array;
  readonly #slots: Int32Array;
  readonly #longest: number;
  /** Filled as tokens are shown, so it never has more entries than the vocabulary. */
  readonly #pieces = new Map<number, string>();
  // The byte order mark is a token like any other and must not be swallowed.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(bytes: Uint8Array, starts: Uint32Array) {
    this.#bytes = bytes;
    this.#starts = starts;
    const tokens = starts.length - 1;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(tokens * SLOTS_PER_TOKEN))).fill(EMPTY);
    let longest = 0;
    for (let id = 0; id < tokens; id++) longest = Math.max(longest, this.#insert(id));
    this.#longest = longest;
  }

  idOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.#longest) return EMPTY;
    const mask = this.#slots.length - 1;
    for (let slot = hash(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] as number;
      if (id === EMPTY || this.#equals(id, bytes, start, end)) return id;
    }
  }

  pieceOf(id: number): string {
    const known = this.#pieces.get(id);
    if (known !== undefined) return known;
    const piece = this.#decoder.decode(this.#bytes.subarray(this.#starts[id], this.#starts[id + 1]));
    this.#pieces.set(id, piece);
    return piece;
  }

  /** Puts a token into the hash table and answers its length. */
  #insert(id: number): number {
    const start = this.#starts[id] as number;
    const end = this.#starts[id + 1] as number;
    if (start === end) return 0;
    const mask = this.#slots.length - 1;
    let slot = hash(this.#bytes, start, end) & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = id;
    return end - start;
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[id] as number;
    if ((this.#starts[id + 1] as number) - from !== end - start) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== this.#bytes[from + i - start]) return false;
    return true;
  }
}

/** FNV-1a. The table is fixed, so text made to collide costs a few comparisons and no more. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * Reads the packed ranks of the `js-tiktoken` package: lines of a mark, the id of the line's first token, and the
 * line's tokens in order, each in base64.
 */
export function parseVocabulary(ranks: string): Vocabulary {
  // Base64 text is longer than its bytes, and each token has at least four characters of it.
  const bytes = new Uint8Array(ranks.length);
  const starts = new Uint32Array(ranks.length >> 2);
  let length = 0;
  let id = 0;
  for (const line of ranks.split('\n')) {
    const [, firstId, ...tokens] = line.split(' ');
    // Ids that no line names are left as tokens of no bytes.
    for (const first = Number(firstId); id < first; id++) starts[id + 1] = length;
    for (const token of tokens) {
      const binary = atob(token);
      for (let i = 0; i < binary.length; i++) bytes[length++] = binary.charCodeAt(i);
      starts[++id] = length;
    }
  }
  return new PackedVocabulary(bytes.slice(0, length), starts.slice(0, id + 1));
}
