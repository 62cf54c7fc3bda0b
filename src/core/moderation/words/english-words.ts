// English words by what they say, and Russian obscenities in Latin letters, in the notation of `pattern.ts`.
//
// The long tail of sexual vocabulary comes from a published list (`listed-english-words.ts`); here is what needs a
// weight of its own, a tag for the rules, or its inflections.

import type { WordGroup } from '../word-group.ts';

const OBSCENE: readonly WordGroup[] = [
  {
    disguised: true,
    weights: { profanity: 0.85, harassment: 0.2 },
    words: `
      *fuck* fuk fuk(er|in|ing|s)~ fck fck(ing|n|ed|er)~ phuck~ fking effing mofo~
      (|bull|horse|ape|bat|dip|chicken)shit* clusterfuck~ goddamn* cocksuck* motherf* (na|po|do)hu(i|y|j|ya) xuy xuj
      xuilo huilo huylo huinya huynya pizd(a|u|y|e|ec|ets|es|ets|oi|oy|it|uk|abol)~ pizdets pizdec
      (|za|do|na|vy|po|raz|pro|u|ot)eb(at|al|alo|ala|ali|anyi|aniy|anyj|anut|ashil|lan|anko)* zaebis zaebok
      dolb(o|a)(eb|yob|jeb)~ blya* bly(at|ad)* blia(d|t)* suka blyad~ muda(k|ki|chki|chyo)~ mudak~ gandon~ govno
      zalupa~ manda(vosh)* ahue(t|l|nno)* ohue(t|l|nno)* ohuenno
    `,
  },
  {
    disguised: true,
    weights: { profanity: 0.7, harassment: 0.6 },
    tag: 'insult',
    words: `
      bitch~ bitchy biatch cunt~ asshole~ arsehole~ asshat~ asswipe~ dumbass* jackass* dickhead~ dickwad~ shithead~
      wanker~ twat~ prick_face douchebag~ fuckface~ pidor~ pidar~ pidoras~ pidr
    `,
  },
  {
    weights: { profanity: 0.6, harassment: 0.3 },
    words: 'bastard~ bollocks wank~ stfu gtfo (piece|pieces)_of_shit bullcrap pissed_off piss_off suka suki',
  },
  {
    weights: { profanity: 0.3 },
    words: 'ass arse crap crappy damn~ piss pissed pissing wtf douche~ prick~ lmfao bloody_hell',
  },
];

const INSULTS: readonly WordGroup[] = [
  {
    weights: { harassment: 0.4 },
    tag: 'insult',
    words: `
      idiot~ idiotic moron~ moronic imbecile~ retard retards retarded cretin~ dumb stupid loser~ scum scumbag~
      pathetic worthless ugly disgusting freak lowlife~ dimwit~ halfwit~ numbskull~ subhuman~
    `,
  },
  {
    weights: { harassment: 0.35, sexual: 0.35 },
    tag: 'insult',
    words: 'slut~ slutty whore~ skank~ hoe hoes thot~ bimbo~',
  },
  {
    weights: { hate: 0.75, harassment: 0.6 },
    tag: 'slur',
    disguised: true,
    words: `
      nigger* nigga* nigg(a|er|uh)z kike~ gook~ wetback~ raghead~ towelhead~ (sand|prairie)nigg* faggot~ fagg(y|s)
      tranny trannies dykes golliwog~ porch_monkey~ jigaboo~ beaner beaners camel_jockey~ zipperhead~ chinks
      mudblood_jew hohol~ khokhol~ zhid(|y|ov|ovsk)* churka~ hach
    `,
  },
  {
    weights: { hate: 0.45, harassment: 0.3 },
    tag: 'slur',
    words: `
      fag fags chink coon coons paki pakis spic spics darkie~ gypo~ gyppo~ pikey~ shemale~ dyke honkey~ honky
      slanteye~ untermensch~
    `,
  },
  {
    weights: { hate: 0.75, extremism: 0.8 },
    words: `
      heil_hitler sieg_heil white_power gas_the_(jews|kikes) (hitler_was|hitler_is)_right 1488 14_88 race_war_now
      jews_will_not_replace_us
      kill_all_(jews|muslims|blacks|gays|niggers|whites|christians|arabs|immigrants|trannies|fags)
    `,
  },
];

const SEXUAL: readonly WordGroup[] = [
  {
    disguised: true,
    weights: { sexual: 0.75 },
    tag: 'sexCore',
    words: `
      *porn* pr0n hentai blowjob~ handjob~ rimjob~ deepthroat~ cumshot~ creampie~ gangbang~ bukkake fellatio
      cunnilingus milf~ dildo~ masturbat* jerking_off jerk_off jack_off faping fapp(ing|ed) cocksuck* titfuck~
      buttplug~ rule34 futanari
    `,
  },
  {
    weights: { sexual: 0.65 },
    tag: 'sexCore',
    words: `
      (suck|lick|ride|stroke)~_(my|his|your|that|her)_(dick|cock|pussy|cunt|balls|clit|tits|nipples)
      fuck_(me|her|him)_(hard|harder|now|in|daddy|raw) fuck~_my_(pussy|ass|mouth|wife)
      (my|your|her|wet|tight|shaved)_(pussy|cunt) (my|your|his|hard|big|huge|throbbing|thick)_(cock|dick|boner)
      cum_(in|on|inside|all) make~_me_cum send_nudes send_me_nudes
      nude_(pics|photos|pictures|selfie|selfies|girls|teens|women) naked_(girls|teens|pics|photos|women)
      (oral|anal|rough|hardcore)_sex spread_your_legs talk_dirty_to_me sexting sexcam~ anal_(play|plug|beads|fuck)~
      doggy_style
    `,
  },
  {
    disguised: true,
    weights: { sexual: 0.45 },
    tag: 'sexCore',
    words: `
      nsfw erotic* erotica horny orgasm* orgy orgies boob boobs boobies titties titty tits bdsm fetish~ onlyfans
      camgirl~ stripper~ striptease anal cum cumming pussy pussies
    `,
  },
  { disguised: true, weights: { sexual: 0.25 }, tag: 'sexMild', words: 'sex sexy' },
  { weights: { sexual: 0.4 }, words: 'xxx' },
  { weights: { sexual: 0.25 }, tag: 'bare', words: 'nude nudes nudity naked topless unclothed' },
  {
    weights: { sexual: 0.2 },
    tag: 'sexMild',
    words: `
      sexual sexually penis~ vagina~ vulva~ clitoris ejaculat* semen genital~ intercourse lingerie panties prostitut*
      seduc(e|ed|ing|tive) cock cocks dick breast~ nipple~ condom~ lovemaking
    `,
  },
  {
    weights: { 'sexual/minors': 0.45, sexual: 0.35 },
    words: 'pedophil* paedophil* jailbait pedobear lolita_(porn|sex|nude|pics)',
  },
  {
    weights: { 'sexual/minors': 0.8, sexual: 0.8 },
    words: `
      lolicon~ shotacon~ pthc (kiddie|kiddy|child|teen_underage|preteen|underage)_porn~ childporn~
      csam_(video|videos|pics|link|links) jailbait_(pics|porn|sex)
    `,
  },
];

const VIOLENT: readonly WordGroup[] = [
  {
    weights: { violence: 0.2 },
    tag: 'kill',
    words: `
      kill kills killed killing killin killer~ murder~ slaughter~ slay slaying assassinat* strangl(e|ed|es|ing)
      behead(|s|ing) shoot shooting stab stabs stabbed stabbing poison~ execute_(them|him|her|you) lynch~ massacre~
      exterminate~ choke_(her|him|you|them) burn_(them|him|her|you)_alive
    `,
  },
  {
    weights: { violence: 0.2 },
    tag: 'beat',
    words: `
      beat beats beating punch~ hurt hurting torture~ tortured torturing smash_(your|his|her|their)_(face|skull|head)
      break_(your|his|her|their)_(legs|neck|bones|arms|face) bash~ maim~ whip_him slap
    `,
  },
  { weights: { violence: 0.4 }, tag: 'rape', words: 'rape raped rapes raping rapist~' },
  {
    weights: { violence: 0.45 },
    words: `
      bloodbath massacred genocide~ mass_shooting~ carnage stabbed_to_death beaten_to_death burned_alive burnt_alive
      shot_(him|her|them)_(dead|in)
    `,
  },
  {
    weights: { 'violence/graphic': 0.65, violence: 0.6 },
    words: `
      dismember* disembowel* eviscerat* decapitat*
      (severed|chopped_off|cut_off)_(head|heads|limb|limbs|arm|leg|fingers|hand)~
      (slit|slitting|slashed|cut)_(his|her|their|your|the)_throat~ gouge~_(out|his|her|their)~
      guts_(spill|pour|hang|everywhere|out)~
      (brains|guts|blood|intestines)_(splatter|spatter|spray|spill|gush|oozing|pouring)* blood_and_gore
      (skinned|flayed)_alive ripped_(his|her|their)_(heart|guts|limbs|throat|spine)*
      (rotting|mutilated|mangled)_(corpse|body|bodies|flesh)~ goregasm snuff_(film|video|movie)~
      intestines_(spill|hang|out)~ watchpeopledie best_gore
    `,
  },
  {
    weights: { 'violence/graphic': 0.4, violence: 0.3 },
    words: `
      gore gory mutilat* entrails pool_of_blood blood_everywhere bloody_(corpse|mess|pulp|body) corpse~ bled_out
      bleeding_out covered_in_blood drenched_in_blood bloodied impaled flesh_torn exposed_bone
    `,
  },
];

const SELF_HARM: readonly WordGroup[] = [
  {
    weights: { 'self-harm': 0.35 },
    tag: 'suicide',
    words: 'suicide suicides suicidal selfharm~ self_harm~ self_injury self_mutilation',
  },
  {
    weights: { 'self-harm': 0.6 },
    tag: 'suicide',
    words: `
      (commit|committing|commited|committed|attempt)_suicide
      (slit|slash|cut|cutting)~_(my|your|their)_(wrist|wrists|veins)
      (hang|hanging|drown|starve|starving)_(myself|yourself) (take|taking)_(your|their|ones)_own_life
      (overdose|overdosing)_on_(pills|sleeping|tylenol|paracetamol|drugs)
    `,
  },
  {
    weights: { 'self-harm/intent': 0.85 },
    words: `
      (kill|killing)_myself (end|ending)_(my_life|it_all) (take|taking)_my_own_life wish_i_(was|were)_dead
      wish_i_could_die (i_am|im|ill|id)_(suicidal|better_off_dead|be_better_off_dead) better_off_dead
      (dont|do_not)_want_to_(live|be_alive|exist|live_anymore) no_reason_to_live nothing_to_live_for
      (cut|cutting|hurt|hurting|harm|harming|burn|burning)_myself tired_of_living (feel|feeling|am)_suicidal
    `,
  },
  {
    weights: { 'self-harm/instructions': 0.75 },
    words: `
      (painless|quick|easiest|fastest|best|easy|quickest)_(way|ways|method|methods)_to_(die|kill_myself|kill_yourself|commit_suicide|end_my_life|kill_oneself)
      (lethal|fatal)_dose_of how_to_tie_a_noose how_many_pills_to_(die|overdose|kill) pro_ana thinspo~
    `,
  },
];

const THREATS: readonly WordGroup[] = [
  {
    weights: { harassment: 0.8, 'harassment/threatening': 0.4, 'self-harm': 0.3 },
    words: `
      (kill|hang|shoot|hurt)_yourself kys go_(die|kill_yourself|hang_yourself) drink_bleach
      you_should_(die|kill_yourself) hope_you_die neck_yourself
    `,
  },
  {
    weights: { 'harassment/threatening': 0.75, violence: 0.6 },
    words: `
      (youre|you_are|ur)_(dead|a_dead_man|dead_meat|going_to_die|gonna_die)
      (ill|i_will|gonna|going_to|im_gonna)_(hurt|break|beat|smash|cut|burn|gut|destroy|rape|shoot|stab|murder|slit|end)_(you|your|him|his|her|them|their)
      (i|we)_know_where_(you|u)_(live|work|sleep) watch_your_back sleep_with_one_eye_open
      you_will_(die|pay_with|suffer_and_die)
    `,
  },
  {
    weights: { harassment: 0.55 },
    words: `
      shut_the_(fuck|hell)_up shut_your_(mouth|trap|pie) nobody_(likes|loves)_you everyone_hates_you
      nobody_would_miss_you waste_of_(space|oxygen|air) fuck_(you|off|u) screw_you
      (you_are|youre|ur)_(a_|)(trash|garbage|filth|pig|pigs|vermin|animals|parasite|parasites) go_to_hell eat_shit
    `,
  },
];

export const ENGLISH_WORDS: readonly WordGroup[] = [
  ...OBSCENE,
  ...INSULTS,
  ...SEXUAL,
  ...VIOLENT,
  ...SELF_HARM,
  ...THREATS,
];
