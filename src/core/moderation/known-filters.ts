// Filter words that stand for more than themselves. Any other word is looked for in the text as it is.

import type { Subject } from './categories.ts';
import { CATEGORIES } from './categories.ts';
import { foldText } from './fold-text.ts';

type KnownFilter = { readonly names: string; readonly subjects: readonly Subject[] };

/** Names are phrases between commas, in the forms in which people write them. */
const KNOWN_FILTERS: readonly KnownFilter[] = [
  {
    names: 'nsfw, not safe for work, 18+, 18, adult, взрослое, для взрослых, контент для взрослых, нсфв',
    subjects: ['sexual', 'sexual/minors', 'profanity', 'violence/graphic'],
  },
  {
    names: 'nsfl, not safe for life, shock, шок, шок контент, шокирующее, жесть, gore, гуро, расчлененка, трупы',
    subjects: ['violence/graphic', 'self-harm'],
  },
  {
    names:
      'sex, sexual, porn, porno, pornography, erotica, erotic, nudity, секс, сексуальное, порно, порнография, эротика, интим, обнаженка',
    subjects: ['sexual', 'sexual/minors'],
  },
  { names: 'csam, csae, cp, minors, педофилия, детская порнография, цп, pedophilia', subjects: ['sexual/minors'] },
  {
    names:
      'profanity, swearing, swear, swear words, obscenity, obscene, bad words, cursing, мат, маты, матерные слова, нецензурная лексика, нецензурщина, нецензурное, обсценная лексика, ругань, ругательства, сквернословие, брань, матерщина',
    subjects: ['profanity'],
  },
  {
    names:
      'hate, hate speech, racism, racist, xenophobia, nationalism, ненависть, вражда, расизм, ксенофобия, национализм, разжигание, язык вражды',
    subjects: ['hate', 'hate/threatening'],
  },
  {
    names:
      'harassment, bullying, insult, insults, abuse, toxic, toxicity, оскорбление, оскорбления, травля, буллинг, токсичность, токсик, хамство, грубость',
    subjects: ['harassment', 'harassment/threatening'],
  },
  { names: 'threat, threats, threatening, угроза, угрозы', subjects: ['harassment/threatening', 'hate/threatening'] },
  {
    names: 'toxic content, негатив, агрессия, aggression',
    subjects: ['harassment', 'harassment/threatening', 'hate', 'hate/threatening', 'violence'],
  },
  {
    names: 'violence, violent, murder, насилие, жестокость, убийство, убийства',
    subjects: ['violence', 'violence/graphic'],
  },
  {
    names: 'self harm, selfharm, suicide, suicidal, суицид, самоубийство, самоповреждение, селфхарм',
    subjects: ['self-harm', 'self-harm/intent', 'self-harm/instructions'],
  },
  { names: 'drugs, drug, narcotics, наркотик, наркотики, наркота, вещества', subjects: ['drugs'] },
  {
    names: 'weapon, weapons, guns, gun, firearms, оружие, ствол, стволы, взрывчатка, explosives',
    subjects: ['weapons'],
  },
  {
    names: 'illegal, crime, criminal, криминал, преступление, преступления, незаконное, противозаконное, нелегальное',
    subjects: ['illicit', 'illicit/violent', 'drugs'],
  },
  {
    names:
      'politics, political, policy and politics, политика, политику, политики, политическое, политический, политота, полит, выборы',
    subjects: ['politics'],
  },
  {
    names: 'extremism, terrorism, terror, nazism, экстремизм, терроризм, террор, нацизм, фашизм',
    subjects: ['extremism'],
  },
  { names: 'religion, religious, религия, религиозное', subjects: ['religion'] },
  {
    names:
      'spam, ads, ad, advertising, advertisement, promo, promotion, scam, fraud, спам, реклама, рекламное, промо, скам, мошенничество, развод, пиар',
    subjects: ['spam', 'gambling'],
  },
  {
    names: 'gambling, casino, betting, азартные игры, казино, ставки, букмекеры, слоты',
    subjects: ['gambling'],
  },
  {
    names: 'all, any, everything, все, всё, любое',
    subjects: [...CATEGORIES, 'profanity', 'spam', 'extremism'],
  },
];

const BY_NAME: ReadonlyMap<string, readonly Subject[]> = new Map([
  ...KNOWN_FILTERS.flatMap(({ names, subjects }) =>
    names.split(', ').map((name) => [filterKey(name), subjects] as const),
  ),
  ...CATEGORIES.map((category) => [filterKey(category), [category]] as const),
]);

/** The letters and digits of a filter's name, folded, with single blanks between the words. */
function filterKey(name: string): string {
  return String.fromCharCode(...foldText(name))
    .replace(/[^\p{L}\p{N}+]+/gu, ' ')
    .trim();
}

/** The subjects that a filter stands for, if it is one of the known ones. */
export function knownFilterSubjects(filter: string): readonly Subject[] | undefined {
  return filter.length > 64 ? undefined : BY_NAME.get(filterKey(filter));
}
