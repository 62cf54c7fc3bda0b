// From what was seen in a text to a score for every subject: sequences first, then one number from many weights.

import { SUBJECTS } from './categories.ts';
import type { Lexicon, Sequence } from './lexicon.ts';
import type { Sightings } from './sight-words.ts';

/** How far a rule looks around itself for a word that makes it void. */
const UNLESS_WORDS = 3;
/** A second sign adds half of what it would say alone. */
const FURTHER_SIGN_SHARE = 0.5;
/** Signs below this are the ordinary words of a subject; however many there are, they flag nothing. */
const WEAK_WEIGHT = 0.3;
const WEAK_SCORE_MAX = 0.45;
const SCORE_MAX = 0.99;

/** Before any word, and further from the first one than any rule reaches. */
const NEVER = -1000;

class SightingWalk {
  readonly seen: Uint8Array;
  readonly #lexicon: Lexicon;
  readonly #sightings: Sightings;
  /** Where each step of each sequence was last seen to begin and to end. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** The tags of all words of the text, wherever they stand. */
  readonly #present: ReadonlySet<number>;
  #index = 0;

  constructor(sightings: Sightings, lexicon: Lexicon) {
    this.#sightings = sightings;
    this.#lexicon = lexicon;
    this.#present = new Set([...new Set(sightings.symbols)].flatMap((symbol) => [...(lexicon.tagsOf[symbol] ?? [])]));
    this.seen = new Uint8Array(lexicon.symbols.length);
    this.#starts = new Int32Array(lexicon.stepCount);
    this.#ends = new Int32Array(lexicon.stepCount).fill(NEVER);
  }

  walk(): void {
    const { symbols, positions } = this.#sightings;
    for (this.#index = 0; this.#index < symbols.length; this.#index++) {
      const position = positions[this.#index] as number;
      this.#emit(symbols[this.#index] as number, position, position);
    }
  }

  /** A symbol was seen over the words from `start` to `end`. */
  #emit(symbol: number, start: number, end: number): void {
    const known = this.#lexicon.symbols[symbol];
    if (known === undefined) return;
    this.seen[symbol] = 1;
    const { implies, stepOf } = known;
    for (let i = 0; i < implies.length; i++) this.#emit(implies[i] as number, start, end);
    for (let i = 0; i < stepOf.length; i += 2) this.#advance(stepOf[i] as number, stepOf[i + 1] as number, start, end);
  }

  #advance(index: number, step: number, start: number, end: number): void {
    const sequence = this.#lexicon.sequences[index] as Sequence;
    const at = sequence.firstStep + step;
    let from = start;
    if (step > 0) {
      const distance = start - (this.#ends[at - 1] as number);
      if (distance < 1 || distance > sequence.gap) return;
      from = this.#starts[at - 1] as number;
    }
    this.#starts[at] = from;
    this.#ends[at] = end;
    if (step < sequence.stepCount - 1 || this.#isSettled(sequence.result)) return;
    if (!this.#isVoid(sequence, from, end)) this.#emit(sequence.result, from, end);
  }

  /** Whether seeing this symbol again could change nothing. */
  #isSettled(symbol: number): boolean {
    const known = this.#lexicon.symbols[symbol];
    return this.seen[symbol] === 1 && known?.implies.length === 0 && known.stepOf.length === 0;
  }

  #isVoid({ unless, unlessNegated }: Sequence, start: number, end: number): boolean {
    const { negation } = this.#lexicon;
    if (unlessNegated && this.#stands(negation, start - 1, end)) return true;
    for (const tag of unless) if (this.#stands(tag, start - UNLESS_WORDS, end + UNLESS_WORDS)) return true;
    return false;
  }

  /** Whether a word of this tag stands between two positions. Looks only at the words in between. */
  #stands(tag: number, from: number, to: number): boolean {
    if (!this.#present.has(tag)) return false;
    const { symbols, positions } = this.#sightings;
    let i = this.#index;
    while (i > 0 && (positions[i - 1] as number) >= from) i--;
    for (; i < symbols.length && (positions[i] as number) <= to; i++) {
      if (this.#lexicon.tagsOf[symbols[i] as number]?.has(tag) === true) return true;
    }
    return false;
  }
}

/** The strongest sign counts whole, the others half, and each sign once however often it is repeated. */
function combine(weights: readonly number[]): number {
  const [strongest = 0, ...others] = weights.toSorted((left, right) => right - left);
  let unsaid = 1;
  for (const weight of others) unsaid *= 1 - weight * FURTHER_SIGN_SHARE;
  const score = strongest + (1 - strongest) * (1 - unsaid);
  return Math.min(score, strongest < WEAK_WEIGHT ? WEAK_SCORE_MAX : SCORE_MAX);
}

/** The score of each subject, by its index in `SUBJECTS`. */
export function weighSightings(sightings: Sightings, lexicon: Lexicon): number[] {
  const walk = new SightingWalk(sightings, lexicon);
  walk.walk();
  const weights: number[][] = SUBJECTS.map(() => []);
  walk.seen.forEach((seen, symbol) => {
    if (seen === 0) return;
    for (const [subject, weight] of lexicon.symbols[symbol]?.weights ?? []) weights[subject]?.push(weight);
  });
  return weights.map((list) => Math.round(combine(list) * 10_000) / 10_000);
}
