// The notation of the word lists, and its expansion into plain stems.
//
//   слово     the word itself                      stem~    the stem with any listed ending
//   stem*     the stem with anything after it      *stem*   the stem anywhere in a word
//   (a|b|)    any of these, or nothing             one_two  words that follow one another
//
// Expansion is done once. Lists are code, so a mistake in one is a programmer's error and throws.

export type StemKind = 'exact' | 'inflected' | 'open';

export type Stem = { readonly text: string; readonly kind: StemKind; readonly anywhere: boolean };

/** `a(b|c)d` becomes `abd` and `acd`. Groups do not nest. */
function expandGroups(pattern: string): string[] {
  const open = pattern.indexOf('(');
  if (open < 0) return [pattern];
  const close = pattern.indexOf(')', open);
  if (close < 0) throw new Error(`moderation pattern without its closing bracket: ${pattern}`);
  const tails = expandGroups(pattern.slice(close + 1));
  const head = pattern.slice(0, open);
  const choices = pattern.slice(open + 1, close).split('|');
  return choices.flatMap((choice) => tails.map((tail) => head + choice + tail));
}

function stemFrom(form: string, pattern: string): Stem {
  const anywhere = form.startsWith('*');
  const kind: StemKind = form.endsWith('*') ? 'open' : form.endsWith('~') ? 'inflected' : 'exact';
  const text = form.slice(anywhere ? 1 : 0, kind === 'exact' ? undefined : -1);
  if (!/^[a-zа-яґієў0-9]+$/.test(text)) throw new Error(`moderation pattern is not folded: ${pattern}`);
  return { text, kind, anywhere };
}

/** Every stem that the pattern of one word stands for. */
export function expandPattern(pattern: string): Stem[] {
  return expandGroups(pattern).map((form) => stemFrom(form, pattern));
}

/** Every way to write one entry of a list, each as its words. Only a group with words in it is expanded here. */
function writings(entry: string): string[][] {
  const wordsInGroup = /\([^)]*_[^)]*\)/.test(entry);
  return (wordsInGroup ? expandGroups(entry) : [entry]).map((form) => form.split('_'));
}

/** The entries of a list. Entries stand between blanks, so a group of alternatives holds none. */
export function splitList(list: string): string[][][] {
  return list
    .split(/\s+/)
    .filter((entry) => entry !== '')
    .map(writings);
}
