// Splits folded text into words and into the disguised readings of them.
//
// One pass. A word is a run of letters and digits. Besides each word as it stands, the scanner offers what a reader
// makes of it: another script's letters and digits read as letters ("xyй", "п0рн0"), signs read as letters ("$ex"),
// parts joined over punctuation ("пор-но"), letters spelled apart ("п о р н о") and letters masked ("ф*к").
// Words split by a plain blank ("пор но") are not joined: too many honest neighbours would be.

import { CLASS_OF, CYRILLIC, DIGIT, LATIN, REPEATS_MAX, SEPARATOR } from './fold-text.ts';
import { AS_CYRILLIC, AS_LATIN, AS_LATIN_L, DRAWN_CYRILLIC, LETTER_SIGNS } from './look-alikes.ts';
import { WILDCARD, type WordSpan } from './word-trie.ts';

/** How a reading came about. `joined` words were parts, `apart` is a run of single letters, `drawn` is all Latin. */
export type Reading = 'plain' | 'respelled' | 'joined' | 'apart' | 'drawn' | 'masked';

/** Told of every reading. `position` counts words; it jumps at the end of a sentence. `firstPartEnd` is for `joined`. */
export type ReadWord = (word: WordSpan, reading: Reading, position: number, firstPartEnd: number) => void;

/** Longer chunks between blanks are addresses, code or data, and are not read as one disguised word. */
const CHUNK_CHARS_MAX = 48;
const APART_LETTERS_MIN = 3;
const MASKED_LETTERS_MIN = 2;
/** A mask is tried against all letters, which is dear. Masked words beyond this many in one text are not read. */
const MASKED_WORDS_MAX = 2_000;
const MASKS_IN_WORD_MAX = 4;
/** No rule looks further than this, so that none reaches over the end of a sentence. */
export const SENTENCE_JUMP = 20;

function codeSet(signs: string): Uint8Array {
  const set = new Uint8Array(0x10000);
  for (const sign of signs) set[sign.charCodeAt(0)] = 1;
  return set;
}

const SIGNS = codeSet(LETTER_SIGNS);
const MASKS = codeSet('*#%');
const SENTENCE_ENDS = codeSet('.!?;…。！？');
const NEWLINE = 0x0a;
const BLANK = 0x20;

export class TextScanner {
  readonly #codes: Uint16Array;
  readonly #read: ReadWord;
  readonly #apart: Uint16Array;
  #apartLength = 0;
  #position = 0;
  #maskedWords = 0;

  constructor(codes: Uint16Array, read: ReadWord) {
    this.#codes = codes;
    this.#read = read;
    this.#apart = new Uint16Array(codes.length);
  }

  scan(): void {
    const codes = this.#codes;
    let i = 0;
    while (i < codes.length) {
      const code = codes[i] as number;
      if (code === BLANK || code === NEWLINE) {
        if (code === NEWLINE && codes[i + 1] === NEWLINE) this.#position += SENTENCE_JUMP;
        i++;
        continue;
      }
      let end = i + 1;
      while (end < codes.length && codes[end] !== BLANK && codes[end] !== NEWLINE) end++;
      this.#readChunk(i, end);
      i = end;
    }
    this.#readApart();
  }

  /** One run between blanks: its words, then its disguises. */
  #readChunk(start: number, end: number): void {
    let words = 0;
    let letters = 0;
    let firstEnd = end;
    let first = start;
    let longest = 0;
    for (let i = start; i < end; ) {
      if (CLASS_OF[this.#codes[i] as number] === SEPARATOR) {
        i++;
        continue;
      }
      const wordStart = i;
      while (i < end && CLASS_OF[this.#codes[i] as number] !== SEPARATOR) i++;
      if (words++ === 0) {
        firstEnd = i;
        first = wordStart;
      }
      letters += i - wordStart;
      longest = Math.max(longest, i - wordStart);
      this.#readWord(wordStart, i);
    }
    if (end - start <= CHUNK_CHARS_MAX && letters >= 2 && (longest > 1 || letters <= 2)) {
      if (letters < end - start) this.#readDisguises(start, end, words, firstEnd - first);
    }
    if (SENTENCE_ENDS[this.#codes[end - 1] as number] === 1) this.#position += SENTENCE_JUMP;
  }

  #readWord(start: number, end: number): void {
    this.#position++;
    const first = this.#codes[start] as number;
    if (end - start > 1) this.#readApart();
    else if (repeatsAllow(this.#apart, this.#apartLength, first)) this.#apart[this.#apartLength++] = first;
    const word = { codes: this.#codes, start, end };
    this.#read(word, 'plain', this.#position, end);
    const classes = classesOf(word);
    if (classes === CYRILLIC || classes === DIGIT) return;
    if (classes === LATIN) this.#offer(respell(word, DRAWN_CYRILLIC, true), 'drawn');
    else if (lettersLead(word)) this.#respell(word, 'respelled', end);
  }

  /** The letters spelled one by one so far, if they make a word's length. */
  #readApart(): void {
    const length = this.#apartLength;
    this.#apartLength = 0;
    if (length < APART_LETTERS_MIN) return;
    const word = { codes: this.#apart.slice(0, length), start: 0, end: length };
    const classes = classesOf(word);
    if (classes === CYRILLIC || classes === LATIN) this.#read(word, 'apart', this.#position, length);
    else if (lettersLead(word)) this.#respell(word, 'apart', length);
  }

  #readDisguises(start: number, end: number, words: number, firstLength: number): void {
    const codes = this.#codes;
    let signs = 0;
    let masks = 0;
    for (let i = start; i < end; i++) {
      const code = codes[i] as number;
      if (SIGNS[code] === 1 && (i + 1 < end || code === 0x24)) signs++;
      if (MASKS[code] === 1) masks++;
    }
    if (words > 1)
      this.#readSelected({ codes, start, end }, (code) => CLASS_OF[code] !== SEPARATOR, 'joined', firstLength);
    if (signs > 0)
      this.#readSelected(
        { codes, start, end },
        (code) => CLASS_OF[code] !== SEPARATOR || SIGNS[code] === 1,
        'respelled',
        0,
      );
    if (masks > 0) this.#readMasked(start, end);
  }

  /** The chosen code units of a chunk as one word. */
  #readSelected(chunk: WordSpan, chosen: (code: number) => boolean, reading: Reading, firstLength: number): void {
    const picked = chunk.codes.subarray(chunk.start, chunk.end).filter(chosen);
    const word = { codes: picked, start: 0, end: picked.length };
    const classes = classesOf(word);
    if (classes === CYRILLIC || classes === LATIN) this.#read(word, reading, this.#position, firstLength);
    else if (lettersLead(word)) this.#respell(word, reading, firstLength);
  }

  #readMasked(start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && CLASS_OF[this.#codes[from] as number] === SEPARATOR) from++;
    while (to > from && CLASS_OF[this.#codes[to - 1] as number] === SEPARATOR) to--;
    const masked = new Uint16Array(to - from);
    let letters = 0;
    for (let i = from; i < to; i++) {
      const code = this.#codes[i] as number;
      if (CLASS_OF[code] !== SEPARATOR) letters++;
      else if (MASKS[code] === 0) return;
      masked[i - from] = CLASS_OF[code] === SEPARATOR ? WILDCARD : code;
    }
    const word = { codes: masked, start: 0, end: masked.length };
    const masks = masked.length - letters;
    if (letters < MASKED_LETTERS_MIN || masks === 0 || masks > MASKS_IN_WORD_MAX) return;
    if (this.#maskedWords++ < MASKED_WORDS_MAX) this.#respell(word, 'masked', 0);
  }

  #respell(word: WordSpan, reading: Reading, firstPartEnd: number): void {
    const latin = respell(word, AS_LATIN, false);
    this.#offer(respell(word, AS_CYRILLIC, false), reading, firstPartEnd);
    this.#offer(latin, reading, firstPartEnd);
    const otherLatin = respell(word, AS_LATIN_L, false);
    if (latin !== undefined && otherLatin !== undefined && !equal(latin, otherLatin)) {
      this.#offer(otherLatin, reading, firstPartEnd);
    }
  }

  #offer(codes: Uint16Array | undefined, reading: Reading, firstPartEnd = 0): void {
    if (codes === undefined) return;
    this.#read({ codes, start: 0, end: codes.length }, reading, this.#position, firstPartEnd);
  }
}

function classesOf(word: WordSpan): number {
  let classes = 0;
  for (let i = word.start; i < word.end; i++) {
    const code = word.codes[i] as number;
    classes |= CLASS_OF[code] === SEPARATOR ? DIGIT : (CLASS_OF[code] as number);
  }
  return classes;
}

/** More letters than digits and signs: "s3x" is a word, "3x5" and "100%" are not. */
function lettersLead(word: WordSpan): boolean {
  let letters = 0;
  for (let i = word.start; i < word.end; i++) {
    const kind = CLASS_OF[word.codes[i] as number] as number;
    if (kind === LATIN || kind === CYRILLIC) letters++;
  }
  return letters * 2 > word.end - word.start;
}

/** The word in another script's letters, or nothing where one of them has no such reading. */
function respell(word: WordSpan, table: Uint16Array, cheaply: boolean): Uint16Array | undefined {
  if (cheaply && word.end - word.start > CHUNK_CHARS_MAX) return undefined;
  for (let i = word.start; i < word.end; i++) if (table[word.codes[i] as number] === 0) return undefined;
  const codes = new Uint16Array(word.end - word.start);
  let length = 0;
  for (let i = word.start; i < word.end; i++) {
    const code = table[word.codes[i] as number] as number;
    if (repeatsAllow(codes, length, code)) codes[length++] = code;
  }
  return codes.subarray(0, length);
}

/** Folding did not see these letters as equal neighbours, so that repeats are cut again: matching relies on it. */
function repeatsAllow(codes: Uint16Array, length: number, code: number): boolean {
  if (code === WILDCARD) return true;
  for (let back = 1; back <= REPEATS_MAX; back++) if (back > length || codes[length - back] !== code) return true;
  return false;
}

function equal(left: Uint16Array, right: Uint16Array): boolean {
  return left.every((code, i) => code === right[i]);
}
