// Filters that are just words: found in the text in any of their forms, and through the same disguises.
//
// One pass over the words serves all filters. The words of a phrase must stand near one another in its order.

import { foldText } from './fold-text.ts';
import { ENDING_CHARS_MAX, formsOf } from './inflection.ts';
import { TextScanner } from './scan-text.ts';
import type { WordSpan } from './word-trie.ts';

const WHOLE_SCORE = 0.95;
/** A share of a phrase's words is worth less than a flag. */
const PART_SCORE = 0.4;
const PHRASE_GAP_WORDS = 3;
/** Words of the text longer than this are data, not words. */
const WORD_CHARS_MAX = 64;
/** Before any word, and further from the first one than a phrase reaches. */
const NEVER = -1000;

type FilterWord = { readonly filter: number; readonly step: number; readonly endings: ReadonlySet<string> };

/** A filter is looked for as it stands when it is not made of words: "c++", "#тег", "政治", "🔞". */
function isLiteral(folded: string): boolean {
  return /[^a-zа-яґієў0-9\s,.:;_/-]/.test(folded) || !/[a-zа-яґієў0-9]{2}/.test(folded);
}

function startKey(first: number, second: number): number {
  return first * 0x10000 + second;
}

class FreeFilterSearch {
  readonly #byStem = new Map<string, FilterWord[]>();
  /** The first two letters of all stems: most words of a text are refused by them at once. */
  readonly #starts = new Set<number>();
  readonly #lengths: number[] = [];
  readonly #ends: Int32Array[] = [];
  readonly #found: Set<number>[] = [];
  readonly #whole = new Set<number>();

  constructor(filters: readonly string[]) {
    filters.forEach((filter, index) => {
      const words = filter.match(/[a-zа-яґієў0-9]+/g) ?? [];
      this.#lengths.push(words.length);
      this.#ends.push(new Int32Array(words.length).fill(NEVER));
      this.#found.push(new Set());
      words.forEach((word, step) => {
        this.#addWord(word, { filter: index, step });
      });
    });
  }

  read(word: WordSpan, position: number): void {
    const { codes, start, end } = word;
    if (end - start > WORD_CHARS_MAX) return;
    if (!this.#starts.has(startKey(codes[start] as number, end - start > 1 ? (codes[start + 1] as number) : 0))) return;
    const text = String.fromCharCode(...codes.subarray(start, end));
    for (let cut = 0; cut <= Math.min(ENDING_CHARS_MAX, text.length - 1); cut++) {
      const matches = this.#byStem.get(text.slice(0, text.length - cut));
      if (matches === undefined) continue;
      const ending = text.slice(text.length - cut);
      for (const match of matches) if (match.endings.has(ending)) this.#step(match, position);
    }
  }

  scores(): number[] {
    return this.#lengths.map((length, i) => {
      if (this.#whole.has(i)) return WHOLE_SCORE;
      const share = (this.#found[i]?.size ?? 0) / Math.max(1, length);
      return Math.round(PART_SCORE * share * 10_000) / 10_000;
    });
  }

  #addWord(word: string, at: { readonly filter: number; readonly step: number }): void {
    for (const { stem, endings } of formsOf(word)) {
      const words = this.#byStem.get(stem) ?? [];
      words.push({ ...at, endings });
      this.#byStem.set(stem, words);
      this.#starts.add(startKey(stem.charCodeAt(0), stem.length > 1 ? stem.charCodeAt(1) : 0));
    }
  }

  #step({ filter, step }: FilterWord, position: number): void {
    const ends = this.#ends[filter] as Int32Array;
    this.#found[filter]?.add(step);
    const distance = step === 0 ? 0 : position - (ends[step - 1] as number);
    if (step > 0 && (distance < 1 || distance > PHRASE_GAP_WORDS)) return;
    ends[step] = position;
    if (step === ends.length - 1) this.#whole.add(filter);
  }
}

/** A score for each filter, in their order. */
export function scoreFreeFilters(text: string, codes: Uint16Array, filters: readonly string[]): number[] {
  const folded = filters.map((filter) => String.fromCharCode(...foldText(filter)).trim());
  const search = new FreeFilterSearch(folded.map((filter) => (isLiteral(filter) ? '' : filter)));
  new TextScanner(codes, (word, _reading, position) => search.read(word, position)).scan();
  const scores = search.scores();
  const plain = text.normalize('NFKC').toLowerCase();
  return folded.map((filter, i) => {
    if (!isLiteral(filter)) return scores[i] ?? 0;
    const literal = (filters[i] as string).normalize('NFKC').toLowerCase().trim();
    return literal !== '' && plain.includes(literal) ? WHOLE_SCORE : 0;
  });
}
