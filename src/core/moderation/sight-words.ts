// Which symbols of the lexicon stand at which words of a text.

import type { Lexicon } from './lexicon.ts';
import { type Reading, TextScanner } from './scan-text.ts';
import type { WordSpan } from './word-trie.ts';

/** Symbols by where they were seen, in the order of the text. The two arrays run in parallel. */
export type Sightings = { readonly symbols: readonly number[]; readonly positions: readonly number[] };

/** A stem inside a run of letters spelled apart has no word boundary to vouch for it, so it must be this long. */
const APART_STEM_CHARS_MIN = 4;

class WordSighter {
  readonly symbols: number[] = [];
  readonly positions: number[] = [];
  readonly #lexicon: Lexicon;
  #disguised = false;

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
  }

  read(word: WordSpan, reading: Reading, position: number, firstPartEnd: number): void {
    const before = this.symbols.length;
    this.#disguised = reading !== 'plain';
    if (reading === 'apart') this.#readApart(word, position);
    else if (reading === 'drawn' || reading === 'masked') {
      this.#lexicon.disguised.find(word, (symbol) => this.#see(symbol, position));
    } else if (reading === 'joined') {
      this.#lexicon.leading.find(word, (symbol, stemEnd) => {
        if (stemEnd - word.start > firstPartEnd) this.#see(symbol, position);
      });
    } else this.#readWhole(word, position);
    if (this.symbols.length > before && this.#isClean(word)) {
      this.symbols.length = before;
      this.positions.length = before;
    }
  }

  #readWhole(word: WordSpan, position: number): void {
    const see = (symbol: number) => this.#see(symbol, position);
    this.#lexicon.leading.find(word, see);
    const { codes, end } = word;
    for (let start = word.start; start < end; start++) {
      if (this.#lexicon.anywhere.begins(codes[start] as number))
        this.#lexicon.anywhere.find({ codes, start, end }, see);
    }
  }

  #readApart(word: WordSpan, position: number): void {
    const { codes, end } = word;
    for (let start = 0; start < end; start++) {
      const span = { codes, start, end };
      const see = (symbol: number, stemEnd: number) => {
        const whole = start === 0 && stemEnd === end;
        if (whole || stemEnd - start >= APART_STEM_CHARS_MIN) this.#see(symbol, position);
      };
      this.#lexicon.leading.find(span, see);
      this.#lexicon.anywhere.find(span, see);
    }
  }

  #isClean(word: WordSpan): boolean {
    let clean = false;
    this.#lexicon.clean.find(word, () => {
      clean = true;
    });
    return clean;
  }

  /** A symbol is seen once at a word, however many of its stems fit. */
  #see(stemSymbol: number, position: number): void {
    const symbol = this.#disguised ? (this.#lexicon.disguiseOf.get(stemSymbol) ?? stemSymbol) : stemSymbol;
    for (let i = this.symbols.length - 1; i >= 0 && this.positions[i] === position; i--) {
      if (this.symbols[i] === symbol) return;
    }
    this.symbols.push(symbol);
    this.positions.push(position);
  }
}

export function sightWords(codes: Uint16Array, lexicon: Lexicon): Sightings {
  const sighter = new WordSighter(lexicon);
  new TextScanner(codes, (word, reading, position, firstPartEnd) => {
    sighter.read(word, reading, position, firstPartEnd);
  }).scan();
  return sighter;
}
