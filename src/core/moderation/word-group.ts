// The shape of the word lists and of the rules over them.

import type { Subject } from './categories.ts';

/** How much one sign says about each subject, from 0 to 1. A weight alone at or above 0.5 flags the text. */
export type Weights = Readonly<Partial<Record<Subject, number>>>;

/** Words that mean the same to moderation, in the notation of `pattern.ts`. */
export type WordGroup = {
  readonly words: string;
  readonly weights?: Weights;
  /** The name under which rules speak of these words. Several groups may share one. */
  readonly tag?: string;
  /** Found masked, with a doubled letter and, if Cyrillic, drawn in Latin letters: for words that get disguised. */
  readonly disguised?: boolean;
};

/** Words of given tags that follow one another in one sentence. */
export type WordRule = {
  readonly steps: readonly string[];
  /** The next step begins at most so many words after the one before it ends. */
  readonly gap: number;
  readonly weights: Weights;
  readonly anyOrder?: boolean;
  /** Tags that make the rule void when they stand within three words of it. */
  readonly unless?: readonly string[];
  /** Void when the word before the first step, or one inside, negates. */
  readonly unlessNegated?: boolean;
};
