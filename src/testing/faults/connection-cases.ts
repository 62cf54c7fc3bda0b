// The ways to cause the rows about connections, time, sizes and HTTP itself, whatever the answer would say.
import type { Script } from '../fault-scripts.ts';
import { bytes, endless, hang, head, json, resetAtOnce } from '../fault-scripts.ts';
import type { FaultCase } from './fault-case.ts';
import {
  answerUnder,
  answerWith,
  bomb,
  chunksUnder,
  cutMidway,
  goodWhole,
  stallMidway,
  trickle,
} from './fault-case.ts';
import { allFail, allServe, breaks, fails } from './fault-row.ts';

/** Longer than the tests' gateways wait for a first byte. */
const LATE_MS = 1_500;
const WHOLES = ['whole', 'task', 'image', 'job'] as const;

const SIZES: readonly FaultCase[] = [
  {
    row: 'F15',
    name: 'text without end',
    kinds: ['stream'],
    cause: ({ shapes }) =>
      endless('text/event-stream', shapes.frames(`${'a'.repeat(99)} `, null).slice(shapes.openingFrames, -2)[0] ?? ''),
  },
  {
    row: 'F15',
    name: 'one event without end',
    kinds: ['stream'],
    cause: () => endless('text/event-stream', 'data: aaaaaaaaaaaaaaaaaaaaaaaaa'),
    ends: { stream: fails('upstream_too_large', 'loss') },
  },
  { row: 'F15', name: 'blanks without end', kinds: WHOLES, cause: () => endless('application/json', ' ') },
  {
    row: 'F15',
    name: 'an announced terabyte',
    kinds: WHOLES,
    cause: () => bytes(head(200, { 'content-type': 'application/json', 'content-length': '1099511627776' }), '{'),
  },
  { row: 'F23', name: 'gzip', cause: (given) => bomb(given, 'gzip', 1) },
  { row: 'F23', name: 'gzip in gzip', cause: (given) => bomb(given, 'gzip, gzip', 2) },
  { row: 'F23', name: 'an unknown coding', cause: (given) => bomb(given, 'zip64', 1) },
];

const BREAKS: readonly FaultCase[] = [
  { row: 'F16', name: 'a reset at once', cause: () => resetAtOnce },
  { row: 'F16', name: 'an end at once', cause: () => (wire) => wire.end() },
  { row: 'F16', name: 'a reset in the head', cause: () => breakAfter('HTTP/1.1 200 OK\r\ncontent-') },
  {
    row: 'F16',
    name: 'a reset after the head',
    cause: () => breakAfter(head(200, { 'transfer-encoding': 'chunked' })),
  },
  { row: 'F17', name: 'a reset', cause: (given) => cutMidway(given, 'reset') },
  { row: 'F17', name: 'an end of the connection', cause: (given) => cutMidway(given, 'fin') },
];

function breakAfter(text: string): Script {
  return async (wire) => {
    await wire.send(text);
    await Bun.sleep(25);
    wire.reset();
  };
}

const CHUNKED = 'transfer-encoding: chunked';
const HEADERS: readonly FaultCase[] = [
  { row: 'F24', name: 'a length and chunks', cause: (given) => chunksUnder(given, 'content-length: LENGTH', CHUNKED) },
  {
    row: 'F24',
    name: 'two lengths',
    cause: (given) => answerUnder(given, 'content-length: LENGTH', 'content-length: 6'),
  },
  { row: 'F24', name: 'a length with a sign', cause: (given) => answerUnder(given, 'content-length: +LENGTH') },
  {
    row: 'F24',
    name: 'an unknown transfer coding',
    cause: (given) => chunksUnder(given, 'transfer-encoding: xchunked'),
  },
  {
    row: 'F24',
    name: 'two transfer codings',
    cause: (given) => chunksUnder(given, CHUNKED, 'transfer-encoding: identity'),
  },
  { row: 'F24', name: 'a folded line', cause: (given) => answerUnder(given, 'content-length: LENGTH', ' x-one: 1') },
  { row: 'F24', name: 'a blank before the colon', cause: (given) => chunksUnder(given, CHUNKED, 'content-length : 5') },
  { row: 'F24', name: 'a bare line feed', cause: (given) => answerUnder(given, 'x-one: 1\ncontent-length: LENGTH') },
  { row: 'F24', name: 'a zero byte', cause: (given) => answerUnder(given, 'content-length: LENGTH', 'x-one: a\0b') },
  {
    row: 'F24',
    name: '70 kB of headers',
    cause: (given) => answerUnder(given, 'content-length: LENGTH', `x-one: ${'a'.repeat(70_000)}`),
  },
  { row: 'F24', name: 'a chunk of no size', cause: (given) => answerUnder(given, CHUNKED) },
  {
    row: 'F24',
    name: 'another protocol',
    cause: () => bytes('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'),
  },
  {
    row: 'F24',
    name: 'cookies and a second answer after the first',
    kinds: WHOLES,
    cause: (given) => async (wire, call) => {
      await json(goodWhole(given), 200, { 'set-cookie': 'session=our-secret', location: '/x' })(wire, call);
      await wire.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    },
    retry: 'never',
    ends: allServe('usage'),
  },
];

const CONNECTIONS: readonly FaultCase[] = [
  { row: 'F1', name: 'a name that does not exist', cause: 'unresolved' },
  { row: 'F1', name: 'a port on which nobody listens', cause: 'refused' },
  // A task would wait for it five times.
  {
    row: 'F1',
    name: 'an address that never answers',
    cause: 'unconnected',
    kinds: ['whole', 'stream', 'image', 'job'],
  },
  { row: 'F2', name: 'a certificate that nobody signed', cause: 'untrusted' },
  { row: 'F2', name: 'a server that knows no TLS', cause: 'plain' },
  { row: 'F3', name: 'silence', cause: () => hang },
  {
    row: 'F3',
    name: 'half a head and silence',
    cause: () => (wire) => wire.send('HTTP/1.1 200 OK\r\ncont').then(() => wire.closed),
  },
  {
    row: 'F3',
    name: 'a right answer when nobody waits any more',
    cause: (given) => async (wire, call) => {
      await Bun.sleep(LATE_MS);
      await answerWith(given, given.shapes.goodUsage)(wire, call);
    },
  },
  { row: 'F4', name: 'a part and silence', cause: stallMidway },
  {
    row: 'F4',
    name: 'a trickle without end',
    cause: trickle,
    retry: 'never',
    ends: { ...allFail('deadline_exceeded', 'loss'), stream: breaks('deadline_exceeded', 'delivered') },
  },
];

/** Those about connections come last: they are about milliseconds, and at first all others want to be begun. */
export const CONNECTION_CASES: readonly FaultCase[] = [...SIZES, ...BREAKS, ...HEADERS, ...CONNECTIONS];
