// What the rest of Tolmach uses of the embedded moderation.

export {
  CATEGORIES,
  type Category,
  type CategoryVerdict,
  FLAG_THRESHOLD,
  projectVerdict,
  SEVEN_CATEGORIES,
} from './categories.ts';
export { type FilterVerdict, moderateFilters } from './moderate-filters.ts';
export { MODERATION_MODEL, moderateText, type Verdict } from './moderate-text.ts';
