// The ways to cause the rows that only streams can meet.
import { cutStream, stall, stream } from '../fault-scripts.ts';
import { COMPLAINTS } from './answer-cases.ts';
import type { FaultCase, Given } from './fault-case.ts';
import { firstFrames, goodFrames, streamWith } from './fault-case.ts';
import type { Outcome } from './fault-row.ts';
import { breaks, fails, serves } from './fault-row.ts';

type StreamCase = Omit<FaultCase, 'ends' | 'kinds'> & { readonly end?: Outcome };

const opening = (given: Given) => goodFrames(given).slice(0, given.shapes.openingFrames);
const clean = (frames: readonly string[]) => cutStream(Buffer.from(frames.join('')), Number.POSITIVE_INFINITY, 'clean');

const ENDINGS: readonly StreamCase[] = [
  {
    row: 'F4',
    name: 'headers and silence',
    cause: () => stall([]),
    end: fails('upstream_stalled', 'loss'),
  },
  {
    row: 'F16',
    name: 'a reset after the opening event',
    cause: (given) => cutStream(Buffer.from(opening(given).join('')), Number.POSITIVE_INFINITY, 'reset'),
    end: breaks('upstream_reset', 'loss'),
    // Nothing is told before there is something to tell.
    endTranslated: fails('upstream_reset', 'loss'),
  },
  { row: 'F18', name: 'no event at all', cause: () => clean([]), end: fails('upstream_truncated', 'loss') },
  {
    row: 'F18',
    name: 'after the opening event',
    cause: (given) => clean(opening(given)),
    end: breaks('upstream_truncated', 'loss'),
    endTranslated: fails('upstream_truncated', 'loss'),
  },
  { row: 'F18', name: 'after some words', cause: (given) => clean(firstFrames(given)) },
  {
    row: 'F18',
    name: 'one event before the end',
    cause: (given) => clean(goodFrames(given).slice(0, -1)),
    end: breaks('upstream_truncated', 'usage'),
  },
  {
    row: 'F18',
    name: 'in the middle of an event',
    cause: (given) => clean([...firstFrames(given), 'data: {"id":"ha']),
  },
];

const GARBAGE: readonly StreamCase[] = [
  { row: 'F19', name: 'an event that is no JSON', cause: (given) => streamWith(given, 'data: oops\n\n') },
  { row: 'F19', name: 'an event that is half JSON', cause: (given) => streamWith(given, 'data: {"id":"ha\n\n') },
  { row: 'F19', name: 'an event that is a number', cause: (given) => streamWith(given, 'data: 7\n\n') },
  { row: 'F19', name: 'an event that is a list', cause: (given) => streamWith(given, 'data: []\n\n') },
  {
    row: 'F19',
    name: 'a line of a megabyte',
    cause: (given) => streamWith(given, `data: {"id":"${'a'.repeat(1_000_000)}`),
    end: breaks('upstream_too_large', 'delivered'),
  },
  {
    row: 'F19',
    name: 'garbage at the beginning',
    cause: () => stream(['data: oops\n\n']),
    end: fails('upstream_bad_response', 'loss'),
  },
];

const HARMLESS: readonly (readonly [name: string, change: (given: Given) => (string | Uint8Array)[]])[] = [
  ['comments', (given) => goodFrames(given).flatMap((one) => [': hello\n\n', one])],
  [
    'an unknown event',
    (given) => [
      ...firstFrames(given),
      given.shapes.unknownFrame,
      ...goodFrames(given).slice(firstFrames(given).length),
    ],
  ],
  ['a byte order mark', (given) => ['\ufeff', ...goodFrames(given)]],
  ['CR alone as line ends', (given) => goodFrames(given).map((one) => one.replaceAll('\n', '\r'))],
  ['CRLF as line ends', (given) => goodFrames(given).map((one) => one.replaceAll('\n', '\r\n'))],
  ['ids and retry times', (given) => goodFrames(given).map((one, i) => `id: ${i}\nretry: 1000\n${one}`)],
  ['a zero byte in a comment', (given) => [': a\0b\n\n', ...goodFrames(given)]],
  [
    'letters split between reads',
    (given) => [...Buffer.from(goodFrames(given).join(''))].map((byte) => Buffer.from([byte])),
  ],
];

const AFTER_THE_END: readonly StreamCase[] = [
  {
    row: 'F21',
    name: 'more text after the end',
    cause: (given) => stream([...goodFrames(given), ...goodFrames(given)]),
  },
  {
    row: 'F21',
    name: 'an error after the end',
    cause: (given) => stream([...goodFrames(given), given.shapes.errorFrame('server')]),
  },
  { row: 'F21', name: 'two ends', cause: (given) => stream([...goodFrames(given), goodFrames(given).at(-1) ?? '']) },
  {
    row: 'F21',
    name: 'garbage after the end',
    cause: (given) => stream([...goodFrames(given), 'data: oops\n\n', 'x'.repeat(99)]),
  },
  {
    row: 'F21',
    name: 'two counts',
    cause: (given) => {
      const other = goodFrames(given, given.shapes.usage(5, 3)).slice(0, -1);
      return stream([...other, ...goodFrames(given).slice(-2)]);
    },
  },
  {
    row: 'F21',
    name: 'a connection that stays open after the end',
    cause: (given) => stall(goodFrames(given)),
  },
];

const CASES: readonly StreamCase[] = [
  ...ENDINGS,
  ...GARBAGE,
  ...HARMLESS.map(
    ([name, change]): StreamCase => ({
      row: 'F19',
      name,
      cause: (given) => stream(change(given)),
      end: serves('usage'),
    }),
  ),
  ...COMPLAINTS.map(
    ([complaint, , code]): StreamCase => ({
      row: 'F20',
      name: complaint,
      cause: (given) => streamWith(given, given.shapes.errorFrame(complaint)),
      end: breaks(code, 'delivered'),
    }),
  ),
  ...AFTER_THE_END,
];

export const STREAM_CASES: readonly FaultCase[] = CASES.map(({ end, ...one }) => ({
  ...one,
  kinds: ['stream'],
  ...(end === undefined ? {} : { ends: { stream: end } }),
}));
