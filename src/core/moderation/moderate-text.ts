// The embedded moderation: what the words of a text say about it, and nothing more.
//
// Lexical: it knows words, their forms and disguises, and short sequences of them. It does not know what is meant.
// A score is the weight of the signs found, not a probability. `docs/reference/moderation.md` tells how it is made.

import {
  CATEGORIES,
  type Category,
  type CategoryVerdict,
  projectVerdict,
  SUBJECTS,
  type Subject,
} from './categories.ts';
import { foldText } from './fold-text.ts';
import { lexicon } from './lexicon.ts';
import { sightWords } from './sight-words.ts';
import { weighSightings } from './weigh-sightings.ts';

/** The name under which answers are given, so that nobody takes them for a neural model's. */
export const MODERATION_MODEL = 'tolmach-lexical-1';

export type Verdict = CategoryVerdict<Category>;

/** A narrower category never scores above the wider one that contains it. */
const CONTAINED_IN: readonly (readonly [Category, Category])[] = [
  ['hate/threatening', 'hate'],
  ['harassment/threatening', 'harassment'],
  ['self-harm/intent', 'self-harm'],
  ['self-harm/instructions', 'self-harm'],
  ['sexual/minors', 'sexual'],
  ['violence/graphic', 'violence'],
  ['illicit/violent', 'illicit'],
];

/** Scores for every category and topic. Time is linear in the text. */
export function scoreSubjects(codes: Uint16Array): Record<Subject, number> {
  const words = lexicon();
  const weighed = weighSightings(sightWords(codes, words), words);
  const scores = Object.fromEntries(SUBJECTS.map((subject, i) => [subject, weighed[i] ?? 0])) as Record<
    Subject,
    number
  >;
  for (const [narrow, wide] of CONTAINED_IN) scores[wide] = Math.max(scores[wide], scores[narrow]);
  return scores;
}

/** The thirteen categories of a text. An older answer of fewer categories is `projectVerdict` of this one. */
export function moderateText(text: string): Verdict {
  return projectVerdict({ scores: scoreSubjects(foldText(text)) }, CATEGORIES);
}
