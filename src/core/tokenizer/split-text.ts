// Cuts text into the pieces inside which byte pairs may merge: the first half of every encoding.
//
// The patterns are those of `tiktoken_ext/openai_public.py`, changed only where the two regular expression engines
// differ. Possessive quantifiers become greedy ones: no alternative can match after giving characters back, so the
// pieces are the same. `\s+$` is left out where `\s+(?!\S)` comes next and takes the same spaces. `\s` and `(?i:…)` are
// spelled out, because JavaScript's `\s` takes U+FEFF but not U+0085, and Rust's `(?i:s)` takes U+017F.
//
// Each alternative reads a run of characters at most a few times over, so splitting is linear in the text's length; the
// tests measure that on runs of a million characters.
import { asUnicode16 } from './as-unicode-16.ts';
import type { EncodingName } from './encoding-for-model.ts';

/** Unicode's White_Space, as Rust's `\s` has it. */
const SPACE = String.raw`\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const TRAILING_SPACE = `[${SPACE}]+(?![^${SPACE}])`;

/** `s` with its old long form, which Unicode folds to it. */
const ANY_CASE_SUFFIX = String.raw`'(?:[sS\u017fdDmMtT]|[lL]{2}|[vV][eE]|[rR][eE])`;

const GPT3 = [
  `'(?:[sdmt]|ll|ve|re)`,
  String.raw` ?\p{L}+`,
  String.raw` ?\p{N}+`,
  String.raw` ?[^${SPACE}\p{L}\p{N}]+`,
  TRAILING_SPACE,
  `[${SPACE}]`,
];

const CL100K = [
  ANY_CASE_SUFFIX,
  String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^${SPACE}\p{L}\p{N}]+[\r\n]*`,
  `[${SPACE}]+$`,
  String.raw`[${SPACE}]*[\r\n]`,
  TRAILING_SPACE,
  `[${SPACE}]`,
];

const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;

const O200K = [
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+(?:${ANY_CASE_SUFFIX})?`,
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*(?:${ANY_CASE_SUFFIX})?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^${SPACE}\p{L}\p{N}]+[\r\n/]*`,
  String.raw`[${SPACE}]*[\r\n]+`,
  TRAILING_SPACE,
  `[${SPACE}]+`,
];

/** Sticky, so that a match starts where the last one ended: every character belongs to some alternative. */
const compile = (alternatives: readonly string[]): RegExp => new RegExp(alternatives.join('|'), 'uy');

const PATTERNS: Readonly<Record<EncodingName, RegExp>> = {
  r50k_base: compile(GPT3),
  p50k_base: compile(GPT3),
  cl100k_base: compile(CL100K),
  o200k_base: compile(O200K),
};

/** Calls `visit` with the start and end of each piece in turn, in UTF-16 units. The pieces cover the text. */
export function splitText(text: string, encoding: EncodingName, visit: (start: number, end: number) => void): void {
  const pattern = PATTERNS[encoding];
  const classed = asUnicode16(text);
  let start = 0;
  while (start < classed.length) {
    pattern.lastIndex = start;
    if (!pattern.test(classed)) throw new Error(`no piece of ${encoding} starts at ${start}`);
    const end = pattern.lastIndex;
    visit(start, end);
    start = end;
  }
}
