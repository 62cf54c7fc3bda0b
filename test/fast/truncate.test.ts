// Text cutting: what is left fits, is what the rule says should be left, and is still a well-formed conversation.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChatCall, Message, Part, Role } from '../../src/core/call.ts';
import { codePointsIn, firstCodePoints, truncateCall, truncateMessages } from '../../src/core/truncate.ts';

const IMAGE: Part = { kind: 'image', url: 'https://example.org/cat.png' };

function say(role: Role, ...texts: string[]): Message {
  return { role, parts: texts.map((text) => ({ kind: 'text', text })) };
}

function textOf(message: Message | undefined): string {
  return (message?.parts ?? []).map((part) => (part.kind === 'text' ? part.text : '')).join('');
}

/** Counts by the language's own iteration over code points, apart from the code under test. */
function total(messages: readonly Message[]): number {
  return messages.reduce((count, message) => {
    return count + message.parts.reduce((n, part) => n + (part.kind === 'text' ? [...part.text].length : 0), 0);
  }, 0);
}

function brief(messages: readonly Message[]): string[] {
  return messages.map((message) => `${message.role}: ${textOf(message)}`);
}

describe('what is cut', () => {
  const system = say('system', 'Будь краток.');

  test('nothing, and nothing is copied, while the text fits', () => {
    const messages = [system, say('user', 'я'.repeat(88))];
    expect(truncateMessages(messages, 100)).toEqual({ messages, charsCut: 0 });
    expect(truncateMessages(messages, 100).messages).toBe(messages);
  });

  test('one Russian message of 10 001 characters loses its last one', () => {
    const { messages, charsCut } = truncateMessages([say('user', `${'ж'.repeat(10_000)}!`)], 10_000);
    expect(charsCut).toBe(1);
    expect(textOf(messages[0])).toBe('ж'.repeat(10_000));
  });

  test('10 000 emoji fit although they are 20 000 code units', () => {
    const messages = [say('user', '🦊'.repeat(10_000))];
    expect(truncateMessages(messages, 10_000).messages).toBe(messages);
    const cut = truncateMessages([say('user', `🦊${'🦊'.repeat(10_000)}`)], 10_000);
    expect(cut.charsCut).toBe(1);
    expect(textOf(cut.messages[0])).toBe('🦊'.repeat(10_000));
  });

  test('the oldest messages go before the last user message loses anything', () => {
    const messages = [
      system,
      say('user', 'первый вопрос'),
      say('assistant', 'первый ответ'),
      say('user', 'второй вопрос'),
      say('assistant', 'второй ответ'),
      say('user', 'третий вопрос'),
    ];
    const cut = truncateMessages(messages, 62);
    expect(brief(cut.messages)).toEqual([
      'system: Будь краток.',
      'assistant: первый ответ',
      'user: второй вопрос',
      'assistant: второй ответ',
      'user: третий вопрос',
    ]);
    expect(cut.charsCut).toBe(13);
    expect(brief(truncateMessages(messages, 20).messages)).toEqual(['system: Будь краток.', 'user: третий в']);
  });

  test('a history of 10 000 messages keeps its newest end', () => {
    const history = Array.from({ length: 10_000 }, (_, i) =>
      say(i % 2 === 0 ? 'user' : 'assistant', 'слово '.repeat(10)),
    );
    const cut = truncateMessages([...history, say('user', 'вопрос')], 10_000);
    expect(cut.messages).toEqual([...history.slice(-166), say('user', 'вопрос')]);
    expect(cut.charsCut).toBe((10_000 - 166) * 60);
  });

  test('system and developer messages in the midst of a history stay in their places', () => {
    const messages = [say('user', 'aaaa'), say('developer', 'bb'), say('assistant', 'cccc'), system, say('user', 'dd')];
    expect(brief(truncateMessages(messages, 16).messages)).toEqual([
      'developer: bb',
      'system: Будь краток.',
      'user: dd',
    ]);
  });

  test('tool answers go together with the calls they answer', () => {
    const calls: Message = { ...say('assistant', 'ищу'), toolCalls: [{ id: 'a', name: 'find', argumentsJson: '{}' }] };
    const answer: Message = { ...say('tool', 'нашёл много'), toolCallId: 'a' };
    const messages = [say('user', 'найди'), calls, answer, calls, { ...answer, toolCallId: 'a' }];
    const cut = truncateMessages(messages, 25);
    expect(brief(cut.messages)).toEqual(['user: найди', 'assistant: ищу', 'tool: нашёл много']);
    expect(cut.charsCut).toBe(14);
  });

  test('a kept message keeps its images, and parts that the cut empties are left out', () => {
    const messages: Message[] = [
      { role: 'user', parts: [IMAGE, { kind: 'text', text: 'что это' }, IMAGE, { kind: 'text', text: 'ответь' }] },
    ];
    expect(truncateMessages(messages, 3).messages).toEqual([
      { role: 'user', parts: [IMAGE, { kind: 'text', text: 'что' }, IMAGE] },
    ]);
  });

  test('system text that fills the bound alone loses its own tail and leaves the user one character', () => {
    const messages = [say('system', 'абв'), say('system', 'гдеж'), say('user', 'вопрос')];
    expect(brief(truncateMessages(messages, 6).messages)).toEqual(['system: абв', 'system: гд', 'user: в']);
    expect(brief(truncateMessages(messages, 3).messages)).toEqual(['system: аб', 'user: в']);
    expect(brief(truncateMessages(messages, 1).messages)).toEqual(['user: в']);
  });

  test('a call without a user message keeps the beginning of its last message', () => {
    expect(brief(truncateMessages([say('assistant', 'один'), say('assistant', 'два')], 2).messages)).toEqual([
      'assistant: дв',
    ]);
    expect(brief(truncateMessages([say('system', 'абвгд')], 2).messages)).toEqual(['system: аб']);
  });

  test("the gateway's own messages are neither counted nor cut", () => {
    const own = say('system', 'Длинные указания режима.');
    const fits = [own, say('user', 'я'.repeat(10))];
    expect(truncateMessages(fits, 10, 1).messages).toBe(fits);
    const cut = truncateMessages([own, say('user', 'я'.repeat(12))], 10, 1);
    expect(cut.messages[0]).toBe(own);
    expect(cut.charsCut).toBe(2);
  });

  test('a bound that is no positive whole number is a mistake of the program', () => {
    for (const bound of [0, -1, 1.5, Number.NaN]) expect(() => truncateMessages([], bound)).toThrow(RangeError);
  });
});

describe('truncateCall', () => {
  const call: ChatCall = {
    endpoint: 'chat',
    model: 'gpt-4o',
    messages: [say('user', 'длинный вопрос')],
    options: { seed: 5 },
    stream: false,
    includeUsage: false,
    extra: {},
    source: { family: 'openai-chat', text: '{}', spans: {} as never },
  };

  test('a call that fits, or has no bound, is answered as it is', () => {
    expect(truncateCall(call, null).call).toBe(call);
    expect(truncateCall(call, 14).call).toBe(call);
  });

  test('a call that was cut has lost the bytes it came as and nothing else', () => {
    const cut = truncateCall(call, 7);
    expect(cut.charsCut).toBe(7);
    const { source: _source, ...rest } = call;
    expect(cut.call).toEqual({ ...rest, messages: [say('user', 'длинный')] });
    expect('source' in cut.call).toBe(false);
  });
});

const text = fc
  .array(fc.constantFrom('a', 'я', ' ', 'ё', '😀', '👨‍👩‍👧', '\ud83d', '\ude00', '漢'), { maxLength: 12 })
  .map((signs) => signs.join(''));
const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 4, arbitrary: text.map((value): Part => ({ kind: 'text', text: value })) },
  { weight: 1, arbitrary: fc.constant(IMAGE) },
);
const plain = fc
  .record({
    role: fc.constantFrom<Role>('system', 'developer', 'user', 'user', 'assistant'),
    parts: fc.array(part, { minLength: 1, maxLength: 3 }),
  })
  .map((message): Message[] => [message]);
const toolTurn = fc
  .tuple(text, fc.array(text, { minLength: 1, maxLength: 3 }))
  .map(([words, answers]): Message[] => [
    { ...say('assistant', words), toolCalls: answers.map((_, i) => ({ id: `c${i}`, name: 'f', argumentsJson: '{}' })) },
    ...answers.map((answer, i): Message => ({ ...say('tool', answer), toolCallId: `c${i}` })),
  ]);
/** Turns of a history; `name` tells each message's place and turn, so that a result can be traced back. */
const history = fc
  .array(fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: toolTurn }), { maxLength: 10 })
  .map((turns) => turns.map((turn, t) => turn.map((message, i) => ({ ...message, name: `${t}.${i}` }))));
const bound = fc.integer({ min: 1, max: 120 });

const isSystem = (message: Message) => message.role === 'system' || message.role === 'developer';

describe('for every history and bound', () => {
  test('the result fits, and the count is what is missing', () => {
    fc.assert(
      fc.property(history, bound, (turns, charsMax) => {
        const before = turns.flat();
        const { messages, charsCut } = truncateMessages(before, charsMax);
        expect(total(messages)).toBeLessThanOrEqual(charsMax);
        expect(charsCut).toBe(total(before) - total(messages));
        if (total(before) <= charsMax) expect(messages).toBe(before);
      }),
    );
  });

  test('cutting the result again changes nothing', () => {
    fc.assert(
      fc.property(history, bound, (turns, charsMax) => {
        const once = truncateMessages(turns.flat(), charsMax).messages;
        const twice = truncateMessages(once, charsMax);
        expect(twice.messages).toBe(once);
        expect(twice.charsCut).toBe(0);
      }),
    );
  });

  test('left are the system messages, the newest turns and a beginning of the last user message', () => {
    fc.assert(
      fc.property(history, bound, (turns, charsMax) => {
        const { messages } = truncateMessages(turns.flat(), charsMax);
        const left = new Map(messages.map((message) => [message.name, message]));
        const spoken = turns.filter((turn) => !turn.every(isSystem));
        const anchor = spoken.findLast((turn) => turn[0]?.role === 'user') ?? spoken.at(-1);
        const others = spoken.filter((turn) => turn !== anchor);
        const firstKept = others.findIndex((turn) => left.has(turn[0]?.name));
        const dropped = firstKept === -1 ? others : others.slice(0, firstKept);
        const kept = firstKept === -1 ? [] : others.slice(firstKept);

        expect(dropped.flat().some((message) => left.has(message.name))).toBe(false);
        for (const message of kept.flat()) expect(left.get(message.name)).toBe(message);
        // Not `toStartWith`: it sees no beginning where a cut falls between two halves of a surrogate pair.
        for (const message of anchor ?? [])
          expect(textOf(message).startsWith(textOf(left.get(message.name)))).toBe(true);
        for (const message of anchor ?? []) expect(left.has(message.name)).toBe(true);

        const cutInAnchor = (anchor ?? []).some((message) => left.get(message.name) !== message);
        const system = turns.flat().filter(isSystem);
        const cutInSystem = system.some((message) => left.get(message.name) !== message);
        if (cutInAnchor || cutInSystem) expect(kept).toEqual([]);
        if (cutInAnchor || cutInSystem) expect(total(messages)).toBe(charsMax);
        if (cutInSystem && anchor !== undefined)
          expect(total(anchor.map((m) => left.get(m.name) ?? m))).toBeLessThan(2);
        // No turn was dropped without need: with the newest dropped one the rest would not fit.
        const newest = dropped.at(-1);
        if (newest !== undefined && !cutInAnchor && !cutInSystem) {
          const lastWithText = dropped.slice(dropped.findLastIndex((turn) => total(turn) > 0));
          expect(total(messages) + total(lastWithText.flat())).toBeGreaterThan(charsMax);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('messages stay in order and their images stay with them', () => {
    fc.assert(
      fc.property(history, bound, (turns, charsMax) => {
        const before = turns.flat();
        const { messages } = truncateMessages(before, charsMax);
        const places = messages.map((message) => before.findIndex((old) => old.name === message.name));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        for (const [i, message] of messages.entries()) {
          const old = before[places[i] ?? -1];
          expect(message.parts.filter((p) => p.kind === 'image')).toEqual(
            old?.parts.filter((p) => p.kind === 'image') ?? [],
          );
        }
      }),
    );
  });

  test('no surrogate pair is ever split', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (words, charsMax) => {
        const { messages } = truncateMessages([say('user', words)], charsMax);
        expect(textOf(messages[0])).toBe([...words].slice(0, charsMax).join(''));
        expect(textOf(messages[0]).isWellFormed()).toBe(true);
      }),
    );
  });

  test('code points are counted and taken as the language iterates them, lone surrogates too', () => {
    fc.assert(
      fc.property(text, fc.nat(20), (words, count) => {
        expect(codePointsIn(words)).toBe([...words].length);
        expect(firstCodePoints(words, count)).toBe([...words].slice(0, count).join(''));
      }),
    );
  });
});
