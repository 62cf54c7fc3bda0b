// A vendor's stream that is cut into two at every byte is told in each dialect as the whole one is: the same frames in the
// same order, with the same numbers.
import { describe, expect, test } from 'bun:test';
import type { ChatCall } from '../../src/core/call.ts';
import { Meter } from '../../src/core/meter.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { TranslatedStream } from '../../src/pipeline/translated-stream.ts';
import { chunk, frame, USAGE } from '../../src/testing/fault-scripts.ts';
import { ChatStreamReader } from '../../src/wire/openai/read-stream.ts';
import type { StreamRenderer } from '../../src/wire/rendering.ts';

const CALL: ChatCall = {
  endpoint: 'chat',
  model: 'm',
  messages: [{ role: 'user', parts: [{ kind: 'text', text: 'Привет' }] }],
  options: {},
  stream: true,
  includeUsage: true,
  extra: {},
};
const CONTEXT = { callId: 'call-1', createdAtS: 1_790_000_000, model: 'm' };
const HEAD = { headers: new Headers(), rest: 'm', query: new URLSearchParams('alt=sse') };

const VENDOR = new TextEncoder().encode(
  [
    frame(chunk({ role: 'assistant', content: '' })),
    frame(chunk({ reasoning_content: 'Хм…' })),
    frame(chunk({ content: 'Привет, 👋 ' })),
    ': a comment\r\n\r\n',
    frame(chunk({ content: 'мир.' })),
    frame(chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a"' } }] })),
    frame(chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] })),
    frame(chunk({}, 'tool_calls')),
    frame({ ...chunk({}), choices: [], usage: USAGE }),
    frame('[DONE]'),
  ].join(''),
);

function told(renderer: StreamRenderer, pieces: readonly Uint8Array[]): string {
  const stream = new TranslatedStream(new ChatStreamReader(10_000), renderer, new Meter(100, () => 'hi'));
  const out = pieces.map((piece) => stream.push(piece)).join('');
  expect(stream.fault).toBeUndefined();
  expect(stream.isComplete).toBe(true);
  return out + stream.end();
}

const STREAMS = DIALECTS.flatMap((dialect) =>
  dialect.routes.flatMap((route) =>
    route.action === 'call' && route.stream !== undefined ? [[`${dialect.name} ${route.path}`, route] as const] : [],
  ),
);

describe.each(STREAMS)('%s', (_, route) => {
  test('tells a stream that is cut at any byte as the whole one', () => {
    const renderer = () => route.stream?.(CALL, CONTEXT, HEAD) as StreamRenderer;
    const whole = told(renderer(), [VENDOR]);
    expect(whole).toContain('мир.');
    for (let at = 1; at < VENDOR.length; at++)
      expect(told(renderer(), [VENDOR.subarray(0, at), VENDOR.subarray(at)])).toBe(whole);
    expect(
      told(
        renderer(),
        [...VENDOR].map((byte) => Uint8Array.of(byte)),
      ),
    ).toBe(whole);
  });
});
