// Gemini cannot be asked for one call of a function at a time, so that the first one is taken where a client wants that.
import { expect, test } from 'bun:test';
import type { ChatCall } from '../../src/core/call.ts';
import { Meter } from '../../src/core/meter.ts';
import { gemini } from '../../src/providers/gemini.ts';

const ANSWER = JSON.stringify({
  candidates: [
    {
      content: { parts: ['weather', 'hotels'].map((name) => ({ functionCall: { name, args: {} } })) },
      finishReason: 'STOP',
    },
  ],
});
const callOf = (parallelToolCalls: boolean | undefined) => ({ options: { parallelToolCalls } }) as unknown as ChatCall;

test.each([
  [undefined, ['weather', 'hotels']],
  [true, ['weather', 'hotels']],
  [false, ['weather']],
])('with parallel calls %p a whole answer and a stream have %p', (isParallel, names) => {
  const call = callOf(isParallel);
  const { chat } = gemini;
  const whole = chat?.readAnswer(ANSWER, new Meter(0, () => ''), call).answer.choices[0];
  expect(whole?.toolCalls.map(({ name }) => name)).toEqual(names);
  expect(whole?.finishReason).toBe('tool_calls');
  const events = chat?.openEvents(10_000, call).push(Buffer.from(`data: ${ANSWER}\n\n`)) ?? [];
  expect(events.flatMap((event) => (event.kind === 'toolCall' ? [event.name] : []))).toEqual(names as never);
});
