// Seeded texts of every sort that tokenizers disagree on: Russian, emoji, code, spaces, control characters, long runs
// of one character, broken surrogates, and characters from anywhere in Unicode.

type Random = (below: number) => number;

const RUSSIAN =
  'Съешь ещё этих мягких французских булок да выпей же чаю Привет МИР нейросеть объём Ёлка в и на не'.split(' ');
const ENGLISH = "The quick brown fox jumps over lazy dogs don't I'll WE'VE it's HE'S token 1st x2 re 'tis I'm".split(
  ' ',
);
const CODE =
  'function(a, b) {|\n    |return |=> |// |/* */|foo_bar|camelCase|HTTPServer|"\\n"|[0]|;\n|\t|==|!==|#{x}|</div>|::'.split(
    '|',
  );
const EMOJI = ['😀', '👨‍👩‍👧', '🇷🇺', '❤️', '👍🏽', '🤷‍♂️', '①', '½', '\u200d', '\ufe0f', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'];
const SPACES = [
  ' ',
  '  ',
  '\n',
  '\r\n',
  '\r',
  '\t',
  '\u000b',
  '\f',
  '\u00a0',
  '\u0085',
  '\u2028',
  '\u3000',
  '\u200b',
  '\ufeff',
];
const SPECIAL = ['<|endoftext|>', '<|endofprompt|>', '<|fim_prefix|>', '<|im_start|>'];
const OTHER = [
  "'s",
  "'S",
  "'\u017f",
  "'LL",
  '中文',
  '日本語',
  'ไทย',
  'العربية',
  'हिन्दी',
  'e\u0301',
  'ǅ',
  '\u0295',
  '٣٤٥',
  '𝒜',
  '𐐀',
  '123456',
];

/** Numbers below a bound from a seed: mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const pick = (random: Random, from: readonly string[]): string => from[random(from.length)] as string;

const PARTS: readonly ((random: Random) => string)[] = [
  (random) => `${pick(random, RUSSIAN)} `,
  (random) => ` ${pick(random, ENGLISH)}`,
  (random) => pick(random, CODE),
  (random) => pick(random, EMOJI),
  (random) => pick(random, SPACES),
  (random) => pick(random, OTHER),
  (random) => pick(random, SPECIAL),
  (random) => String(random(10 ** random(12))),
  (random) =>
    pick(random, [...SPACES, ...EMOJI, 'a', 'Ж', '-', '=', '!', '0', '\0']).repeat(random(random(20) === 0 ? 300 : 20)),
  (random) => Array.from({ length: random(12) }, () => String.fromCharCode(random(0x80))).join(''),
  (random) => Array.from({ length: random(12) }, () => String.fromCharCode(97 + random(26))).join(''),
  (random) => Array.from({ length: random(12) }, () => String.fromCharCode(0x410 + random(64))).join(''),
  // These two make lone surrogates as well.
  (random) => Array.from({ length: random(6) }, () => String.fromCharCode(random(0x10000))).join(''),
  (random) => String.fromCodePoint(random(0x110000)),
];

/** One in three texts is of a single sort; the others are mixed. */
export function randomText(random: Random): string {
  const only = random(3) === 0 ? PARTS[random(PARTS.length)] : undefined;
  let text = '';
  for (let left = 1 + random(20); left > 0; left--) {
    text += (only ?? (PARTS[random(PARTS.length)] as (random: Random) => string))(random);
  }
  return text;
}
