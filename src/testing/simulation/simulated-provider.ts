// How the providers of a simulation answer: mostly well, and with every kind of failure now and then.
import { CallError } from '../../core/errors.ts';
import { chunk, completion, frame, streamFrames } from '../fault-scripts.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Asked } from './simulated-upstream.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream' };

type Answer = (asked: Asked) => void;

/** An answer, and for how long its target is to be left alone because of it. */
type Way = { readonly name: string; readonly weight: number; readonly answer: Answer; readonly restMs?: number };

const COOL_DOWN_MS = 5_000;

const WAYS: readonly Way[] = [
  { name: 'well', weight: 60, answer: well() },
  { name: 'without usage', weight: 3, answer: well({ usage: undefined }) },
  { name: 'absurd usage', weight: 2, answer: well({ usage: { prompt_tokens: 1e12, completion_tokens: -3 } }) },
  { name: 'large usage', weight: 2, answer: well({ usage: { prompt_tokens: 500, completion_tokens: 80 } }) },
  { name: 'nothing said', weight: 2, answer: well({}, '') },
  {
    name: 'refused connection',
    weight: 4,
    answer: (asked) => asked.fail(new CallError('upstream_unreachable')),
    restMs: COOL_DOWN_MS,
  },
  { name: 'reset before the answer', weight: 3, answer: (asked) => asked.fail(new CallError('upstream_reset')) },
  { name: '400', weight: 3, answer: status(400) },
  { name: '401', weight: 2, answer: status(401), restMs: COOL_DOWN_MS },
  { name: '429', weight: 3, answer: status(429, { 'retry-after': '9' }), restMs: 9_000 },
  { name: '500', weight: 4, answer: status(500) },
  { name: '503', weight: 4, answer: status(503), restMs: COOL_DOWN_MS },
  { name: 'a page', weight: 2, answer: (asked) => whole(asked, 200, '<html>', { 'content-type': 'text/html' }) },
  { name: 'broken JSON', weight: 2, answer: (asked) => whole(asked, 200, '{"choices": [', JSON_HEADERS) },
  {
    name: 'error in a 200',
    weight: 2,
    answer: (asked) => whole(asked, 200, '{"error":{"message":"x"}}', JSON_HEADERS),
  },
];

/** Draws how a request is answered. */
export function drawAnswer(random: SeededRandom): Way {
  let left = random.next() * WAYS.reduce((sum, way) => sum + way.weight, 0);
  for (const way of WAYS) {
    left -= way.weight;
    if (left < 0) return way;
  }
  return WAYS[0] as Way;
}

export const goodAnswer: Answer = well();

function well(fields: Readonly<Record<string, unknown>> = {}, text = 'one two three'): Answer {
  return (asked) => {
    if (!asked.isStream) {
      whole(asked, 200, JSON.stringify(completion(text, fields)), JSON_HEADERS);
      return;
    }
    asked.begin(200, STREAM_HEADERS);
    asked.frames = 'usage' in fields ? streamFrames(text, fields['usage'] ?? null) : streamFrames(text);
  };
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = JSON.stringify({ error: { message: 'no', type: 'x', param: null, code: null } });
  return (asked) => whole(asked, code, body, { ...JSON_HEADERS, ...headers });
}

function whole(asked: Asked, code: number, text: string, headers: Readonly<Record<string, string>>): void {
  asked.begin(code, headers);
  asked.send(text);
  asked.end();
}

/** The next part of a stream that has begun: a frame or two, or its end, good or bad. */
export function sendMore(asked: Asked, random: SeededRandom): string {
  const frames = asked.frames as string[];
  const chance = random.next();
  if (frames.length === 0 || chance < 0.03) {
    asked.end();
    return frames.length === 0 ? 'ends' : 'ends too early';
  }
  if (chance < 0.06) {
    asked.reset();
    return 'resets';
  }
  if (chance < 0.08) {
    asked.send(frame({ ...chunk({}), error: { message: 'no', code: null } }));
    return 'tells an error';
  }
  const count = Math.min(frames.length, random.whole(1, 2));
  asked.send(frames.splice(0, count).join(''));
  return `sends ${count}`;
}
