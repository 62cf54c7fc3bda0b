// Words of politics for the filter of that name: offices, institutions, elections, movements, and holders of offices.
//
// The list takes no side: a word is here because a text with it is about politics, whoever it is about. Words with
// everyday senses ("партия", "выбор", "дума", "policy") count only in company.

import type { WordGroup } from '../word-group.ts';

export const POLITICAL_WORDS: readonly WordGroup[] = [
  {
    weights: { politics: 0.7 },
    words: `
      политик политика_(россии|сша|государства|запада|кремля|партии) внутренн~_политик~ внешн~_политик~ геополит*
      политолог~ политтехнолог~ политзаключенн~ политическ~ политбюро аполитичн~ политота госдум~
      государственн~_дум(а|ы|у|е|ой) совет~_федерации совфед~ парламент~ парламентар* депутат~ сенатор~ конгрессмен~
      законодательн~_собран~ верховн~_рад(а|ы|у|е|ой) бундестаг~ кнессет~ сейм~ палат~_представителей палат~_общин
      президент~_(россии|рф|сша|украины|белоруссии|беларуси|казахстана|франции|страны|республики|путин|зеленск|трамп|байден|лукашенк|токаев)~
      премьер_министр~ вице_премьер~ министр~ министерств~ замминистр~
      правительств~_(россии|рф|сша|украины|страны|республики|германии) канцлер~ губернатор~ генсек~ госсекретар~
      администраци~_президента выборы выборов выборах выборами предвыборн~ избиратель избирател(и|я|ей|ям|ю)
      избирательн~_(участ|комисс|кампани|урн|бюллетен)* избирком~ центризбирком* цик_рф электорат~ референдум~
      импичмент~ инаугурац* голосован*_(за|против|по_поправкам) праймериз оппозици~ оппозиционер~ митинг~ митингующ~
      протестующ~ революционер~ госпереворот~ государственн~_переворот~ майдан~ путч~
      свергнуть_(власть|режим|правительство|президента) (власт|режим)~_(путин|лукашенк|зеленск|трамп|байден)~
      конституционн~_(строй|реформ|поправк)~ един~_росси~ единоросс~ кпрф лдпр справедлив~_росси~ новые_люди
      яблоко_(партия|партии) компарти~ демократическ~_парти~ республиканск~_парти~ либерал(|ы|ов|ам|ами)
      консерватор(ы|ов|ам) либерализм~ коммунизм~ коммунист~ социалист~ фашизм~ монархист~ анархист~ националист~
      демократи~ диктатур~ тоталитар* авторитар* пропагандист~ госпропаганд* путин~ путинск~
      медведев_(заявил|написал|сообщил)~ мишустин~ володин~ матвиенко лавров~_(заявил|сообщил|министр)* шойгу
      песков_(заявил|сообщил|ответил)* навальн(ый|ого|ому|ым|ом) зеленск(ий|ого|ому|им|ом) порошенк~ лукашенк~ токаев~
      назарбаев~ мирзиеев~ алиев~ пашинян~ эрдоган~ байден~ трамп(|а|у|ом|е) обам(а|ы|у|е|ой) макрон(|а|у|ом) меркель
      шольц~ зюганов~ жириновск(ий|ого|ому|им|ом) явлинск(ий|ого|ому|им|ом) горбачев~ ельцин~ сталин~
      ленин(|а|у|ым|е|изм~) тэтчер нетаньяху си_цзиньпин* ким_чен_ын(|а|у|ом|е) спецопераци~ участ(ник|ие|ник)~_сво
      зон~_сво аннекси~ сепаратист~ донбасс~ днр лнр крымнаш крым_наш санкции_против* антироссийск~ антисоветск~
      русофоб* нато оон евросоюз~ госдеп~ кремлевск~ иноагент~ иностранн~_агент~
    `,
  },
  {
    weights: { politics: 0.45 },
    words: `
      кремл(ь|я|ю|ем|е) президент(|а|у|ом|е|ы|ов|ск~) правительств~ санкци(и|й|ям|ями|ях) чиновник~
      мэр(|а|у|ом|ы|ия|ии) мэрия муниципал* госслужащ~ законопроект~ конституци(я|и|ю|ей) мобилизаци~ революци~
      переворот~ пропаганд~ агитаци~ госизмен~ суверенитет~ федераци(я|и|ю|ей) дипломат~ посольств~ мид мигрант~
      либеральн~ патриот~ олигарх~ коррупци~ коррупционер~ власти_(страны|города|региона|россии|украины|сша)
      режим_правления однопартийн~ бюджетник~
    `,
  },
  {
    weights: { politics: 0.2 },
    words: `
      парти(я|и|ю|ей|й) партийн~ политику политики политике политикой политик(ам|ами|ах|ов) государств~ государственн~
      госуправлени~ выбор(ам) голосова* закон~ власт(ь|и|ью|ей) войн(а|ы|у|е|ой) страна народ~ гражданин~ реформ~
      налог~ украин(а|ы|у|е|ой) сша
    `,
  },
  { weights: { politics: 0.4 }, tag: 'policyWord', words: 'политика' },
  {
    weights: { politics: 0.7 },
    words: `
      politics political politically politician~ geopolitic* congressman congresswoman congressmen senator~ senate
      parliament~ parliamentary lawmaker~ prime_minister~ kremlin white_house bundestag knesset
      house_of_(commons|lords|representatives) capitol_hill state_duma election elections electoral electorate
      ballot_box voter voters referendum~ impeach* inaugurat* midterm_elections
      presidential_(election|campaign|candidate|debate|race)
      president_(putin|biden|trump|obama|zelensky|zelenskyy|macron|xi|erdogan|lukashenko|of_the_united) gubernatorial
      campaign_trail gerrymander* democrats republicans gop republican_party democratic_party labour_party tories
      communist_party socialist~ communis(t|m)~ fascis(t|m)~ marxis(t|m)~ anarchis(t|m)~ libertarian~ left_wing
      right_wing far_(right|left) dictatorship~ authoritarian* totalitarian* coup_detat regime_change putin putins
      biden bidens zelensky zelenskyy donald_trump trumps_(policy|campaign|administration|tariffs) obama navalny
      lukashenko erdogan netanyahu xi_jinping kim_jong_un merkel macron kamala_harris hillary_clinton vladimir_putin
      nato united_nations european_union sanctions_(against|on) geneva_convention annexation separatist~
      opposition_(leader|party|parties)
    `,
  },
  {
    weights: { politics: 0.4 },
    words: `
      president~ government~ governor~ minister~ trump republican~ democrat~ democratic democracy democracies
      legislation~ ballot~ vote~ voted voting diplomat~ embassy sanctions propaganda conservatives liberals
      constitutional corruption protesters brexit immigration_policy foreign_policy mayor~ congress
    `,
  },
  {
    weights: { politics: 0.2 },
    words: `
      party parties policy policies state states law laws tax taxes war reform~ citizen~ nation~ country power vote
    `,
  },
];
