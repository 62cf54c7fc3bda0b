// A question to a moderation and its answer, whoever judges: words, a vendor's model, or a chat model.
import { CATEGORIES, type Category } from './categories.ts';
import { type FilterVerdict, moderateFilters } from './moderate-filters.ts';
import { MODERATION_MODEL, moderateText } from './moderate-text.ts';

/** All texts of a request together. The lexicon reads about a million a second, and nothing else runs meanwhile. */
export const MODERATED_CHARS_MAX = 200_000;

/** Each text is judged for itself: by the filters, or where there are none by the thirteen categories. */
export type ModerationRequest = { readonly texts: readonly string[]; readonly filters?: readonly string[] };

/** What a text was found to be, under each name that was asked for. */
export type Judgement = Readonly<Record<string, FilterVerdict>>;

/** `model` tells who judged. There is one judgement for each text, in their order. */
export type Moderation = { readonly model: string; readonly judgements: readonly Judgement[] };

/** The names under which a request's texts are judged, each once. */
export function namesOf(request: ModerationRequest): readonly string[] {
  return request.filters === undefined ? CATEGORIES : [...new Set(request.filters)];
}

/** The embedded moderation's answer. Time is linear in the texts. */
export function moderateLexically({ texts, filters }: ModerationRequest): Moderation {
  const judge = filters === undefined ? judgeCategories : (text: string) => moderateFilters(text, filters);
  return { model: MODERATION_MODEL, judgements: texts.map(judge) };
}

function judgeCategories(text: string): Judgement {
  const { categories, scores } = moderateText(text);
  return judgementOf(CATEGORIES, (name) => ({
    flagged: categories[name as Category],
    score: scores[name as Category],
  }));
}

/** `fromEntries` defines properties of its own, so that a filter called "__proto__" is a name like any other. */
export function judgementOf(names: readonly string[], judge: (name: string) => FilterVerdict): Judgement {
  return Object.fromEntries(names.map((name) => [name, judge(name)]));
}

const NOT_FOUND: FilterVerdict = { flagged: false, score: 0 };

/** What a judgement says under a name; a name that it has not was not found. */
export function verdictOf(judgement: Judgement, name: string): FilterVerdict {
  return Object.hasOwn(judgement, name) ? (judgement[name] as FilterVerdict) : NOT_FOUND;
}
