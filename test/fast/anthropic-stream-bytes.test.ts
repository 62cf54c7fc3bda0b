// Streams of messages as bytes, with no network: however the provider's bytes are split, the client gets the same events,
// the meter the same counts, and what came whole before a failure is not lost. Passed on, and translated into either
// family's words.
import { describe, expect, test } from 'bun:test';
import type { AnswerStream } from '../../src/core/answer-stream.ts';
import type { ChatCall } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import { SseReader } from '../../src/core/sse.ts';
import { TranslatedStream } from '../../src/pipeline/translated-stream.ts';
import {
  blockFrames,
  messageEnd,
  messageError,
  messageEvent,
  messageFrames,
  messageStart,
  textFrames,
} from '../../src/testing/anthropic-fault-shapes.ts';
import { MessageStreamReader } from '../../src/wire/anthropic/read-stream.ts';
import { MessageStreamRelay } from '../../src/wire/anthropic/relay-stream.ts';
import { renderMessageStream } from '../../src/wire/anthropic/render-stream.ts';
import { renderChatStream } from '../../src/wire/openai/render-chat.ts';

const EVENT_CHARS_MAX = 1024 * 1024;
const TEXT = 'Привет, мир! 🦊 "quoted" \\ end.';
const CALL: ChatCall = {
  endpoint: 'chat',
  model: 'm',
  messages: [],
  options: {},
  stream: true,
  includeUsage: true,
  family: 'anthropic-messages',
  extra: { thinking: { type: 'adaptive' } },
};

type Kind = 'relay' | 'to Anthropic' | 'to OpenAI';

function open(kind: Kind): { stream: AnswerStream; meter: Meter } {
  const meter = new Meter(100, () => 'hi');
  if (kind === 'relay')
    return { stream: new MessageStreamRelay({ callId: 'call-1', call: CALL, meter }, EVENT_CHARS_MAX), meter };
  const render = kind === 'to OpenAI' ? renderChatStream : renderMessageStream;
  const renderer = render(CALL, { callId: 'id', createdAtS: 0, model: 'm' });
  return { stream: new TranslatedStream(new MessageStreamReader(EVENT_CHARS_MAX), renderer, meter), meter };
}

type Played = {
  readonly events: string[];
  readonly fault: string | undefined;
  readonly isComplete: boolean;
  readonly meter: Meter;
  readonly stream: AnswerStream;
};

/** Pushes pieces as the gateway does: until the answer is complete or has failed. */
function play(kind: Kind, pieces: readonly Uint8Array[]): Played {
  const { stream, meter } = open(kind);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  for (const piece of pieces) {
    if (stream.isComplete || stream.fault !== undefined) break;
    const out = stream.push(piece);
    text += typeof out === 'string' ? out : decoder.decode(out, { stream: true });
  }
  return { events: dataOf(text), fault: stream.fault?.code, isComplete: stream.isComplete, meter, stream };
}

const dataOf = (text: string) => new SseReader(EVENT_CHARS_MAX).push(Buffer.from(text)).map(({ data }) => data);
const bytesOf = (...frames: string[]) => Buffer.from(frames.join(''));
const splitAt = (bytes: Uint8Array, at: number) => [bytes.subarray(0, at), bytes.subarray(at)];

/** The text of an answer in either family's events. */
function textOf(events: readonly string[]): string {
  return events
    .map((event) => JSON.parse(event))
    .map((event) => event.delta?.text ?? event.choices?.[0]?.delta?.content ?? '')
    .join('');
}

const TOOL = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} };
const RICH = [
  ': hello\n\n',
  messageStart(),
  ...blockFrames(0, { type: 'thinking', thinking: '', signature: '' }, [
    { type: 'thinking_delta', thinking: 'Ну… 🦊' },
    { type: 'signature_delta', signature: 'c2ln' },
  ]),
  ...textFrames(1, TEXT),
  ...blockFrames(2, TOOL, [
    { type: 'input_json_delta', partial_json: '{"city":' },
    { type: 'input_json_delta', partial_json: '"Омск"}' },
  ]),
  ...messageEnd('tool_use'),
];

describe.each(['relay', 'to Anthropic', 'to OpenAI'] as const)('%s', (kind) => {
  const whole = bytesOf(...RICH);
  const expected = play(kind, [whole]);

  test('a whole stream gives its text, its usage and its end', () => {
    expect(expected).toMatchObject({ fault: undefined, isComplete: true });
    expect(textOf(expected.events)).toBe(TEXT);
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

  test('cut at every byte it is not complete, and nothing in it looks like an end', () => {
    // The last byte only ends the blank line after the last event.
    for (let at = 0; at < whole.length - 1; at++) {
      const { events, isComplete, stream } = play(kind, [whole.subarray(0, at)]);
      expect(isComplete).toBe(false);
      const told = [...events, ...dataOf(stream.error(new CallError('upstream_truncated')))];
      expect(told.some((event) => event === '[DONE]' || event.includes('message_stop'))).toBe(false);
      expect(told.at(-1)).toContain('upstream_truncated');
    }
  });

  test('what it counts without a vendor’s usage does not depend on the split', () => {
    const silent = bytesOf(...messageFrames(TEXT, null));
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
    for (let at = 0; at <= other.length; at += 3) {
      const { events, isComplete } = play(kind, splitAt(other, at));
      expect(textOf(events)).toBe(TEXT);
      expect(isComplete).toBe(true);
    }
  });

  test('a byte order mark, `data:` without a space and other fields do no harm', () => {
    const odd = Buffer.from(`\uFEFF${whole.toString('utf8').replaceAll('data: ', 'id: 7\nretry: 10\ndata:')}`);
    const { events, isComplete } = play(kind, [odd]);
    expect(textOf(events)).toBe(TEXT);
    expect(isComplete).toBe(true);
  });

  test('nothing after message_stop is read, whether it came with it or later', () => {
    const more = [...textFrames(3, 'more'), ...messageEnd('end_turn', { output_tokens: 99 })].join('');
    for (const pieces of [[bytesOf(whole.toString(), more)], [whole, Buffer.from(more)]]) {
      const { events, meter } = play(kind, pieces);
      expect(events).toEqual(expected.events);
      expect(meter.usage().outputTokens).toBe(7);
    }
  });

  test.each([
    ['an error event', messageEvent(messageError('overloaded_error')), 'upstream_overloaded'],
    ['an error about our account', messageEvent(messageError('billing_error')), 'provider_unavailable'],
    ['an error without a name', `data: ${JSON.stringify(messageError('api_error'))}\n\n`, 'upstream_error'],
    ["an error in OpenAI's shape", 'data: {"error":{"message":"Our key sk-1","code":"x"}}\n\n', 'upstream_error'],
    ['an event that is no JSON', 'event: content_block_delta\ndata: <html>\n\n', 'upstream_bad_response'],
    ['an event that is no object', 'data: 7\n\n', 'upstream_bad_response'],
  ] as const)('before %s, in the same bytes or not, no whole event is lost', (_, broken, code) => {
    const before = messageFrames(TEXT).slice(0, 4);
    const bytes = bytesOf(...before, broken, ...messageFrames('later'));
    const wanted = textOf(play(kind, [bytesOf(...before)]).events);
    for (let at = 0; at <= bytes.length; at += 3) {
      const { events, fault, isComplete } = play(kind, splitAt(bytes, at));
      expect(fault).toBe(code);
      expect(isComplete).toBe(false);
      expect(textOf(events)).toBe(wanted);
    }
  });

  test('an event of a megabyte in pieces costs in proportion to its size', () => {
    const [frame = ''] = textFrames(0, 'x'.repeat(900_000)).slice(1);
    const event = Buffer.from(frame);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < event.length; at += 50) pieces.push(event.subarray(at, at + 50));
    // Processor time, since the machine may be busy.
    const before = process.threadCpuUsage();
    expect(play(kind, pieces).fault).toBeUndefined();
    expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(200);
  });

  test('an event of no end fails once it is too long, and what came before it is not lost', () => {
    const before = messageFrames(TEXT).slice(0, 3);
    const endless = Buffer.from(`event: content_block_delta\ndata: {"x":"${'a'.repeat(60_000)}`);
    const pieces = [
      Buffer.concat([bytesOf(...before), endless]),
      ...Array.from({ length: 40 }, () => Buffer.alloc(60_000, 'a')),
    ];
    const { events, fault } = play(kind, pieces);
    expect(fault).toBe('upstream_too_large');
    expect(textOf(events)).toBe(textOf(play(kind, [bytesOf(...before)]).events));
  });

  test('text that looks like an end, an error or a usage is only text', () => {
    const tricky = '\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n"error" "usage": {"output_tokens": 5}';
    const delta = blockFrames(0, { type: 'text', text: '' }, [{ type: 'text_delta', text: tricky }]);
    const frames = [messageStart(null), ...delta, ...messageEnd('end_turn', null)];
    const { events, isComplete, meter } = play(kind, frames.map(Buffer.from as (text: string) => Buffer));
    expect(textOf(events)).toBe(tricky);
    expect(isComplete).toBe(true);
    expect(meter.usage().source).toBe('estimated');
  });

  test('absurd usage is not believed, and long thinking that is not told apart is no absurdity', () => {
    const of = (usage: unknown, ...before: string[]) =>
      play(kind, [bytesOf(messageStart(), ...before, ...textFrames(1, 'x'), ...messageEnd('end_turn', usage))]).meter;
    for (const tokens of [-5, 1.5, 1e12, 9000]) {
      const meter = of({ output_tokens: tokens });
      expect(meter.usage().source).toBe('estimated');
      expect(meter.isUsageAbsurd).toBe(true);
    }
    const thought = blockFrames(0, { type: 'thinking', thinking: '' }, [{ type: 'thinking_delta', thinking: 'x' }]);
    expect(of({ output_tokens: 9000 }, ...thought).usage()).toMatchObject({ source: 'exact', outputTokens: 9000 });
    const told = { output_tokens: 9000, output_tokens_details: { thinking_tokens: 8990 } };
    expect(of(told).usage()).toMatchObject({ source: 'exact', reasoningTokens: 8990 });
  });
});

test('a relay passes on whole deltas as the very same bytes', () => {
  const { stream } = open('relay');
  const bytes = bytesOf(...textFrames(0, 'one two').slice(1, -1));
  stream.push(bytesOf(messageStart()));
  expect(stream.push(bytes)).toBe(bytes);
});

test('a relay passes on every frame in the bytes that came, but for comments and the end', () => {
  const frames = RICH.join('').replace(': hello\n\n', '');
  const { stream } = open('relay');
  let text = '';
  for (const byte of Buffer.from(RICH.join(''))) text += stream.push(Uint8Array.of(byte));
  expect(text + stream.end()).toBe(frames);
});
