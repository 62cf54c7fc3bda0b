// The endings that a stem of the lexicon may take, and the forms of a word that only a filter names.
//
// These are lists of endings, not a dictionary: a fleeting vowel ("сон", "сна") makes two stems, and an ending may fit
// a stem that the language would never give it. The lexicon is written with that in mind.

const NOUN =
  'а я о е ы и у ю ь й ой ей ою ею ом ем ам ям ами ями ах ях ов ев ья ье ью ьи ьям ии ий ия ию ие ием иям иями иях ьей ьев'.split(
    ' ',
  );
const ADJECTIVE = 'ый ий ой ая яя ое ее ые ие ого его ому ему ым им ом ем ую юю ою ею ых их ыми ими ы о а и е'.split(
  ' ',
);
const VERB =
  'ть ти ешь ет ем ете ут ют ишь ит им ите ат ят й йте и ите ай айте яй л ла ло ли ю у в вши я ну нет нут нешь нем ни ните нул нула нули нуть ут'.split(
    ' ',
  );
const THEMES = ['', 'а', 'и', 'е', 'я', 'ы', 'ова', 'ева', 'ыва', 'ива', 'у', 'ну'];
const PARTICIPLES = [
  'ющ',
  'ущ',
  'ащ',
  'ящ',
  'вш',
  'авш',
  'ивш',
  'евш',
  'явш',
  'нувш',
  'нн',
  'енн',
  'анн',
  'янн',
  'ан',
  'ен',
];

const NOMINAL_ENDINGS: ReadonlySet<string> = new Set(['', ...NOUN, ...ADJECTIVE]);

function verbalEndings(): ReadonlySet<string> {
  const endings: string[] = [];
  for (const theme of THEMES) for (const ending of VERB) endings.push(theme + ending);
  for (const participle of PARTICIPLES) for (const ending of ['', ...ADJECTIVE]) endings.push(participle + ending);
  return new Set(endings.flatMap((ending) => [ending, `${ending}ся`, `${ending}сь`]));
}

const VERBAL_ENDINGS = verbalEndings();
const LEXICON_ENGLISH_ENDINGS: ReadonlySet<string> = new Set('|s|es|ed|d|e|er|ers|ing|ings|in|y|ies'.split('|'));
const ENGLISH_ENDINGS: ReadonlySet<string> = new Set('|s|es|ed|d|e|er|ers|ing|ings'.split('|'));
const NO_ENDINGS: ReadonlySet<string> = new Set(['']);
export const ENDING_CHARS_MAX = 9;

/** Whether `ending`, which may be empty, can follow a stem of the lexicon. */
export function isInflection(ending: string): boolean {
  return NOMINAL_ENDINGS.has(ending) || VERBAL_ENDINGS.has(ending) || LEXICON_ENGLISH_ENDINGS.has(ending);
}

/** A stem and the endings that it may take. */
export type StemForms = { readonly stem: string; readonly endings: ReadonlySet<string> };

const STEM_CHARS_MIN = 3;

/** The stems of a Russian verb, which is given as its infinitive. */
function verbStems(infinitive: string): string[] {
  const base = infinitive.replace(/(?:ть|ти)(?:ся|сь)?$/, '');
  if (base.endsWith('ова')) return [base, `${base.slice(0, -3)}у`];
  return [/[иеы]$/.test(base) ? base.slice(0, -1) : base];
}

/** The stems of a Russian noun or adjective in whatever case. */
function nominalStems(word: string): string[] {
  const oblique = word.match(
    /^(.{3,})(?:ами|ями|ого|его|ому|ему|ыми|ими)$|^(.{5,})(?:ах|ях|ам|ям|ов|ев|ом|ем|ых|их|ым|им)$/,
  );
  const stem = word.replace(/(?:[ыио][ей]|[ао]я|яя|[ое]е|[ью]я|ия|[аяоеыиуюьй])$/, '');
  const stems = [oblique?.[1] ?? oblique?.[2] ?? stem, stem];
  return [...stems, ...stems.flatMap(fleetingStems)];
}

/** The stem with its fleeting vowel out or in, where it may have one: "кошк" for "кошек", "отц" for "отец". */
function fleetingStems(stem: string): string[] {
  const without = stem.replace(/([бвгджзклмнпрстфхцчшщ])[ео]([кцн])$/, '$1$2');
  if (without !== stem) return [without];
  return /[бвгдзжклмнпрстфхчшщ][кц]$/.test(stem)
    ? ['о', 'е'].map((vowel) => stem.slice(0, -1) + vowel + stem.slice(-1))
    : [];
}

function englishStems(word: string): string[] {
  const bare = word.replace(/(?:ings?|ers?|ed|es|s|e)$/, '');
  const stems = [word, bare.length >= STEM_CHARS_MIN && !word.endsWith('ss') ? bare : word];
  const single = stems.map((stem) => stem.replace(/([b-df-hj-km-np-rtv-z])\1$/, '$1'));
  const doubled = /[^aeiouy][aeiou][bdgmnprt]$/.test(word) ? [word + word.slice(-1)] : [];
  return [
    ...stems,
    ...single,
    ...doubled,
    ...stems.map((stem) => stem.replace(/y$/, 'i')),
    ...stems.map((stem) => stem.replace(/i$/, 'y')),
  ];
}

/** How the word of a filter may look in a text. The word is folded; short words and numbers do not inflect. */
export function formsOf(word: string): StemForms[] {
  const whole = { stem: word, endings: NO_ENDINGS };
  if (word.length < STEM_CHARS_MIN || /[0-9]/.test(word)) return [whole];
  const russian = /[а-яґієў]/.test(word);
  const verb = /[аяиеыоу](?:ть|ти)(?:ся|сь)?$/.test(word) && word.length > 4;
  const stems = !russian ? englishStems(word) : verb ? verbStems(word) : nominalStems(word);
  const endings = !russian ? ENGLISH_ENDINGS : verb ? VERBAL_ENDINGS : NOMINAL_ENDINGS;
  const long = [...new Set(stems)].filter((stem) => stem.length >= STEM_CHARS_MIN);
  return [whole, ...long.map((stem) => ({ stem, endings }))];
}
