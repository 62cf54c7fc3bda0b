// Which letters stand in for which: Latin for Cyrillic, Cyrillic for Latin, digits and signs for both.
//
// The tables are applied only to words that mix scripts, digits or signs. A word of one script is read as it stands,
// and, if it is all Latin, once more as Cyrillic against the obscene words alone ("cyka").

const CYRILLIC_READING =
  'aа bв cс eе gд hн iи kк lл mм nп oо pр rг sс tт uи wш xх yу іи їи єе 0о 1и 3з 4ч 6б 8в 9д @а $с |и !и';
const LATIN_READING =
  'аa бb вb гr дd еe зe иu йu кk мm нh оo пn рp сc тt уy хx шw яr іi їi єe 0o 1i 3e 4a 5s 6b 7t 8b 9g @a $s !i |i +t €e £l';

/** Signs that are read as letters inside a word. */
export const LETTER_SIGNS = '@$!|+€£';

function table(pairs: string): Uint16Array {
  const codes = new Uint16Array(0x10000);
  for (const pair of pairs.split(' ')) codes[pair.charCodeAt(0)] = pair.charCodeAt(1);
  return codes;
}

/** Letters stand for themselves, and so does the `*` of a masked word. */
function withIdentity(codes: Uint16Array, from: number, to: number): Uint16Array {
  codes[0x2a] = 0x2a;
  for (let code = from; code <= to; code++) codes[code] = code;
  return codes;
}

/** Reads a code unit as a Cyrillic letter; 0 where it cannot be one. */
export const AS_CYRILLIC: Uint16Array = withIdentity(table(CYRILLIC_READING), 0x430, 0x44f);
/** Only letters that look the same in print, for words that are all Latin and may well be just that. */
export const DRAWN_CYRILLIC: Uint16Array = table('aа bв cс eе hн iи kк mм nп oо pр tт uи xх yу');
/** Reads a code unit as a Latin letter, `1` as `i`; 0 where it cannot be one. */
export const AS_LATIN: Uint16Array = withIdentity(table(LATIN_READING), 0x61, 0x7a);
/** The same with `1`, `|` and `!` as `l`. */
export const AS_LATIN_L: Uint16Array = withIdentity(table(`${LATIN_READING} 1l |l !l`), 0x61, 0x7a);
