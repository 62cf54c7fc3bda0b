// Everyday words that rules speak of. They carry no weight of their own.

import type { WordGroup } from '../word-group.ts';

export const RULE_WORDS: readonly WordGroup[] = [
  {
    tag: 'not',
    words: 'не ни нельзя никогда not dont doesnt didnt never cant cannot wont wouldnt shouldnt no isnt without',
  },
  { tag: 'you', words: 'ты вы тебя тебе тобой вас вам вами твой твоя твои ваш ваша ваши you your youre yours u ur ye' },
  {
    tag: 'person',
    words: `
      тебя вас его ее их тебе вам ему ей им меня нас всех кого кого_то кого_нибудь людей человека человек женщину
      мужчину соседа соседку жену мужа брата сестру мать отца маму папу бабушку начальника учителя учительницу
      одноклассник(а|ов) полицейск(ого|их) мента ментов президента бывш(ую|его|их) девушку парня ребенка детей
      врага_народа коллегу директора you him her them me us everyone everybody someone somebody people person human
      humans man woman men women wife husband neighbor neighbour neighbors boss_at_work teacher teachers classmates
      cop cops police child children kids girlfriend boyfriend mother father brother sister coworker~ president
      parents
    `,
  },
  {
    tag: 'want',
    words: `
      хоч(у|ешь|ет|ется|ут) хотим хотел(|а|и|ось) мечтаю собираюсь планирую буду будем надо нужно пора намерен
      давай(|те) должен должны должна решил решила пойду готов готова заставлю готовлюсь want wants wanna wanted going
      gonna will ill planning plan intend must need should lets let shall must gotta hope wish ready
    `,
  },
  { tag: 'all', words: 'все всех всем всеми каждого каждый all every each' },
  {
    tag: 'howto',
    words: `
      как каким_образом научи(|те) расскажи_как объясни_как способ(|ы|а|ов) инструкци(я|ю|и) рецепт~ пошагов~
      схем(а|у) гайд(|ы) где подскажи(|те) помоги(|те) напиши(|те) дай(|те) how howto guide instruction~ tutorial
      recipe step_by_step teach explain steps ways method~ where tell show give write
    `,
  },
  {
    tag: 'make',
    words: `
      (с|)дела(ть|ю|ть|ем|ется|ют) изготов(ить|лю|ление|лении|лять|ления) собрать собираю соберу
      приготов(ить|лю|ление) синтезир* синтез(|а) сварить варить сварю созда(ть|ю|ние|м) произвести вырастить
      выращивать смешать make makes making build building built create creating cook cooking synthesi* assemble
      assembling produce producing manufacture manufacturing brew construct grow growing
    `,
  },
  {
    tag: 'trade',
    words: `
      купить куплю покупка покупк(а|у|и) продам продаю продать продажа продаж(а|у|и) заказать достать сбыт(|ать) buy
      buying sell selling sold purchase order smuggle smuggling deal dealing score
    `,
  },
  {
    tag: 'exterminate',
    words: `
      истреб(ить|лять|им|лю|ление)~ уничтож(ить|ать|им|ение)~ перебить перерезать вырезать перестрелять расстрелять
      повесить сжечь убивать убить убей бей режь депортировать стрелять вешать exterminate eradicate annihilate kill
      murder slaughter shoot lynch gas burn hang execute wipe_out
    `,
  },
  { tag: 'death', words: 'смерть death_to долой death' },
  {
    tag: 'hateVerb',
    words: `
      ненавижу ненавидим презираю терпеть_не_могу ненавист(ь|и)_к hate hates despise loathe cant_stand detest
    `,
  },
  {
    tag: 'shouldDie',
    words: `
      сдохнуть сдохнут умереть гореть подохнуть исчезнуть сдохли передохли вешать расстреливать die burn_in_hell
      perish be_(killed|shot|hanged|exterminated|gassed|burned|executed|deported|eradicated|lynched)
    `,
  },
  {
    tag: 'group',
    words: `
      евре(й|и|ев|ям|ями|ях|я|йк|йск|ю|ем)~ мусульман(е||ам|ами|ин|ина|ку|ка) христиан(е|ам|ами|) кавказц(ы|ев|ам|ами)
      азиат(ы|ов|ам|ами) таджик(и|ов|ам|ами) узбек(и|ов|ам|ами) киргиз(ы|ов|ам) цыган(|е|ам|ами) украинц(ы|ев|ам|ами)
      русски(е|х|м|ми) армян(|е|ам|ами) чечен(ы|цы|цев|цам) дагестанц(ы|ев|ам) геи геев геям геями гомосексуал*
      лесбиян(|ки|ок) трансгендер~ транс(ы|ов) иммигрант(ы|ов|ам|ами) мигрант(ы|ов|ам|ами) беженц(ы|ев|ам|ами)
      инвалид(ы|ов|ам|ами) араб(ы|ов|ам|ами) негр(ы|ов|ам|ами) африканц(ы|ев) китайц(ы|ев|ам) американц(ы|ев|ам)
      поляк(и|ов) белорус(ы|ов|ам) грузин(|ы) татар(ы|ам) буддист(ы|ов) католик(и|ов) православн(ые|ых)
      понаехавш(их|ие) jew jews jewish muslim muslims black_people blacks gays gay_people lesbians homosexuals
      transgender trans_people transgenders immigrants migrants refugees christians arabs asians mexicans gypsies roma
      ukrainians russians chinese_people indians disabled_people hispanics latinos africans whites white_people
      catholics hindus poles
    `,
  },
  {
    tag: 'softGroup',
    words: `
      женщин(|ы|ам|ами) бабы баб мужчин(|ы|ам) мужик(и|ов) стариков девушки девушек women woman men girls females
      males elderly feminists феминист(ки|ок|кам)
    `,
  },
  {
    tag: 'dehumanize',
    words: `
      недочеловек~ крыс(ы|ам|ами) таракан(ы|ам|ами|ов) паразит(ы|ов|ами) мусор грязь свинь(и|ями|ям) скот зверье
      животные биомусор* раб(ы|ами) второй_сорт вырождени* чума обезьян(ы|ами|ам) паразит~ грязные тупые воры_и
      террористы преступники не_люди нелюди vermin rats cockroaches subhuman subhumans parasites filth animals scum
      pigs monkeys savages apes plague disease inferior terrorists criminals rapists not_human trash cancer dirty
    `,
  },
  {
    tag: 'minor',
    words: `
      ребен(ок|ка|ку|ком|ке) дет(и|ей|ям|ьми|ях) детск~ малолет* несовершеннолетн~ школьниц~ школьник~
      подрост(ок|ка|ки|ков|кам|ками|ковый|ковая) девочк(а|и|у|е|ой|ам|ами) девочек мальчик~ дошкольн~ первоклассн~
      младенц~
      (пятилетн|шестилетн|семилетн|восьмилетн|девятилетн|десятилетн|двенадцатилетн|тринадцатилетн|четырнадцатилетн|пятнадцатилетн)~
      (7|8|9|10|11|12|13|14|15)_лет (7|8|9|10|11|12|13|14|15)_летн~ child children childs kid kids minor minors
      underage teen teens teenage teenager~ preteen~ schoolgirl~ schoolboy~ little_(girl|girls|boy|boys)
      young_(girl|girls|boy|boys) toddler~ infant~ loli lolis shota (7|8|9|10|11|12|13|14|15)_(yo|year|years|yr)
      (five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen)_year~
    `,
  },
  {
    tag: 'protect',
    words: `
      воспитани~ просвещени~ образовани~ защит(а|ы|е|у|ить|ой) профилактик~ предотвра* предупрежд* помощь помочь
      помог* борьб(а|ы|е|у) бороться закон~ стать(я|и|ю|е) уголовн~ преступлен~ телефон_доверия кризисн~ осужд*
      осудил* приговор* арест* суд уроки урок лекци* педагог~ психолог~ жертв~ пострадавш~ противодейств* запре*
      фильтр~ наказани~ ответственност~ исследовани~ насили~ education educational prevent preventing prevention
      protect protecting protection help hotline support awareness law laws legal illegal against convicted arrested
      charged sentenced victims victim survivors research study statistics therapy counseling combat stop report
      reporting abuse policy
    `,
  },
  {
    tag: 'harmless',
    words: `
      процесс~ время времени час часы часик вечер вечера день минут~ поток~ задач(у|и|а) сервер~ сессию баг(|и|а|ов)
      программ(у|а|ы) приложени~ комар(|а|ов|ы) таракан(|а|ов|ы|ам) мух(|у|и) клоп(|а|ов|ы) моль муравь* крыс(|у)
      мыш(ь|ей|и) микроб(|ы|ов) бактери~ вирус(|ы|а|ов) сорняк~ осу осы ос клещ(|ей|а|и) плесень жажд(у|а) голод
      аппетит настроени~ надежд(у|ы) мечт(у|ы) интриг(у|а) интерес~ босс(|а|у|ов|ы) моб(|а|ов|ы) монстр~ дракон~ зомби
      гоблин~ орк(|а|ов|и) скелет~ крипер~ эндермен~ дракон персонаж~ нпс игр(а|е|у|ы|ах|ой) игров~ игрок~ уровень
      уровня майнкрафт~ дота доту доте скайрим~ ведьмак~ варкрафт~ шутер~ квест~ кс_го геймплей матч~ турнир~ сыгра*
      шахмат* фигур~ короля ферз* гол голы ворот(а|ам) мяч~ рекорд~ соперник~ команд(а|у|ы)_(соперн|против)* яйца
      белки яйцо сливки тесто крем ковер рекорды такт доск(а|у) молок* муку фотограф* кадр~ утк(а|у|и) оленя кабана
      рыб(а|у|ы|ок) дичь мишен~ тир тире лук лука арбалет~ краской пейнтбол~ страйкбол~ селфи видео клип~ process
      processes processed pid task tasks thread threads job jobs server session daemon container containers pod
      program app script query connection tab tabs time hours hour minutes afternoon evening bug bugs bacteria germs
      virus viruses weed weeds mosquito~ ants roaches wasp~ insects mold fleas ticks lice cancer cells switch engine
      lights light vibe mood joke jokes buzz joy two_birds boss bosses mob mobs monster~ dragon~ zombie~ goblin~ orc
      orcs npc npcs game games gaming minecraft dota skyrim level quest enemy enemies gta fortnite valorant csgo raid
      dungeon player players character characters photo photos video videos film movie scene movies footage basketball
      hoop hoops arrow target egg eggs record records drum drums opponent opponents team cream odds deadline traffic
      spam performance command signal signals sigkill score goal goals chess
    `,
  },
  {
    tag: 'dog',
    words: `
      собак~ щен(ок|к)~ кобел~ питомник~ пород(а|ы|у|е|ой) течк(а|и|у) вязк(а|и|у) овчар(к|ок)~ лабрадор~ такс(а|ы|у)
      хозяин хозяйк~ бешен~ родил~ стерилиз*
    `,
  },
  {
    tag: 'media',
    words: `
      фото фотк(а|и|у) фотограф(ии|ия|ий|ию) видео картинк(а|и|у) нарисуй видос~ pics pic photo photos picture
      pictures images image video videos draw porn
    `,
  },
  { tag: 'wish', words: 'хочу хочется хотел(а|) мечтаю собираюсь решил решила планирую want wanna wish' },
  {
    tag: 'sexualMinor',
    words: `
      школьниц~ несовершеннолетн~ малолет(к|н)~ девочк(а|и|у|ами|ам) девочек подростк(ов|ами|и) schoolgirl~ underage
      preteen~ teen teens teenage loli lolis
    `,
  },
  { tag: 'die', words: 'умереть сдохнуть умру сдохну подохнуть помереть die dying dead' },
  { tag: 'bodyAct', words: 'изнасилую изнасиловать насиловать отыметь rape raping molest molesting' },
  {
    tag: 'joke',
    words: `
      смеха смеху смеющ~ скуки скука laughter laughing boredom embarrassment cringe любопытства curiosity усталости
      зависти счастья
    `,
  },
  {
    tag: 'bath',
    words: `
      ванн(а|ы|у) ванной шипуч~ соляная bath bombs_for_bath photobomb фотобомб* соли cherry bathbomb сок(|а) гранатов*
      браслет*
    `,
  },
];
