// Streams as bytes, with no network: however the provider's bytes are split, the client gets the same events, the meter
// the same counts, and what came whole before a failure is not lost.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { AnswerStream } from '../../src/core/answer-stream.ts';
import type { ChatCall } from '../../src/core/call.ts';
import { Meter } from '../../src/core/meter.ts';
import { SseReader } from '../../src/core/sse.ts';
import { estimateTokens } from '../../src/core/tokens.ts';
import { TranslatedStream } from '../../src/pipeline/translated-stream.ts';
import { chunk, frame, streamFrames, USAGE } from '../../src/testing/fault-scripts.ts';
import { ChatStreamReader } from '../../src/wire/openai/read-stream.ts';
import { ChatStreamRelay } from '../../src/wire/openai/relay-stream.ts';
import { renderChatStream } from '../../src/wire/openai/render-chat.ts';

const EVENT_CHARS_MAX = 1024 * 1024;
const TEXT = 'Привет, мир! 🦊 "quoted" \\ end.';

function callWith(includeUsage: boolean): ChatCall {
  return { endpoint: 'chat', model: 'm', messages: [], options: {}, stream: true, includeUsage, extra: {} };
}

type Kind = 'relay' | 'translated';

function open(kind: Kind, includeUsage = false): { stream: AnswerStream; meter: Meter } {
  const meter = new Meter(100, () => 'hi');
  const call = callWith(includeUsage);
  if (kind === 'relay')
    return { stream: new ChatStreamRelay({ callId: 'call-1', call, meter }, EVENT_CHARS_MAX), meter };
  const renderer = renderChatStream(call, { callId: 'id', createdAtS: 0, model: 'm' });
  return { stream: new TranslatedStream(new ChatStreamReader(EVENT_CHARS_MAX), renderer, meter), meter };
}

type Played = {
  readonly events: string[];
  readonly fault: string | undefined;
  readonly isComplete: boolean;
  readonly meter: Meter;
};

/** Pushes pieces as the gateway does: until the answer is complete or has failed. */
function play(kind: Kind, pieces: readonly Uint8Array[], includeUsage = false): Played {
  const { stream, meter } = open(kind, includeUsage);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  for (const piece of pieces) {
    if (stream.isComplete || stream.fault !== undefined) break;
    const out = stream.push(piece);
    text += typeof out === 'string' ? out : decoder.decode(out, { stream: true });
  }
  const events = new SseReader(EVENT_CHARS_MAX).push(Buffer.from(text)).map((event) => event.data);
  return { events, fault: stream.fault?.code, isComplete: stream.isComplete, meter };
}

const bytesOf = (...frames: string[]) => Buffer.from(frames.join(''));
const splitAt = (bytes: Uint8Array, at: number) => [bytes.subarray(0, at), bytes.subarray(at)];
const contents = (events: readonly string[]) =>
  events.map((event) => JSON.parse(event).choices?.[0]?.delta?.content ?? '').join('');

describe.each(['relay', 'translated'] as const)('%s', (kind) => {
  const frames = [': hello\n\n', ...streamFrames(TEXT)];
  const whole = bytesOf(...frames);
  const expected = play(kind, [whole]);

  test('a whole stream gives its text, its usage and its end', () => {
    expect(expected).toMatchObject({ fault: undefined, isComplete: true });
    expect(contents(expected.events)).toBe(TEXT);
    expect(expected.meter.usage()).toMatchObject({ source: 'exact', inputTokens: 9, outputTokens: 7 });
  });

  test('split at every byte it gives the same events', () => {
    for (let at = 0; at <= whole.length; at++) {
      const { events, isComplete, meter } = play(kind, splitAt(whole, at));
      expect(events).toEqual(expected.events);
      expect(isComplete).toBe(true);
      expect(meter.usage()).toEqual(expected.meter.usage());
    }
  });

  test('byte by byte it gives the same events', () => {
    const { events, isComplete } = play(
      kind,
      [...whole].map((byte) => Uint8Array.of(byte)),
    );
    expect({ events, isComplete }).toEqual({ events: expected.events, isComplete: true });
  });

  test('what it counts without a vendor’s usage does not depend on the split', () => {
    const silent = bytesOf(...streamFrames(TEXT, null));
    const wanted = play(kind, [silent]).meter.usage();
    expect(wanted.source).toBe('estimated');
    for (let at = 0; at <= silent.length; at += 7)
      expect(play(kind, splitAt(silent, at)).meter.usage()).toEqual(wanted);
  });

  test.each([
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('line ends of %s are understood at every split', (_, end) => {
    const other = Buffer.from(whole.toString('utf8').replaceAll('\n', end));
    for (let at = 0; at <= other.length; at++) {
      const { events, isComplete } = play(kind, splitAt(other, at));
      expect(contents(events)).toBe(TEXT);
      expect(isComplete).toBe(true);
    }
  });

  test('a byte order mark, `data:` without a space and other fields do no harm', () => {
    const odd = Buffer.from(`\uFEFF${whole.toString('utf8').replaceAll('data: ', 'id: 7\nretry: 10\ndata:')}`);
    const { events, isComplete } = play(kind, [odd]);
    expect(contents(events)).toBe(TEXT);
    expect(isComplete).toBe(true);
  });

  test('nothing after [DONE] is read, whether it came with it or later', () => {
    const more =
      frame(chunk({ content: 'more' })) +
      frame({ ...chunk({}), choices: [], usage: { ...USAGE, prompt_tokens: 99 } }) +
      frame('[DONE]');
    for (const pieces of [[bytesOf(whole.toString(), more)], [whole, Buffer.from(more)]]) {
      const { events, meter } = play(kind, pieces);
      expect(events).toEqual(expected.events);
      expect(meter.usage().inputTokens).toBe(9);
    }
  });

  const BROKEN = [
    ['an error event', frame({ error: { message: 'x', type: 'server_error', code: null } }), 'upstream_error'],
    [
      'a named error event',
      `event: error\n${frame({ type: 'overloaded_error', message: 'x' })}`,
      'upstream_overloaded',
    ],
    ['an event that is no JSON', 'data: <html>\n\n', 'upstream_bad_response'],
    ['an event that is no object', 'data: 7\n\n', 'upstream_bad_response'],
  ] as const;

  test.each(BROKEN)('before %s, in the same bytes or not, no whole event is lost', (_, broken, code) => {
    const before = streamFrames(TEXT).slice(0, 4);
    const bytes = bytesOf(...before, broken, ...streamFrames('later'));
    const wanted = contents(play(kind, [bytesOf(...before)]).events);
    for (let at = 0; at <= bytes.length; at += 3) {
      const { events, fault, isComplete } = play(kind, splitAt(bytes, at));
      expect(fault).toBe(code);
      expect(isComplete).toBe(false);
      expect(contents(events)).toBe(wanted);
    }
  });

  test('an event of no end fails once it is too long, and what came before it is not lost', () => {
    const before = streamFrames(TEXT).slice(0, 3);
    const endless = Buffer.from(`data: {"x":"${'a'.repeat(60_000)}`);
    const pieces = [
      Buffer.concat([bytesOf(...before), endless]),
      ...Array.from({ length: 40 }, () => Buffer.alloc(60_000, 'a')),
    ];
    const { events, fault } = play(kind, pieces);
    expect(fault).toBe('upstream_too_large');
    expect(contents(events)).toBe(contents(play(kind, [bytesOf(...before)]).events));
  });

  test('an event of 900 000 characters passes whole, in pieces as in one', () => {
    const long = 'я'.repeat(450_000) + '\\"'.repeat(10);
    const bytes = bytesOf(
      frame(chunk({ role: 'assistant', content: long })),
      frame(chunk({}, 'stop')),
      frame('[DONE]'),
    );
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 16_384) pieces.push(bytes.subarray(at, at + 16_384));
    for (const split of [[bytes], pieces]) {
      const { events, isComplete, meter } = play(kind, split);
      expect(contents(events)).toBe(long);
      expect(isComplete).toBe(true);
      expect(meter.usage().outputTokens).toBeGreaterThan(100_000);
    }
  });

  test('text that looks like an end, an error or a usage is only text', () => {
    const tricky = 'data: [DONE]\n\n"error" "usage": {"prompt_tokens": 5} \nevent: error';
    const words = [
      frame(chunk({ role: 'assistant', content: '' })),
      frame(chunk({ content: tricky })),
      frame(chunk({}, 'stop')),
    ];
    const { events, isComplete, meter } = play(kind, [bytesOf(...words, frame('[DONE]'))]);
    expect(contents(events)).toBe(tricky);
    expect(isComplete).toBe(true);
    expect(meter.usage().source).toBe('estimated');
  });

  test('usage that came before an error is kept, and absurd usage is not believed', () => {
    const said = (usage: unknown) => frame({ ...chunk({ content: 'x' }), usage });
    const of = (...usages: unknown[]) => play(kind, [bytesOf(...usages.map(said), frame('[DONE]'))]).meter;
    expect(of(USAGE).usage()).toMatchObject({ source: 'exact', outputTokens: 7 });
    expect(of(USAGE, { ...USAGE, completion_tokens: 8 }).usage().outputTokens).toBe(8);
    for (const tokens of [-5, 1.5, 1e12, 1e300]) {
      const meter = of({ prompt_tokens: 3, completion_tokens: tokens });
      expect(meter.usage().source).toBe('estimated');
      expect(meter.isUsageAbsurd).toBe(true);
    }
    expect(of({ prompt_tokens: '3', completion_tokens: 5 }).usage().source).toBe('estimated');
  });
});

test('a relay passes on whole ordinary frames as the very same bytes', () => {
  const { stream } = open('relay');
  const bytes = bytesOf(frame(chunk({ content: 'a' })), frame(chunk({ content: 'b' })));
  expect(stream.push(bytes)).toBe(bytes);
});

test('a relay counts every text, whatever is in it, and sees what comes between frames that are alike', () => {
  const special = [
    '"',
    '\\',
    '\n\n',
    '\r',
    'data: {',
    '"error"',
    '"usage":{"a":1}',
    '"},"finish_reason":null}]}',
    'я',
    '🦊',
    '',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...special), fc.string({ unit: 'grapheme', maxLength: 8 })), {
    maxLength: 4,
  });
  const asciiOnly = (json: string) =>
    json.replace(/[\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), fc.boolean(), fc.nat(11), (texts, isEscaped, at) => {
      const said = texts.map((parts) => parts.join(''));
      const pieces = said.map((content) => frame(chunk({ content }))).map((one) => (isEscaped ? asciiOnly(one) : one));
      const { stream, meter } = open('relay', true);
      const relayed = pieces.map((piece, i) => {
        if (i === at) stream.push(Buffer.from(frame(chunk({ content: 'x' }, null, { usage: USAGE }))));
        return Buffer.from(stream.push(Buffer.from(piece)) as Uint8Array).toString();
      });
      expect(relayed).toEqual(pieces);
      const counted = said.reduce((sum, one) => sum + estimateTokens(one), at < pieces.length ? 1 : 0);
      expect(meter.countedTokens).toBe(counted);
      if (at < pieces.length && counted > 0) expect(meter.usage().source).toBe('exact');
      stream.push(Buffer.from(frame({ error: { message: 'no more', code: 'server_error' } })));
      expect(stream.fault).toBeDefined();
    }),
    { numRuns: 500 },
  );
});

test.each(['relay', 'translated'] as const)(
  '%s: an event of a megabyte in pieces costs in proportion to its size',
  (kind) => {
    const event = Buffer.from(frame(chunk({ content: 'x'.repeat(900_000) })));
    /** Processor time, since the machine may be busy. */
    const millisecondsFor = (pieceBytes: number) => {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < event.length; at += pieceBytes) pieces.push(event.subarray(at, at + pieceBytes));
      const before = process.threadCpuUsage();
      expect(play(kind, pieces).events.length).toBeGreaterThan(0);
      return process.threadCpuUsage(before).user / 1000;
    };
    millisecondsFor(10_000);
    // Looked at anew for each piece, it took half a second and more.
    expect(millisecondsFor(50)).toBeLessThan(200);
  },
);
