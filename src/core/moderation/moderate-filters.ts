// Moderation by free words: a filter that is known stands for categories and topics, any other for itself.

import { FLAG_THRESHOLD, type Subject } from './categories.ts';
import { foldText } from './fold-text.ts';
import { scoreFreeFilters } from './free-filters.ts';
import { knownFilterSubjects } from './known-filters.ts';
import { scoreSubjects } from './moderate-text.ts';

export type FilterVerdict = { readonly flagged: boolean; readonly score: number };

/**
 * A verdict for each filter under the name that the caller gave it. Time is linear in the text and in the filters.
 * @param isCounted which subjects of the known filters count; all of them where it is absent.
 */
export function moderateFilters(
  text: string,
  filters: readonly string[],
  isCounted: (subject: Subject) => boolean = () => true,
): Record<string, FilterVerdict> {
  const codes = foldText(text);
  const names = [...new Set(filters)];
  const free = names.filter((name) => knownFilterSubjects(name) === undefined);
  const freeList = free.length > 0 ? scoreFreeFilters(text, codes, free) : [];
  const freeScores = new Map(free.map((name, i) => [name, freeList[i] ?? 0]));
  const subjectScores = free.length < names.length ? scoreSubjects(codes) : undefined;
  const scoreOf = (name: string): number => {
    const subjects = knownFilterSubjects(name);
    if (subjects === undefined || subjectScores === undefined) return freeScores.get(name) ?? 0;
    return Math.max(0, ...subjects.filter(isCounted).map((subject) => subjectScores[subject]));
  };
  // `fromEntries` defines properties of its own, so that a filter called "__proto__" is a name like any other.
  return Object.fromEntries(
    names.map((name) => {
      const score = scoreOf(name);
      return [name, { flagged: score >= FLAG_THRESHOLD, score }];
    }),
  );
}
