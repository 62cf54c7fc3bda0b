// The ways to cause the rows about statuses, and about what an answer says.
import type { ErrorCode } from '../../core/errors.ts';
import { ERRORS } from '../../core/errors.ts';
import type { Script } from '../fault-scripts.ts';
import { bytes, head, json } from '../fault-scripts.ts';
import type { Complaint } from './family-shapes.ts';
import type { FaultCase, Given } from './fault-case.ts';
import { answerWith, goodWhole } from './fault-case.ts';
import type { FaultRow, Outcome } from './fault-row.ts';
import { allFail, breaks, fails, taskFails } from './fault-row.ts';
import { faultRow } from './fault-table.ts';

const WHOLES = ['whole', 'task', 'image', 'job'] as const;

/** An error status with the vendor's words. */
const says =
  (status: number, complaint: Complaint, headers: Readonly<Record<string, string>> = {}) =>
  ({ shapes }: Given) =>
    json(shapes.error(complaint), status, headers);

const whole = (body: unknown, type = 'application/json') => json(body, 200, { 'content-type': type });

/** The row's outcomes under the status of the provider. */
function withStatus(code: ErrorCode, status: number): FaultRow['ends'] {
  const outcome: Outcome = { status, code, hold: 'void' };
  return { whole: outcome, stream: outcome, task: taskFails(code, 'void'), image: outcome, job: outcome };
}

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
  { row: 'F8', name: '401', cause: says(401, 'server') },
  { row: 'F8', name: '401 without a body', cause: () => json('', 401) },
  { row: 'F8', name: '402', cause: says(402, 'server') },
  { row: 'F8', name: '403', cause: says(403, 'server') },
  { row: 'F8', name: '400 for our empty account', cause: says(400, 'account') },
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
  // What begins a job has no error object inside: the cases of jobs have what vendors send in its place.
  kinds: ['whole', 'stream', 'task', 'image'],
  cause: says(200, complaint),
  ends: faultRow(row).ends,
  alarm: faultRow(row).alarm ?? null,
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
  {
    row: 'F38',
    name: 'an address',
    kinds: ['image'],
    cause: () => whole({ data: [{ url: 'http://127.0.0.1:9/picture.png' }] }),
  },
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
  {
    row: 'F14',
    name: 'a million tokens for some words',
    cause: (given) => answerWith(given, given.shapes.usage(9, 1_000_000)),
  },
  { row: 'F14', name: 'a million tokens of input', cause: (given) => answerWith(given, given.shapes.usage(1e6, 7)) },
  { row: 'F14', name: '1e999', cause: (given) => answerWith(given, given.shapes.usage('raw:1e999', 7)) },
  // What is no number at all is as good as missing.
  { row: 'F14', name: 'text', alarm: null, cause: (given) => answerWith(given, given.shapes.usage('9', '7')) },
  { row: 'F14', name: 'a fraction', cause: (given) => answerWith(given, given.shapes.usage(1.5, 7)) },
  {
    row: 'F14',
    name: 'no number at all',
    alarm: null,
    kinds: ['stream'],
    cause: (given) => answerWith(given, given.shapes.usage('raw:NaN', 7)),
    ends: { stream: breaks('upstream_bad_response', 'delivered') },
  },
];

export const ANSWER_CASES: readonly FaultCase[] = [...STATUSES, ...ERRORS_IN_200, ...UNREADABLE, ...USAGES];
