// The names that moderation answers with, and the projection onto the older, shorter lists of them.

/** OpenAI's thirteen categories, in the order in which they are answered. */
export const CATEGORIES = [
  'hate',
  'hate/threatening',
  'harassment',
  'harassment/threatening',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
  'illicit',
  'illicit/violent',
] as const;

export type Category = (typeof CATEGORIES)[number];

/** The first generation: the seven categories of the NSP document. */
export const SEVEN_CATEGORIES = [
  'hate',
  'hate/threatening',
  'self-harm',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const satisfies readonly Category[];

/** What the lexicon also knows and no OpenAI category names. They are answered through filters only. */
export const TOPICS = [
  'profanity',
  'politics',
  'spam',
  'drugs',
  'weapons',
  'gambling',
  'extremism',
  'religion',
] as const;

export type Topic = (typeof TOPICS)[number];

/** One thing that is scored: a category or a topic. */
export type Subject = Category | Topic;
export const SUBJECTS: readonly Subject[] = [...CATEGORIES, ...TOPICS];

/** A score at or above this one is flagged, for every category and every filter. */
export const FLAG_THRESHOLD = 0.5;

export type CategoryVerdict<Name extends string> = {
  readonly flagged: boolean;
  readonly categories: Readonly<Record<Name, boolean>>;
  readonly scores: Readonly<Record<Name, number>>;
};

/**
 * The verdict over some of the categories only. `flagged` is worked out anew: a text that is flagged for harassment
 * alone is not flagged in an answer that has no such category.
 */
export function projectVerdict<Name extends Category>(
  verdict: { readonly scores: Readonly<Record<Name, number>> },
  names: readonly Name[],
): CategoryVerdict<Name> {
  const scores = Object.fromEntries(names.map((name) => [name, verdict.scores[name]])) as Record<Name, number>;
  const categories = Object.fromEntries(names.map((name) => [name, scores[name] >= FLAG_THRESHOLD])) as Record<
    Name,
    boolean
  >;
  return { flagged: names.some((name) => categories[name]), categories, scores };
}
