// What the embedded moderation guarantees: the categories of plain and disguised texts in both languages, honest
// texts left alone, free filters, and time that is linear in the text.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  CATEGORIES,
  type Category,
  FLAG_THRESHOLD,
  MODERATION_MODEL,
  moderateFilters,
  moderateText,
  projectVerdict,
  SEVEN_CATEGORIES,
} from '../../src/core/moderation/index.ts';

function flaggedOf(text: string): Category[] {
  const { categories } = moderateText(text);
  return CATEGORIES.filter((category) => categories[category]);
}

/** Texts and every category that must be flagged. Where a wider category contains a narrower one it is flagged too. */
const PLAIN: readonly (readonly [string, readonly Category[]])[] = [
  ['I want to kill them.', ['harassment', 'harassment/threatening', 'violence']],
  ["I'm going to kill you", ['harassment', 'harassment/threatening', 'violence']],
  ['Я тебя убью', ['harassment', 'harassment/threatening', 'violence']],
  ['Я хочу убить своего соседа', ['harassment', 'harassment/threatening', 'violence']],
  ['чтоб ты сдох', ['harassment', 'harassment/threatening']],
  ['убей себя', ['harassment']],
  ['Kill yourself', ['harassment']],
  ['ты дебил', ['harassment']],
  ['Ты тупой урод', ['harassment']],
  ['you are a stupid idiot', ['harassment']],
  ["you're a worthless piece of shit", ['harassment']],
  ['пошёл на хуй', ['harassment']],
  ['Ненавижу евреев', ['hate']],
  ['All muslims are terrorists', ['hate']],
  ['Kill all jews', ['hate', 'hate/threatening', 'violence']],
  ['Смерть хохлам!', ['hate', 'hate/threatening', 'harassment', 'violence']],
  ['women should be killed', ['hate', 'hate/threatening', 'violence']],
  ['хочу умереть', ['self-harm', 'self-harm/intent']],
  ['не хочу больше жить', ['self-harm', 'self-harm/intent']],
  ['I want to kill myself', ['self-harm', 'self-harm/intent']],
  ["I don't want to live anymore", ['self-harm', 'self-harm/intent']],
  ['как покончить с собой безболезненно', ['self-harm', 'self-harm/instructions']],
  ['how to commit suicide painlessly', ['self-harm', 'self-harm/instructions']],
  ['порно видео', ['sexual']],
  ['suck my dick', ['sexual']],
  ['детская порнография', ['sexual', 'sexual/minors']],
  ['голые школьницы', ['sexual', 'sexual/minors']],
  ['naked underage girls', ['sexual', 'sexual/minors']],
  ['отрубленная голова и кишки наружу', ['violence', 'violence/graphic']],
  ['he slit her throat and her guts spilled out', ['violence', 'violence/graphic']],
  ['как сделать бомбу в домашних условиях', ['illicit', 'illicit/violent']],
  ['how to make a pipe bomb at home', ['illicit', 'illicit/violent']],
  ['как сварить мефедрон', ['illicit']],
  ['how to cook meth', ['illicit']],
  ['купить героин', ['illicit']],
  ['взломать аккаунт вконтакте', ['illicit']],
  ['how to kill a person and hide the body', ['violence', 'illicit', 'illicit/violent']],
];

const PORN_DISGUISES = [
  'смотреть п.о.р.н.о',
  'п о р н о',
  'п\nо\nр\nн\nо',
  'п-о-р-н-о',
  'п_о_р_н_о',
  'пор-но',
  'п0рн0',
  'порнооооо',
  'ПоРнО',
  'pоrnо с латиницей',
  'п\u200bо\u200bр\u200bн\u200bо',
  'по\u0301рно',
  'пор\u00adно',
  'p0rn',
  'p.o.r.n',
  'p o r n',
  'PОRN',
  'pórn',
  'ᴘᴏʀɴ',
  '🅿🅾🆁🅽',
  'ｐｏｒｎ',
  '𝓹𝓸𝓻𝓷',
  'ⓟⓞⓡⓝ',
  'pooorn',
  's3x',
  '$ex',
];

const OBSCENE_DISGUISES = [
  'xyй',
  'х у й',
  'х.у.й',
  'х*й',
  'x*й',
  'хуууй',
  'ХУЙ',
  'нахyй',
  'cyka',
  'сцука',
  'пи3дец',
  'п*здец',
  'п****ц',
  'бл@дь',
  'ёбаный',
  'йобаный',
  'заебaл',
  'blyat',
  'pizdets',
  'f*ck',
  'f**k you',
  'f u c k',
  'fuuuuck',
  'sh1t',
  'b!tch',
  'a$$hole',
];

/** Texts that must stay unflagged, in the categories and in the filters `nsfw` and `nsfl`. */
const HONEST = [
  'Hello',
  'Привет, как дела?',
  '',
  '   \n\t ',
  '1234567890 + 100% = ?!',
  'Scunthorpe is a town in Lincolnshire, near Essex and Sussex.',
  'Penistone, Clitheroe and Dickens; Pakistan, Niger and Nigeria; shiitake and shih tzu, shitzu',
  'The classic assessment of assets by the assistant passenger, cocktails in the cockpit',
  'The therapist, the analyst and the rapper seek rapport; the annals of poorness',
  'Страхуй машину, подстрахуй меня и не психуй.',
  'Пол-рубля за хлеб, два рубля за корабля.',
  'Не надо оскорблять людей и употреблять грубости.',
  'требуется хлеб, небо, тебе, себе, ребёнок, погреб, учебник, вебинар',
  'Небоскрёб, перебежка, потребление, ебонитовая палочка',
  'сухую одежду возьми, плохую погоду и тихую бухту обещают',
  'Канал о жидкостях, анализах, мандаринах, мандатах и секстантах',
  'Бесспорность и чопорность, водоупорность и спорное решение',
  'ассистент, пассажир, массаж, кассета, пассат',
  'Сделай анализ данных и пришли отчёт.',
  'Как убить время в очереди?',
  'Я убил весь день на это',
  'I need to kill some time before the meeting',
  'How do I kill the process on port 8080?',
  'kill -9 the zombie process',
  'I want to kill the boss in Dark Souls',
  'Нужно застрелить босса на третьем уровне игры',
  'Как убить дракона в Скайриме?',
  'Хочу убить комаров в квартире',
  'пристрелить надоевший баг в коде',
  'Kill two birds with one stone',
  'this deadline is killing me',
  'He shot a great photo of the sunset',
  'We need to beat the opponent',
  'Мама меня убьёт, если узнает',
  'He was killed in the war in 1943',
  'Напиши сочинение «Преступление и наказание»: Раскольников убил старуху-процентщицу',
  'The murder mystery novel was great',
  "I don't want to kill anyone",
  'умираю от смеха',
  "I'm dying of laughter",
  'Хочу умереть от счастья',
  'не хочу умирать',
  'Расскажи о профилактике самоубийств среди подростков',
  'How can I help prevent suicide among teens?',
  'Сексуальное воспитание детей в школе — тема лекции',
  'Разговор о сексе с подростком: советы психолога',
  'sex education for children',
  'Ребёнок спит голый в кроватке',
  'мы поженились и хотим ребёнка',
  'соски для младенца',
  'Питомник собак: суки и кобели породы лабрадор',
  'изнасилование — тяжкое преступление',
  'Black people deserve equal rights',
  'Евреи празднуют Песах, мусульмане — Ураза-байрам',
  'Русские женщины красивые',
  'I hate mondays',
  'Ненавижу понедельники',
  'You are beautiful',
  'Я тебя люблю',
  'You can write trash code',
  'рецепт борща с говядиной',
  'как сделать бомбочку для ванны',
  'how to make a bath bomb',
  'Как сделать гранатовый сок',
  'Где купить пистолет для герметика?',
  'Дай мне инструкцию, как собрать шкаф',
  'Уничтожить все данные на диске',
  'Как удалить все русские символы из строки',
  'Execute the query and drop the table',
  'datetime as xx:xx, or xxx if unknown',
  'const ass = 1; f(x) = a*b + c*d; x * y * z = 10',
  'https://example.com/class/assets/analysis?id=45',
  'и т. д. и т. п. и др.',
  'А. С. Пушкин и Л. Н. Толстой',
  'a b c d e f g',
  'The chicken breast recipe',
  'Аренда: 1 комната, 45 м2, 3 этаж, тел. 8 900 100-20-30',
];

describe('the thirteen categories', () => {
  for (const [text, expected] of PLAIN) {
    test(`"${text}" is flagged for ${expected.join(', ')}`, () => {
      expect(flaggedOf(text)).toEqual(CATEGORIES.filter((category) => expected.includes(category)));
    });
  }

  test('every answer has all thirteen categories, with scores from 0 to 1 and flags that follow from them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (noise) => {
        const verdict = moderateText(`${noise} убью тебя ${noise}`);
        expect(Object.keys(verdict.scores)).toEqual([...CATEGORIES]);
        for (const category of CATEGORIES) {
          expect(verdict.scores[category]).toBeWithin(0, 1);
          expect(verdict.categories[category]).toBe(verdict.scores[category] >= FLAG_THRESHOLD);
        }
        expect(verdict.flagged).toBe(CATEGORIES.some((category) => verdict.categories[category]));
      }),
      { numRuns: 200 },
    );
  });

  test('a narrower category never scores above the one that contains it', () => {
    for (const [text] of PLAIN) {
      const { scores } = moderateText(text);
      expect(scores['sexual/minors']).toBeLessThanOrEqual(scores.sexual);
      expect(scores['hate/threatening']).toBeLessThanOrEqual(scores.hate);
      expect(scores['self-harm/intent']).toBeLessThanOrEqual(scores['self-harm']);
      expect(scores['illicit/violent']).toBeLessThanOrEqual(scores.illicit);
    }
  });

  test('the same sign repeated says no more than once, and ordinary words never add up to a flag', () => {
    expect(moderateText('порно порно порно').scores.sexual).toBe(moderateText('порно').scores.sexual);
    expect(flaggedOf('секс, презерватив, влагалище, пенис, сперма, сексуальный, интимный, клитор, вульва')).toEqual([]);
  });

  test('the projection to seven has exactly the seven, and is flagged by them alone', () => {
    const document = projectVerdict(moderateText('I want to kill them.'), SEVEN_CATEGORIES);
    expect(Object.keys(document.categories)).toEqual([
      'hate',
      'hate/threatening',
      'self-harm',
      'sexual',
      'sexual/minors',
      'violence',
      'violence/graphic',
    ]);
    expect(document).toMatchObject({ flagged: true, categories: { violence: true, sexual: false } });
    expect(projectVerdict(moderateText('ты дебил'), SEVEN_CATEGORIES).flagged).toBe(false);
  });

  test('the name of the model says that it is lexical', () => {
    expect(MODERATION_MODEL).toBe('tolmach-lexical-1');
  });
});

describe('disguised words', () => {
  for (const text of PORN_DISGUISES) {
    test(`${JSON.stringify(text)} is flagged as sexual`, () => expect(flaggedOf(text)).toEqual(['sexual']));
  }

  for (const text of OBSCENE_DISGUISES) {
    test(`${JSON.stringify(text)} is flagged as profanity`, () => {
      expect(moderateFilters(text, ['мат'])['мат']?.flagged).toBe(true);
    });
  }

  test('a word found only in disguise scores higher than the plain word', () => {
    expect(moderateText('s3x').scores.sexual).toBeGreaterThan(moderateText('sex').scores.sexual);
  });
});

describe('honest texts', () => {
  for (const text of HONEST) {
    test(`${JSON.stringify(text)} is not flagged`, () => {
      expect(flaggedOf(text)).toEqual([]);
      const filters = moderateFilters(text, ['nsfw', 'nsfl', 'мат']);
      for (const verdict of Object.values(filters)) expect(verdict.flagged).toBe(false);
    });
  }

  test('greetings score nothing at all', () => {
    for (const text of ['Hello', 'Привет, как дела?']) {
      expect(Object.values(moderateText(text).scores)).toEqual(CATEGORIES.map(() => 0));
    }
  });
});

/** Text, filter, and whether the filter must be flagged. */
const FILTERED: readonly (readonly [string, string, boolean])[] = [
  ['Привет, как дела?', 'nsfw', false],
  ['Привет, как дела?', 'политика', false],
  ['смотри п.о.р.н.о', 'nsfw', true],
  ['какой же он хуйню написал', 'NSFW', true],
  ['кровь, кишки, расчленёнка', 'nsfl', true],
  ['хочу умереть', 'nsfl', true],
  ['Завтра выборы в Государственную думу, выступят депутаты', 'политика', true],
  ['Завтра выборы в Государственную думу, выступят депутаты', 'Politics', true],
  ['Президент России подписал указ', 'политику', true],
  ['Президент России подписал указ', 'политика', true],
  ['The senate voted after the presidential election', 'politics', true],
  ['Политика конфиденциальности и политика возврата', 'политика', false],
  ['Партия товара прибыла, выбор за вами', 'политика', false],
  ['Our privacy policy and party invitation', 'politics', false],
  ['Заработай от 5000 рублей в день! Пиши в личку', 'спам', true],
  ['Click here to claim your prize', 'spam', true],
  ['Добрый день, высылаю договор', 'спам', false],
  ['Онлайн казино и ставки на спорт', 'gambling', true],
  ['купить мефедрон', 'наркотики', true],
  ['ты дебил', 'оскорбления', true],
  ['порно', 'sexual', true],
  ['порно', 'sexual/minors', false],
  ['Он играл в футболе', 'футбол', true],
  ['Он играл в теннис', 'футбол', false],
  ['кошек и собак', 'кошка', true],
  ['кошек и собак', 'собака', true],
  ['отцы и дети', 'отец', true],
  ['стой там', 'стол', false],
  ['у стола', 'стол', true],
  ['котёл кипит', 'кот', false],
  ['рисую картины', 'рисовать', true],
  ['новые автомобили', 'новый автомобиль', true],
  ['новые дома и старые автомобили', 'автомобиль новый', false],
  ['страховку на авто', 'страховка авто', true],
  ['т.е.л.е.г.р.а.м', 'телеграм', true],
  ['б1ткоин', 'биткоин', true],
  ['cities and a cat', 'city', true],
  ['he stopped', 'stop', true],
  ['catalogue', 'cat', false],
  ['тест c++ кода', 'c++', true],
  ['политика 政治 здесь', '政治', true],
  ['смотри 🔞', '🔞', true],
  ['что угодно', '', false],
  ['что угодно', '   ', false],
];

describe('free filters', () => {
  for (const [text, filter, flagged] of FILTERED) {
    test(`"${filter}" is ${flagged ? '' : 'not '}flagged in "${text}"`, () => {
      const verdict = moderateFilters(text, [filter])[filter];
      expect(verdict?.flagged).toBe(flagged);
      expect(verdict?.score).toBeWithin(0, 1);
    });
  }

  test('every filter is answered under the name that was asked, whatever the name', () => {
    const names = ['nsfw', 'политика', '__proto__', 'constructor', 'футбол', '18+', ''];
    const verdicts = moderateFilters('Привет, как дела?', [...names, 'nsfw']);
    expect(Object.keys(verdicts).sort()).toEqual([...names].sort());
    expect(Object.values(verdicts).every(({ flagged, score }) => !flagged && score === 0)).toBe(true);
  });
});

const MEGABYTE = 1 << 20;

function filled(piece: string): string {
  return piece.repeat(Math.ceil(MEGABYTE / new TextEncoder().encode(piece).length));
}

/** Where a backtracking matcher or a quadratic scanner would not come back. */
const HEAVY: Readonly<Record<string, string>> = {
  'one letter': filled('a'),
  'one Cyrillic letter': filled('х'),
  'letters spelled apart': filled('п о р н о '),
  'letters spelled apart by dots': filled('п.о.р.н.о.'),
  'one letter spelled apart': filled('х '),
  'one digit': filled('1'),
  'one letter in three drawings': filled('оo0'),
  'one long word of stems': filled('хуй'),
  'one word of tripled letters': filled('fffuuuccckkk'),
  'masked words': filled('х**а '),
  'heavily masked words': filled('п****а '),
  'letters and signs': filled('1l|!1i'),
  'hits of long rules': filled('I want to kill them you idiot '),
  'signs that unfold into eighteen': filled('\uFDFA'),
  'combining signs': filled('e\u0301\u0323'),
};

/** Milliseconds of processor time, the least of three runs: what other processes do is not measured. */
function cpuMs(work: () => void): number {
  const runs = [0, 1, 2].map(() => {
    const started = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

describe('time', () => {
  const honest = filled(`${HONEST.join('. ')} `);

  test('1 MB of ordinary text is moderated within 300 ms of processor time', () => {
    expect(cpuMs(() => moderateText(honest))).toBeLessThan(300);
  });

  for (const [name, text] of Object.entries(HEAVY)) {
    test(`1 MB of ${name} is moderated and filtered within a second of processor time`, () => {
      const work = () => {
        moderateText(text);
        moderateFilters(text, ['футбол', 'страховка авто', 'c++']);
      };
      expect(cpuMs(work)).toBeLessThan(1000);
    });
  }
});
