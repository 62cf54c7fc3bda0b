// The ways to cause the rows about connections, statuses and whole answers.
import type { ErrorCode } from '../../core/errors.ts';
import { ERRORS } from '../../core/errors.ts';
import type { Script } from '../fault-scripts.ts';
import { bytes, endless, hang, head, json, resetAtOnce } from '../fault-scripts.ts';
import type { Complaint } from './family-shapes.ts';
import type { FaultCase, Given } from './fault-case.ts';
import { answerUnder, answerWith, bomb, cutMidway, goodWhole, stallMidway, trickle } from './fault-case.ts';
import type { FaultRow, Outcome } from './fault-row.ts';
import { allFail, allServe, breaks, fails, taskFails } from './fault-row.ts';
import { faultRow } from './fault-table.ts';

/** Longer than the tests' gateways wait for a first byte. */
const LATE_MS = 1_200;
const WHOLES = ['whole', 'task', 'image'] as const;

/** An error status with the vendor's words. */
const says =
  (status: number, complaint: Complaint, headers: Readonly<Record<string, string>> = {}) =>
  ({ shapes }: Given) =>
    json(shapes.error(complaint), status, headers);

const whole = (body: unknown, type = 'application/json') => json(body, 200, { 'content-type': type });

/** The row's outcomes under the status of the provider. */
function withStatus(code: ErrorCode, status: number): FaultRow['ends'] {
  const outcome: Outcome = { status, code, hold: 'void' };
  return { whole: outcome, stream: outcome, task: taskFails(code, 'void'), image: outcome };
}

const CONNECTIONS: readonly FaultCase[] = [
  { row: 'F1', name: 'a name that does not exist', cause: 'unresolved' },
  { row: 'F1', name: 'a port on which nobody listens', cause: 'refused' },
  { row: 'F1', name: 'an address that never answers', cause: 'unconnected' },
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

const STATUSES: readonly FaultCase[] = [
  { row: 'F5', name: '429', cause: says(429, 'rateLimit'), retryAfterS: 5 },
  { row: 'F5', name: '429 until 7 s', cause: says(429, 'rateLimit', { 'retry-after': '7' }), retryAfterS: 7 },
  { row: 'F5', name: '429 until an hour', cause: says(429, 'rateLimit', { 'retry-after': '3600' }), retryAfterS: 60 },
  { row: 'F5', name: '429 without a body', cause: () => json('', 429), retryAfterS: 5 },
  { row: 'F6', name: '500', cause: says(500, 'server') },
  {
    row: 'F6',
    name: '500 with a page',
    cause: () => json('<html>our-secret-host</html>', 500, { 'content-type': 'text/html' }),
  },
  { row: 'F6', name: '502', cause: says(502, 'server') },
  { row: 'F3', name: '504', cause: says(504, 'server') },
  { row: 'F7', name: '503', cause: says(503, 'overloaded'), retryAfterS: 5 },
  { row: 'F7', name: '503 until 9 s', cause: says(503, 'overloaded', { 'retry-after': '9' }), retryAfterS: 9 },
  { row: 'F7', name: '529', cause: says(529, 'overloaded'), retryAfterS: 5 },
  { row: 'F8', name: '401', cause: says(401, 'account') },
  { row: 'F8', name: '402', cause: says(402, 'account') },
  { row: 'F8', name: '403', cause: says(403, 'account') },
  { row: 'F8', name: '429 for our empty account', cause: says(429, 'account') },
  ...[400, 404, 413, 422].map(
    (status): FaultCase => ({
      row: 'F9',
      name: String(status),
      cause: says(status, 'request'),
      ends: withStatus('upstream_rejected', status),
    }),
  ),
  {
    row: 'F9',
    name: 'refused content',
    family: 'openai',
    cause: says(400, 'content'),
    ends: withStatus('content_refused', ERRORS.content_refused.status),
  },
  ...['301', '302', '303', '307', '308'].map(
    (status): FaultCase => ({
      row: 'F22',
      name: status,
      cause: () => json('', Number(status), { location: 'http://127.0.0.1:9/elsewhere' }),
    }),
  ),
];

/** What an error object inside of an answer means, wherever it stands. */
export const COMPLAINTS: readonly (readonly [Complaint, row: FaultRow['id'], code: ErrorCode])[] = [
  ['server', 'F6', 'upstream_error'],
  ['overloaded', 'F7', 'upstream_overloaded'],
  ['rateLimit', 'F5', 'upstream_rate_limited'],
  ['account', 'F8', 'provider_unavailable'],
  ['request', 'F9', 'upstream_rejected'],
];

const ERRORS_IN_200: readonly FaultCase[] = COMPLAINTS.map(([complaint, row]) => ({
  row: 'F10',
  name: `that of ${row}`,
  cause: says(200, complaint),
  ends: faultRow(row).ends,
  retry: faultRow(row).retry,
}));

const UNREADABLE: readonly FaultCase[] = [
  { row: 'F11', name: 'a page', cause: () => whole('<html><body>Hello</body></html>', 'text/html') },
  { row: 'F11', name: 'nothing', cause: () => whole('') },
  { row: 'F11', name: 'null', cause: () => whole(null) },
  { row: 'F11', name: 'an empty object', cause: () => whole({}) },
  {
    row: 'F11',
    name: 'plain text',
    cause: () => whole('All is well.', 'text/plain'),
    ends: { stream: fails('upstream_truncated', 'loss') },
  },
  {
    row: 'F12',
    name: 'JSON that breaks off',
    kinds: WHOLES,
    cause: (given) => whole(JSON.stringify(goodWhole(given)).slice(0, -9)),
  },
  {
    row: 'F12',
    name: 'a number that is none',
    kinds: ['whole', 'task'],
    cause: (given) => answerWith(given, given.shapes.usage('raw:NaN', 7)),
  },
  { row: 'F12', name: 'invalid UTF-8', kinds: WHOLES, cause: (given) => invalidUtf8(goodWhole(given)) },
  { row: 'F12', name: 'too short a length', kinds: WHOLES, cause: (given) => lengthOff(goodWhole(given), -9) },
  {
    row: 'F12',
    name: 'too large a length',
    kinds: WHOLES,
    cause: (given) => lengthOff(goodWhole(given), 9),
    ends: allFail('upstream_reset', 'loss'),
  },
  { row: 'F38', name: 'an address', cause: () => whole({ data: [{ url: 'http://127.0.0.1:9/picture.png' }] }) },
];

function invalidUtf8(body: unknown): Script {
  const text = Buffer.from(JSON.stringify(body));
  const at = text.indexOf('id"') < 0 ? text.indexOf('"') + 1 : text.indexOf('"', text.indexOf('id"') + 4) + 1;
  text[at] = 0xff;
  return bytes(head(200, { 'content-type': 'application/json', 'content-length': String(text.length) }), text);
}

/** An answer that declares another length than it has, and ends its connection. */
function lengthOff(body: unknown, by: number): Script {
  const text = Buffer.from(JSON.stringify(body));
  const declared = head(200, { 'content-type': 'application/json', 'content-length': String(text.length + by) });
  return async (wire) => {
    await wire.send(declared);
    await wire.send(text);
    await Bun.sleep(25);
    wire.end();
  };
}

const USAGES: readonly FaultCase[] = [
  { row: 'F13', name: 'no usage', cause: (given) => answerWith(given, null) },
  { row: 'F14', name: 'a negative count', cause: (given) => answerWith(given, given.shapes.usage(-9, -7)) },
  { row: 'F14', name: '1e12', cause: (given) => answerWith(given, given.shapes.usage(9, 1e12)) },
  { row: 'F14', name: '1e999', cause: (given) => answerWith(given, given.shapes.usage('raw:1e999', 7)) },
  { row: 'F14', name: 'text', cause: (given) => answerWith(given, given.shapes.usage('9', '7')) },
  { row: 'F14', name: 'a fraction', cause: (given) => answerWith(given, given.shapes.usage(1.5, 7)) },
  {
    row: 'F14',
    name: 'no number at all',
    kinds: ['stream'],
    cause: (given) => answerWith(given, given.shapes.usage('raw:NaN', 7)),
    ends: { stream: breaks('upstream_bad_response', 'delivered') },
  },
];

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
  { row: 'F24', name: 'a length and chunks', cause: (given) => answerUnder(given, 'content-length: 5', CHUNKED) },
  { row: 'F24', name: 'two lengths', cause: (given) => answerUnder(given, 'content-length: 5', 'content-length: 6') },
  { row: 'F24', name: 'a length with a sign', cause: (given) => answerUnder(given, 'content-length: +5') },
  {
    row: 'F24',
    name: 'an unknown transfer coding',
    cause: (given) => answerUnder(given, 'transfer-encoding: xchunked'),
  },
  { row: 'F24', name: 'a folded line', cause: (given) => answerUnder(given, 'x-one: 1', ' content-length: 5') },
  { row: 'F24', name: 'a blank before the colon', cause: (given) => answerUnder(given, 'content-length : 5') },
  { row: 'F24', name: 'a bare line feed', cause: (given) => answerUnder(given, 'x-one: 1\ncontent-length: 5') },
  { row: 'F24', name: 'a zero byte', cause: (given) => answerUnder(given, 'x-one: a\0b') },
  { row: 'F24', name: '70 kB of headers', cause: (given) => answerUnder(given, `x-one: ${'a'.repeat(70_000)}`) },
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

export const ANSWER_CASES: readonly FaultCase[] = [
  ...CONNECTIONS,
  ...STATUSES,
  ...ERRORS_IN_200,
  ...UNREADABLE,
  ...USAGES,
  ...SIZES,
  ...BREAKS,
  ...HEADERS,
];
