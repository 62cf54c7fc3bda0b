// Honest words that the stems of the lexicon would find. What is seen at such a word is forgotten.
//
// In the notation of `pattern.ts`. A false positive that is reported becomes a line here, or a narrower stem, and a
// line in the tests. The list is short because stems begin a word and name their endings where they must.

export const CLEAN_WORDS =
  'ебонит* говнюшк* дрочен* annal niggard* poorness* shiitake~ shitake~ shittah~ shittim* shitzu~';
