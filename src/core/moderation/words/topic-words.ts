// Words of the topics that only filters ask for: drugs, weapons, gambling, spam, extremism, religion.

import type { WordGroup } from '../word-group.ts';

const DRUGS: readonly WordGroup[] = [
  {
    weights: { drugs: 0.65, illicit: 0.25 },
    tag: 'drug',
    words: `
      мефедрон~ меф_(купить|закладк)* метамфетамин~ амфетамин~ героин героина героином героину кокаин~
      марихуан(а|ы|у|ой|е) гашиш~ лсд мдма экстази спайс(ы|ов) наркот(а|у|ы|ой) наркотик~ наркотическ~ опиум~ метадон~
      кетамин~ закладк(а|и|у|ой|ами|чик~) кладмен~ альфапвп гидропоник~ псилоцибин~ фентанил~ дезоморфин~
      бошки_(шишки|купить)* шишки_бошки крокодил_наркот* каннабис~ ганджубас* травк(у|и)_курить methamphetamine~ meth
      crystal_meth heroin cocaine marijuana cannabis weed_(dealer|for_sale) hashish lsd mdma
      ecstasy_(pill|pills|tablets) ketamine~ fentanyl psilocybin magic_mushrooms opioid~ narcotic~ amphetamine~
      mephedrone dmt ghb rohypnol oxycodone crack_cocaine
    `,
  },
  {
    weights: { drugs: 0.25 },
    words: `
      наркоман~ наркозависим~ наркодилер~ барыг(а|и) накурил~ таблеточк~_под weed stoned
      drug_(dealer|addict|abuse|use)~ drugs joint_of overdose~
    `,
  },
];

const WEAPONS: readonly WordGroup[] = [
  {
    weights: { weapons: 0.6, 'illicit/violent': 0.1 },
    tag: 'weapon',
    words: `
      автомат_калашникова калашников(|а|у) пистолет~ револьвер~ винтовк~ дробовик~ пулемет~ огнестрел~ огнестрельн~
      боеприпас~ обрез_ружья травмат(|а|ы) глушитель_(для|на)_(пистолет|винтовк|оруж)~ ствол(|ы)_(купить|продам|куплю)
      оружи(е|я|ю|ем|и) firearm~ handgun~ shotgun~ rifle~ ak47 ar15 pistol~ revolver~ machine_gun~ submachine_gun~
      ammunition silencer_for ghost_gun~ weapon~ gun guns
    `,
  },
  {
    weights: { weapons: 0.6, 'illicit/violent': 0.2 },
    tag: 'bomb',
    words: `
      бомб(а|ы|у|е|ой|ам|ами|ах) взрывчатк(а|и|у|е|ой) взрывн~_устройств~ взрывчат~_веществ~ тротил~ динамит~ пластид~
      гексоген~ коктейл~_молотова напалм~ гранат(а|у|ой) самодельн~_бомб~ термит_смесь зажигательн~_смес~ аммонал~
      bomb bombs pipe_bomb~ explosive~ explosive_device~ grenade~ napalm molotov_cocktail~ molotov~ c4_explosive ied
      ieds dynamite nitroglycerin~ thermite tatp anfo nerve_gas sarin chemical_weapon~ dirty_bomb~ nail_bomb~
    `,
  },
  {
    weights: { 'illicit/violent': 0.1 },
    tag: 'poison',
    words: `
      яд яда яды ядом рицин~ цианид~ цианистый_калий отрав(а|у|ы) мышьяк~ полоний poison poisons ricin cyanide arsenic
      strychnine
    `,
  },
];

const GAMBLING: readonly WordGroup[] = [
  {
    weights: { gambling: 0.7, spam: 0.2 },
    words: `
      казино онлайн_казино вулкан_(казино|платинум|вегас) букмекер~ 1xbet фрибет~ игров~_автомат~ слот(ы|ов)_онлайн
      азартн~_игр~ ставк(и|а|у)_на_спорт джекпот~ фриспин~ рулетк(а|у|и)_онлайн пинап покердом~ мостбет casino~
      online_casino~ sportsbook~ sports_betting betting_(site|sites|odds|tips) slot_machine~ slots_online free_spins
      jackpot~ gambling gamble~ roulette blackjack bookmaker~ pokerstars
    `,
  },
];

const SPAM: readonly WordGroup[] = [
  {
    weights: { spam: 0.6 },
    words: `
      (заработ|доход)~_(без_вложений|от|в_интернете|на_дому|в_день|онлайн) заработай~_(от|до|деньги|прямо|уже)
      (быстр|легк|пассивн)~_(заработ|доход|деньг)~ (жми|кликай|тыкай)_(сюда|на|по|скорее) переход(и|ите)_по_ссылк*
      перейди(|те)_по_ссылк* по_ссылке_в_(профиле|описании|био|шапке) ссылка_в_(профиле|описании|био|шапке)
      подпи(шись|сывайся|сывайтесь|шитесь)_на_(канал|мой|наш|группу|телеграм)
      пиш(и|ите)_в_(лс|личку|директ|личные|телеграм|вотсап|тг)
      (кредит|займ|кредиты|займы)~_(без_отказа|без_справок|онлайн|за_5|на_карту)
      без_(вложений|обмана|регистрации_и_смс|смс_и_регистрации) успей(|те)_купить только_сегодня_(скид|акци|беспл)*
      только_сегодня_(по|со|до) (вы|ты)_выиграл(|и) получи(|те)_(приз|бонус|подарок|выигрыш|деньги)
      гарантированн~_(доход|прибыл|заработ)~ (накрутк|продвижени)~_(подписчик|лайк|просмотр)~ купить_диплом~
      диплом_купить удаленн~_(работа|заработ)~_(от|без)
      (ищем|требуются|набираем)_(людей|партнеров|сотрудников)_(на|для|в)_(удален|команду|онлайн)* увеличени~_член~
      похудеть_за арбитраж_крипт* криптоинвест* инвестируй(|те)_в работа_от_18 t_me bit_ly
      click_(here|this|the_link|below|now) buy_now act_now limited_(time_offer|offer|time_only)
      (earn|make)_(money|cash|up_to|extra)_(online|fast|from|now|at|while) make_money_fast work_from_home
      (free|easy|fast)_(money|cash|bitcoin|gift_card|iphone)~ (you_have|youve|you)_won congratulations_you_(have|won)*
      (claim|get|collect)_your_(prize|reward|free|bonus|gift)~ 100_(free|guaranteed) risk_free
      (no|zero)_(credit_check|investment|obligation) order_now subscribe_to_my follow_me_on dm_me_(for|to|if)
      check_out_my_(channel|profile|page|onlyfans|link)~ link_in_bio viagra cialis penis_enlargement lose_weight_fast
      cheap_(meds|pills|viagra|followers) buy_(followers|likes|viagra)* double_your_(bitcoin|money|btc)
      crypto_(giveaway|investment|signals)~ special_promotion winner_announcement dear_winner unsubscribe_here
    `,
  },
  {
    weights: { spam: 0.25 },
    words: `
      скидк~ промокод~ распродаж~ бесплатн~ выигр(ай|айте|ыш~) розыгрыш~ заработ(ок|ка|ке|ать) кэшбэк~ подпишись
      подписывайтесь репост~ реферал* вложений прибыл(ь|и) выгодн~ закажи(|те) звоните гарант~ telegram_channel
      whatsapp discount~ promo promocode giveaway~ bonus subscribe guaranteed offer~ prize~ winner~ investment~ crypto
      cheap
    `,
  },
];

const OTHER: readonly WordGroup[] = [
  {
    weights: { extremism: 0.7 },
    words: `
      игил исламск~_государств~_(запрещ|ирак|боевик)* джихад~ джихадист~ шахид(|ы|ов|ка) террорист~ теракт~ терроризм~
      неонаци* нацизм~ нацист~ свастик~ талибан~ аль_каид~ хизбалла хамас~
      (вступ|присоедин)*_(в|к)_(игил|джихад|талибан|нацбат)~ правый_сектор isis jihad~ jihadist~ terrorist~ terrorism
      neo_nazi~ neonazi~ nazism swastika al_qaeda hezbollah hamas taliban white_supremac* ethnic_cleansing
    `,
  },
  {
    weights: { extremism: 0.4 },
    words: `
      экстремис* гитлер~ фашист~ террор~ радикал(|ы|ов|изм) боевик(и|ов|ам) nazi nazis hitler extremis(t|m)~ radicali*
      fascist~ ku_klux_klan kkk
    `,
  },
  {
    weights: { religion: 0.6 },
    words: `
      религи~ религиозн~ церков(ь|н|ью)~ церкви мечет(ь|и|ью) синагог~ библи(я|и|ю|ей) коран(|а|е|у) христианств~
      православ(ие|н|ия)~ католи(к|ц|ческ)~ ислам~ мусульман~ иудаизм~ буддизм~ буддист~ молитв~ священник~ патриарх~
      атеист~ атеизм~ иисус~ христос аллах~ богослуж* крещени~ господь_бог сектант~ папа_римский имам(|ы|а) раввин~
      religion~ religious church~ mosque~ synagogue~ bible quran koran christianity christian~ catholic~
      orthodox_church islam islamic muslim~ judaism buddhism buddhist~ hinduism prayer~ priest~ atheis(t|m)~ jesus
      christ allah jehovah sermon~ baptism gospel~ rabbi~
    `,
  },
];

const ILLICIT: readonly WordGroup[] = [
  {
    weights: { illicit: 0.6 },
    words: `
      (взломать|взломаю|взлом|хакнуть|взламывать)_(аккаунт|почт|страниц|вай|wifi|чуж|инстаграм|телеграм|сайт|банк|карт|пароль|телефон|камер)*
      (поддельн|фальшив|липов)~_(паспорт|прав|документ|справк|деньг|купюр|диплом|сертификат|рубл|доллар)~
      (отмыть|отмывать|отмывание|обналичить|обнал)_(деньг|денег|средств|крипт|карт)* кардинг~
      (украден|ворован|краден)~_карт~ дать_взятку уклон*_от_(уплаты_налогов|налогов)
      (купить|продать|продам)_(права|паспорт|базу_данных|сканы_паспортов) скрыть_(труп|тело|улики|убийство)
      спрятать_(труп|тело) избавиться_от_(трупа|тела|улик) (угнать|вскрыть|завести_чужую)_(машин|авто|тачк)*
      обойти_(сигнализаци|иммобилайзер)* ddos_атак* дудос* скиммер~ фишингов~_(сайт|страниц|письм)~ угон_(машин|авто)*
      hack_(into|someones|my_neighbors|my_girlfriends|my_ex|a_bank|an_account|facebook|instagram|wifi) hacking_into
      (fake|forged|counterfeit)_(passport|id|money|bills|documents|license|currency|prescription|dollars)
      launder~_(money|cash) money_laundering_(scheme|guide|tips) credit_card_fraud
      stolen_(credit|cards|identity|passwords)* identity_theft hide_a_(body|corpse|dead_body)
      (get_rid_of|dispose_of|disposing_of)_(a|the)_(body|corpse|evidence|bodies) evade_taxes bribe_(a|an|the) hotwire
      pick_a_lock_to steal_(a_car|cars|credit|identit|passwords|from_a_store) shoplift* without_getting_caught
      phishing_(page|site|email|kit)~ ransomware_(code|kit|builder) keylogger_(code|for)* ddos_(a|someone|the|attack)
      carding_(tutorial|guide|forum)
    `,
  },
];

export const TOPIC_WORDS: readonly WordGroup[] = [...DRUGS, ...WEAPONS, ...GAMBLING, ...SPAM, ...OTHER, ...ILLICIT];
