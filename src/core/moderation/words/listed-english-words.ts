// The English part of the "List of Dirty, Naughty, Obscene and Otherwise Bad Words" (CC BY 4.0), as sexual vocabulary.
//
// The list is made for refusing search suggestions, so it has words that are mostly innocent, and words that are no
// sexual vocabulary at all. Those are left out here; what Tolmach weighs itself is in `english-words.ts`.

import listed from 'naughty-words/en.json';
import { foldedString } from '../fold-text.ts';
import type { WordGroup } from '../word-group.ts';

/** Listed words that Tolmach weighs by itself or that honest texts are full of. */
const LEFT_OUT = new Set(
  `alaskan pipeline| anal| apeshit| arsehole| ass| asshole| babeland| ball gag| ball kicking| bareback| bastard|
   bastardo| bastinado| bbw| bdsm| beaner| beaners| big black| big breasts| bimbos| birdlock| bitch| bitches|
   blonde action| bollocks| bondage| boner| boob| boobs| brunette action| bullshit| busty| butt| buttcheeks|
   butthole| camel toe| chocolate rosebuds| cialis| circlejerk| clover clamps| clusterfuck| cock| cocks| coon|
   coons| cornhole| cum| cumming| cunt| darkie| date rape| daterape| dick| dingleberry| dingleberries| dirty
   pillows| domination| donkey punch| dommes| dvda| ecchi| ejaculation| erotic| erotism| escort| eunuch| fag|
   faggot| fecal| figging| fingering| fuck| fuck buttons| fuckin| fucking| fucktards| genitals| girl on| girl on
   top| god damn| goregasm| grope| guro| hard core| hardcore| hentai| honkey| hooker| horny| hot chick| how to
   kill| how to murder| huge fat| humping| intercourse| jailbait| jelly donut| jigaboo| jiggaboo| jiggerboo| juggs|
   kike| knobbing| leather restraint| lemon party| lolita| lovemaking| make me come| missionary position| mong|
   motherfucker| mound of venus| mr hands| negro| neonazi| nig nog| nigga| nigger| nimphomania| nipple| nipples|
   nsfw| nsfw images| nude| nudity| nutten| nymphomania| octopussy| orgasm| orgy| paedophile| paki| panties| panty|
   pedobear| pedophile| pegging| penis| piece of shit| pikey| pissing| playboy| pleasure chest| poof| poon| pthc|
   pubes| pussy| raghead| rape| raping| rapist| rectum| rimming| sadism| santorum| scat| schlong| scissoring|
   semen| sex| sexo| sexual| sexuality| sexually| sexy| shit| shitty| shota| shrimping| skeet| slanteye| slut| s&m|
   smut| snatch| snowballing| spastic| spic| splooge| spooge| spunk| strap on| strappado| strip club| suck| sucks|
   suicide girls| sultry women| swastika| swinger| tainted love| taste my| tied up| tight white| tit| tits|
   titties| titty| tongue in a| topless| tosser| towelhead| tranny| tushy| twat| twink| twinkie| undressing|
   vagina| venus mound| viagra| vibrator| violet wand| voyeur| voyeurweb| voyuer| vulva| wank| wetback| white
   power| whore| wrapping men| xx| xxx| yaoi| dolcett| prince albert piercing| style doggy| ball sack| incest|
   dominatrix| omorashi| kinky| kinkster| sodomy| sodomize| threesome| masturbate| masturbating| masturbation|
   homoerotic| gay sex`
    .split('|')
    .map((words) => words.replace(/\s+/g, ' ').trim()),
);

const kept = listed
  .filter((words) => !LEFT_OUT.has(words))
  .map((words) =>
    foldedString(words)
      .trim()
      .split(/[^a-z0-9]+/),
  )
  .filter((words) => words.every((word) => word !== ''));

export const LISTED_ENGLISH_WORDS: readonly WordGroup[] = [
  { weights: { sexual: 0.55 }, words: kept.map((words) => words.join('_')).join(' ') },
  {
    weights: { sexual: 0.3 },
    words: `
      bondage boner hooker~ escort_(girl|girls|service) voyeur~ kinky kinkster incest~ sodomy threesome~ dominatrix
      bareback sadism busty yaoi ecchi twink~ vibrator~ butthole~ gay_sex schlong smut
    `,
  },
];
