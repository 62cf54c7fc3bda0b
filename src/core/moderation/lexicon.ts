// The word lists and rules, compiled once into what the matcher walks.
//
// A *symbol* is anything that can be seen in a text: a pattern, a word of a phrase, a tag. Seeing one may weigh on
// subjects, imply tags, and be a step of sequences, which make further symbols when they are complete.

import { SUBJECTS } from './categories.ts';
import { expandPattern, splitList } from './pattern.ts';
import type { Weights, WordGroup, WordRule } from './word-group.ts';
import { WordTrie } from './word-trie.ts';
import { CLEAN_WORDS } from './words/clean-words.ts';
import { ENGLISH_WORDS } from './words/english-words.ts';
import { LISTED_ENGLISH_WORDS } from './words/listed-english-words.ts';
import { POLITICAL_WORDS } from './words/political-words.ts';
import { RULE_WORDS } from './words/rule-words.ts';
import { RUSSIAN_WORDS } from './words/russian-words.ts';
import { TOPIC_WORDS } from './words/topic-words.ts';
import { WORD_RULES } from './words/word-rules.ts';

/** Steps that complete `result` when they follow one another closely enough. */
export type Sequence = {
  readonly stepCount: number;
  /** Where its steps begin among the steps of all sequences. */
  readonly firstStep: number;
  readonly gap: number;
  readonly result: number;
  readonly unless: readonly number[];
  readonly unlessNegated: boolean;
};

export type LexiconSymbol = {
  /** Pairs of the index of a subject and a weight. */
  readonly weights: (readonly [number, number])[];
  readonly implies: number[];
  /** The index of a sequence and a step in it, by turns, later steps of a sequence first. */
  readonly stepOf: number[];
};

export type Lexicon = {
  /** Stems that begin a word, stems that stand anywhere in one, and all stems of words that get disguised. */
  readonly leading: WordTrie;
  readonly anywhere: WordTrie;
  readonly disguised: WordTrie;
  /** Whole words that look like others of the lexicon and are not. */
  readonly clean: WordTrie;
  readonly symbols: readonly LexiconSymbol[];
  readonly sequences: readonly Sequence[];
  /** The steps of all sequences together. */
  readonly stepCount: number;
  /** Everything that each symbol implies, at first or second hand. */
  readonly tagsOf: readonly ReadonlySet<number>[];
  readonly negation: number;
  /** The symbol that stands for a word of the lexicon when it is seen in disguise. */
  readonly disguiseOf: ReadonlyMap<number, number>;
};

/** How much of what a weight leaves open a disguise adds, for weights that are worth hiding. */
const DISGUISE_SHARE = 0.35;
const DISGUISE_WEIGHT_MIN = 0.25;

class LexiconBuilder {
  readonly leading = new WordTrie();
  readonly anywhere = new WordTrie();
  readonly disguised = new WordTrie();
  readonly symbols: LexiconSymbol[] = [];
  readonly sequences: Sequence[] = [];
  readonly disguiseOf = new Map<number, number>();
  stepCount = 0;
  readonly #named = new Map<string, number>();

  tag(name: string): number {
    return this.#name(`tag ${name}`);
  }

  addGroup(group: WordGroup): void {
    for (const writings of splitList(group.words)) {
      const symbol = this.#entry(writings, group.disguised === true);
      this.#weigh(symbol, group.weights);
      if (group.tag !== undefined) this.symbols[symbol]?.implies.push(this.tag(group.tag));
      if (group.disguised === true) this.#addDisguise(writings, symbol, group.weights);
    }
  }

  addRule(rule: WordRule): void {
    const result = this.#symbol();
    this.#weigh(result, rule.weights);
    const steps = rule.steps.map((name) => this.tag(name));
    const common = {
      gap: rule.gap,
      result,
      unless: (rule.unless ?? []).map((name) => this.tag(name)),
      unlessNegated: rule.unlessNegated === true,
    };
    this.#sequence(steps, common);
    if (rule.anyOrder === true) this.#sequence(steps.toReversed(), common);
  }

  /** One symbol for all writings of an entry, so that they count once. */
  #entry(writings: readonly (readonly string[])[], disguised: boolean): number {
    const symbol = this.#symbol();
    for (const words of writings) {
      const steps = words.map((word) => this.#pattern(word, disguised && words.length === 1));
      if (steps.length === 1) this.symbols[steps[0] as number]?.implies.push(symbol);
      else this.#sequence(steps, { gap: 1, result: symbol, unless: [], unlessNegated: false });
    }
    return symbol;
  }

  /** One symbol for a pattern, however many groups and phrases name it. */
  #pattern(pattern: string, disguised: boolean): number {
    const name = `${disguised ? 'disguised' : 'plain'} ${pattern}`;
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const symbol = this.#name(name);
    for (const stem of expandPattern(pattern)) {
      (stem.anywhere ? this.anywhere : this.leading).add(stem, symbol, disguised);
      if (disguised) this.disguised.add(stem, symbol, true);
    }
    return symbol;
  }

  #sequence(steps: readonly number[], rest: Omit<Sequence, 'stepCount' | 'firstStep'>): void {
    const index = this.sequences.push({ ...rest, stepCount: steps.length, firstStep: this.stepCount }) - 1;
    this.stepCount += steps.length;
    steps.forEach((symbol, step) => {
      this.symbols[symbol]?.stepOf.unshift(index, step);
    });
  }

  /** A word that was found only by undoing a disguise says more than the plain word. */
  #addDisguise(writings: readonly (readonly string[])[], meaning: number, weights: Weights = {}): void {
    const disguise = this.#symbol();
    this.symbols[disguise]?.implies.push(meaning);
    const raised = Object.entries(weights).filter(([, weight]) => weight >= DISGUISE_WEIGHT_MIN);
    this.#weigh(
      disguise,
      Object.fromEntries(raised.map(([key, weight]) => [key, weight + (1 - weight) * DISGUISE_SHARE])),
    );
    for (const words of writings) {
      if (words.length === 1) this.disguiseOf.set(this.#pattern(words[0] as string, true), disguise);
    }
  }

  #weigh(symbol: number, weights: Weights = {}): void {
    for (const [subject, weight] of Object.entries(weights)) {
      this.symbols[symbol]?.weights.push([(SUBJECTS as readonly string[]).indexOf(subject), weight]);
    }
  }

  #name(name: string): number {
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const symbol = this.#symbol();
    this.#named.set(name, symbol);
    return symbol;
  }

  #symbol(): number {
    return this.symbols.push({ weights: [], implies: [], stepOf: [] }) - 1;
  }
}

function impliedTags(symbols: readonly LexiconSymbol[]): Set<number>[] {
  const collect = (symbol: number, tags: Set<number>): Set<number> => {
    for (const implied of symbols[symbol]?.implies ?? []) {
      tags.add(implied);
      collect(implied, tags);
    }
    return tags;
  };
  return symbols.map((_, symbol) => collect(symbol, new Set()));
}

function compileLexicon(): Lexicon {
  const builder = new LexiconBuilder();
  const lists = [RULE_WORDS, RUSSIAN_WORDS, ENGLISH_WORDS, LISTED_ENGLISH_WORDS, POLITICAL_WORDS, TOPIC_WORDS];
  for (const group of lists.flat()) builder.addGroup(group);
  for (const rule of WORD_RULES) builder.addRule(rule);
  const clean = new WordTrie();
  for (const [pattern] of splitList(CLEAN_WORDS).flat()) {
    for (const stem of expandPattern(pattern as string)) clean.add(stem, 0, false);
  }
  const negation = builder.tag('not');
  const { leading, anywhere, disguised, symbols, sequences, stepCount, disguiseOf } = builder;
  const tagsOf = impliedTags(symbols);
  return { leading, anywhere, disguised, clean, symbols, sequences, stepCount, tagsOf, negation, disguiseOf };
}

let compiled: Lexicon | undefined;

/** The lexicon, compiled at the first use so that importing this module costs nothing. */
export function lexicon(): Lexicon {
  compiled ??= compileLexicon();
  return compiled;
}
