// Makes text split as it does under Unicode 16, whichever version the runtime has.
//
// PyPI's `tiktoken` 0.14.0 has the character classes of Unicode 16 and Bun 1.4.5 has those of Unicode 17, which knows
// some 4 700 more letters, digits and marks. A newer runtime, or a newer `tiktoken`, needs other ranges here: the slow
// test goes through every assigned code point and tells.

/** What Unicode 17 assigned first, in hexadecimal. */
const NEWER_RANGES = (
  '88f c5c cdc 1acf-1add 1ae0-1aeb a7ce-a7cf a7d2 a7d4 a7f1 10940-10959 10ec5-10ec7 10efa-10efb 11b60-11b67 ' +
  '11db0-11ddb 11de0-11de9 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6 187f8-187ff 18d09-18d1e 18d80-18df2 1e6c0-1e6de ' +
  '1e6e0-1e6f5 1e6fe-1e6ff 2b73a-2b73f 2cea2-2cead 323b0-33479'
).split(' ');

const NEWER = new RegExp(`[${NEWER_RANGES.map((range) => range.replace(/[0-9a-f]+/g, '\\u{$&}')).join('')}]`, 'gu');

/** Unicode 17 moved this letter from the small ones to those without case. Another small letter stands in for it. */
const RECLASSIFIED = /\u0295/g;

/**
 * The text with every character of later versions replaced by a noncharacter, which is of no class in any version.
 * Each takes as many UTF-16 units as before, so places in the answer are places in the text.
 */
export function asUnicode16(text: string): string {
  return text.replace(NEWER, (c) => (c.length === 1 ? '\ufdd0' : '\u{1fffe}')).replace(RECLASSIFIED, 'a');
}
