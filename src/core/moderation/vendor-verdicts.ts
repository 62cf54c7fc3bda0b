// A vendor's verdict over OpenAI's categories, put in the place of the lexicon's own. What no category names, such as
// politics and free words, stays with the lexicon.
import { CATEGORIES, type Category } from './categories.ts';
import { knownFilterSubjects } from './known-filters.ts';
import { type FilterVerdict, moderateFilters } from './moderate-filters.ts';
import { type Judgement, judgementOf, verdictOf } from './moderation.ts';

/** The answer to a request that a vendor's model judged by category. Categories that it has not score 0. */
export function vendorJudgement(text: string, verdict: Judgement, filters: readonly string[] | undefined): Judgement {
  if (filters === undefined) return judgementOf(CATEGORIES, (name) => verdictOf(verdict, name));
  const names = [...new Set(filters)];
  const lexical = moderateFilters(text, names, isNoCategory);
  return judgementOf(names, (name) => {
    const categories = (knownFilterSubjects(name) ?? []).filter(isCategory);
    const verdicts: readonly FilterVerdict[] = [
      ...categories.map((category) => verdictOf(verdict, category)),
      verdictOf(lexical, name),
    ];
    return { flagged: verdicts.some(({ flagged }) => flagged), score: Math.max(...verdicts.map(({ score }) => score)) };
  });
}

function isCategory(subject: string): subject is Category {
  return CATEGORIES.some((category) => category === subject);
}

function isNoCategory(subject: string): boolean {
  return !isCategory(subject);
}
