// What the rest of Tolmach uses of moderation.

export {
  CATEGORIES,
  type Category,
  type CategoryVerdict,
  FLAG_THRESHOLD,
  projectVerdict,
  SEVEN_CATEGORIES,
} from './categories.ts';
export { judgeCall, judgeOver, readScores } from './chat-judge.ts';
export { type FilterVerdict, moderateFilters } from './moderate-filters.ts';
export { MODERATION_MODEL, moderateText, type Verdict } from './moderate-text.ts';
export {
  type Judgement,
  judgementOf,
  MODERATED_CHARS_MAX,
  type Moderation,
  type ModerationRequest,
  moderateLexically,
  namesOf,
  verdictOf,
} from './moderation.ts';
export { vendorJudgement } from './vendor-verdicts.ts';
