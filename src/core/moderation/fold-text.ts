// Turns a text into folded code units: one case, one form of every letter, nothing invisible.
//
// Folding undoes what a reader does not see: compatibility forms (NFKC), enclosed letters, accents on Latin letters,
// zero-width and combining signs, and more than three of a letter in a row. `ё` becomes `е`; `й` stays. It costs time
// and memory linear in the text.

/** What a folded code unit is to the scanner. Everything that is no letter and no digit separates words. */
export const SEPARATOR = 0;
export const LATIN = 1;
export const CYRILLIC = 2;
export const DIGIT = 4;

/** More of one letter in a row than this are dropped: it bounds the work of matching repeats. */
export const REPEATS_MAX = 3;

const DROPPED = 0xffff;
const SPACE = 0x20;
const NEWLINE = 0x0a;

const FOLD = new Uint16Array(0x10000);
/** The class of each folded code unit. */
export const CLASS_OF: Uint8Array = new Uint8Array(0x10000);

const DROPPED_RANGES: readonly (readonly [number, number])[] = [
  [0x00ad, 0x00ad],
  [0x0300, 0x036f],
  [0x0483, 0x0489],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x20d0, 0x20ff],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
];

/** Apostrophes are dropped, so that "don't" is one word. */
const APOSTROPHES = "'`´ʹʼˈ‘’‛′";

/** Letters of other scripts that are drawn like a Latin one, and Latin small capitals. */
const DRAWN_ALIKE =
  'αa βb εe ιi κk νv οo ρp τt υu χx ıi łl øo đd ħh ŧt ƒf ɑa ɡg ɩi ʀr ɢg ʜh ɪi ʟl ɴn ʏy ʙb ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ꜱs ѕs јj ԁd һh ԛq ԝw';

function foldRange(from: number, to: number): void {
  for (let code = from; code <= to; code++) {
    const lower = String.fromCharCode(code).toLowerCase();
    const base = lower.normalize('NFD').charCodeAt(0);
    if (base >= 0x61 && base <= 0x7a) FOLD[code] = base;
  }
}

function fillTables(): void {
  for (let code = 0; code < 0x10000; code++) FOLD[code] = code;
  for (let code = 0; code <= 0x20; code++) FOLD[code] = SPACE;
  for (const code of [0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]) FOLD[code] = SPACE;
  for (let code = 0x2000; code <= 0x200a; code++) FOLD[code] = SPACE;
  FOLD[NEWLINE] = NEWLINE;
  foldRange(0x41, 0x24f);
  foldRange(0x1e00, 0x1eff);
  for (let code = 0x410; code <= 0x42f; code++) FOLD[code] = code + 0x20;
  for (const [from, to] of ['Ѐе', 'Ёе', 'Ѝи', 'ѐе', 'ёе', 'ѝи', 'Іі', 'Її', 'Єє', 'Ґґ', 'Ўў']) {
    FOLD[(from as string).charCodeAt(0)] = (to as string).charCodeAt(0);
  }
  for (const pair of DRAWN_ALIKE.split(' ')) FOLD[pair.charCodeAt(0)] = pair.charCodeAt(1);
  for (const [upper, lower] of [
    'Αa',
    'Βb',
    'Εe',
    'Ζz',
    'Ηh',
    'Ιi',
    'Κk',
    'Μm',
    'Νn',
    'Οo',
    'Ρp',
    'Τt',
    'Υy',
    'Χx',
    'Ѕs',
    'Јj',
  ]) {
    FOLD[(upper as string).charCodeAt(0)] = (lower as string).charCodeAt(0);
  }
  for (const [from, to] of DROPPED_RANGES) FOLD.fill(DROPPED, from, to + 1);
  for (const sign of APOSTROPHES) FOLD[sign.charCodeAt(0)] = DROPPED;
  CLASS_OF.fill(LATIN, 0x61, 0x7b);
  CLASS_OF.fill(CYRILLIC, 0x430, 0x460);
  for (const letter of 'ґў') CLASS_OF[letter.charCodeAt(0)] = CYRILLIC;
  CLASS_OF.fill(DIGIT, 0x30, 0x3a);
}

fillTables();

/** Letters in squares, in discs and as regional indicators, which NFKC leaves alone, and the invisible tag letters. */
const ENCLOSED = /[\u{1F130}-\u{1F149}\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}\u{1F1E6}-\u{1F1FF}\u{E0000}-\u{E01EF}]/gu;
const ENCLOSED_STARTS = [0x1f1e6, 0x1f170, 0x1f150, 0x1f130];

function openEnclosed(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const start = ENCLOSED_STARTS.find((first) => code >= first && code < first + 26);
  return code >= 0xe0000 || start === undefined ? '' : String.fromCharCode(0x61 + code - start);
}

/** The folded code units of a text. */
export function foldText(text: string): Uint16Array {
  const composed = text.normalize('NFKC').replace(ENCLOSED, openEnclosed);
  const codes = new Uint16Array(composed.length);
  let length = 0;
  let repeats = 0;
  for (let i = 0; i < composed.length; i++) {
    const code = FOLD[composed.charCodeAt(i)] as number;
    if (code === DROPPED) continue;
    repeats = length > 0 && codes[length - 1] === code ? repeats + 1 : 1;
    if (repeats > REPEATS_MAX && (CLASS_OF[code] as number) !== DIGIT) continue;
    codes[length++] = code;
  }
  return codes.subarray(0, length);
}

/** A word of the lexicon or of a filter as folded text. */
export function foldedString(text: string): string {
  return String.fromCharCode(...foldText(text));
}
