// Changes the head of a request: target, method and headers, without touching where its body ends.
import type { SeededRandom } from '../../src/testing/seeded-random.ts';
import type { Draft } from './mutate-request.ts';
import { STRANGE_TEXTS } from './strange-values.ts';

const CONTENT_TYPES = [
  ...['', 'application/json', 'APPLICATION/JSON', 'application/json; charset=utf-16', 'application/json; charset="x'],
  ...[
    'application/json;',
    'application/json, text/plain',
    ' application/json',
    'application/jsonp',
    'application/json\tx',
  ],
  ...[
    'text/plain',
    'text/html',
    '*/*',
    'x',
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded;a=b',
  ],
  ...['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary="', 'multipart/mixed'],
  ...[`multipart/form-data; boundary=${'x'.repeat(5_000)}`, 'multipart/form-data; boundary=----corpus; boundary=b'],
  ...['multipart/form-data; boundary=\u00e9', 'application/octet-stream', 'application/json; charset=utf-7'],
];
const CODINGS = ['gzip', 'br', 'zstd', 'deflate', 'identity', 'gzip, gzip', 'x-unknown', '', 'GZIP', 'identity, gzip'];
const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'post', 'POSTX', 'M-SEARCH', 'QUERY'];
/** Shapes that a routing table and a policy could read differently. */
const TARGET_TAILS = [
  ...[
    '/',
    '//',
    '/.',
    '/..',
    '/../models',
    '%2f',
    '%00',
    ';a=b',
    '?',
    '?key=x',
    '?api_key=x',
    '?a=%',
    '#x',
    '%',
    '%zz',
  ],
  ...[
    '?'.repeat(100),
    `?${'a=1&'.repeat(500)}`,
    '/%2e%2e/%2e%2e/etc/passwd',
    '\\',
    '%5c..',
    '/x'.repeat(200),
    '%ff%fe',
  ],
  ...['/__proto__', '/constructor', '/0', '/-1', '/1e3', '/9999999999999999999', '/%D0%BA', "/'", '/"', '/<b>'],
];
const WHOLE_TARGETS = [
  ...['/', '*', '//', '///v1/models', '/v1', '/V1/MODELS', 'http://gateway.example/v1/models', 'http://evil.example/'],
  ...[
    '/admin/v1/status',
    '/admin/v1/../v1/status',
    '/admin/v1//accounts',
    '/files/..%2f..%2fsecret',
    '/files/../tolmach.db',
  ],
  ...[
    '/files/%2e%2e/secret',
    '/files/x.png%00.txt',
    '/v1/models/',
    '/v1/models/%',
    '/v1/tasks/',
    '/v1/tasks/1/2',
    '/metrics?x',
  ],
];
/** Headers as clients, proxies and probes send them. None says where the body ends. */
const MORE_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['host', 'other.example'],
  ['host', '127.0.0.1:1'],
  ['x-forwarded-for', '1.2.3.4, ::1, unknown, "x"'],
  ['x-forwarded-for', ','.repeat(2_000)],
  ['x-forwarded-host', 'evil.example'],
  ['x-http-method-override', 'DELETE'],
  ['x-original-url', '/admin/v1/status'],
  ['expect', '100-continue'],
  ['expect', '200-ok'],
  ['upgrade', 'h2c'],
  ['upgrade', 'websocket'],
  ['connection', 'close'],
  ['connection', 'keep-alive, upgrade'],
  ['connection', 'host, authorization'],
  ['te', 'trailers'],
  ['trailer', 'content-length'],
  ['accept', 'text/event-stream'],
  ['accept-encoding', 'gzip;q=1, *;q=0'],
  ['range', 'bytes=0-,0-,0-'],
  ['if-none-match', '*'],
  ['origin', 'null'],
  ['access-control-request-headers', 'x, '.repeat(900)],
  ['cookie', 'a=b; c=d'],
  ['content-language', 'ru'],
  ['idempotency-key', 'order-17'],
  ['idempotency-key', 'k'.repeat(256)],
  ['idempotency-key', ' '],
  ['anthropic-version', '2023-06-01'],
  ['anthropic-version', 'x'.repeat(1_000)],
  ['authorization', 'Basic Og=='],
  ['authorization', 'Bearer'],
  ['authorization', 'Bearer  sk-tolmach-'],
  ['authorization', `Bearer ${'x'.repeat(4_000)}`],
  ['x-api-key', 'sk-other'],
  ['api-key', 'sk-other'],
  ['proxy-authorization', 'Basic eDp5'],
  ['x_underscore', '1'],
  ['X-Strange', '\u00e9\u00ff\u0080'],
  ['x-long', 'v'.repeat(8_000)],
];

/** Answers whether a server might refuse the head itself. */
export function mutateHead(random: SeededRandom, draft: Draft): boolean {
  let mayRefuse = false;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left--) mayRefuse = changeOnce(random, draft) || mayRefuse;
  return mayRefuse;
}

function changeOnce(random: SeededRandom, draft: Draft): boolean {
  switch (random.whole(0, 11)) {
    case 0:
    case 1:
      set(draft, 'content-type', random.pick(CONTENT_TYPES));
      return false;
    case 2:
      draft.headers.push(['content-encoding', random.pick(CODINGS)]);
      return false;
    case 3:
      draft.method = random.pick(METHODS);
      return true;
    case 4:
      draft.target = cleanTarget(draft.target + random.pick(TARGET_TAILS));
      return true;
    case 5:
      draft.target = cleanTarget(random.next() < 0.7 ? random.pick(WHOLE_TARGETS) : damaged(random, draft.target));
      return true;
    case 6:
    case 7:
    case 8:
      draft.headers.push([...random.pick(MORE_HEADERS)]);
      return true;
    case 9: {
      if (draft.headers.length === 0) return false;
      const header = random.pick(draft.headers);
      header[1] = damaged(random, header[1]);
      return true;
    }
    case 10:
      if (draft.headers.length === 0) return false;
      return random.pick([dropOne, doubleOne, respellOne, addMany])(random, draft);
    default:
      draft.version = random.pick([
        'HTTP/1.0',
        'HTTP/1.1',
        'HTTP/2.0',
        'HTTP/0.9',
        'http/1.1',
        'HTTP/1.1 ',
        'HTTPS/1.1',
      ]);
      return true;
  }
}

function dropOne(random: SeededRandom, draft: Draft): boolean {
  draft.headers.splice(random.whole(0, draft.headers.length - 1), 1);
  return true;
}

function doubleOne(random: SeededRandom, draft: Draft): boolean {
  const [name, value] = random.pick(draft.headers);
  draft.headers.push([name, random.next() < 0.5 ? value : damaged(random, value)]);
  return true;
}

function respellOne(random: SeededRandom, draft: Draft): boolean {
  const header = random.pick(draft.headers);
  header[0] = random.pick([
    header[0].toUpperCase(),
    `${header[0]} `,
    ` ${header[0]}`,
    header[0].replace('-', '_'),
    `${header[0]}\0`,
  ]);
  return true;
}

function addMany(random: SeededRandom, draft: Draft): boolean {
  const count = random.pick([50, 99, 100, 101, 199, 200, 300]);
  for (let i = 0; i < count; i++) draft.headers.push([`x-${i}`, 'v']);
  return true;
}

function set(draft: Draft, name: string, value: string): void {
  const found = draft.headers.find((header) => header[0] === name);
  if (found === undefined) draft.headers.push([name, value]);
  else found[1] = value;
}

/** Never with the line ends that would make it another header. */
function damaged(random: SeededRandom, text: string): string {
  const at = random.whole(0, text.length);
  const strange = random.pick(STRANGE_TEXTS).replace(/[\r\n]/g, '');
  return random.pick([
    text.slice(0, at) + strange + text.slice(at),
    text.slice(0, at),
    text.slice(at),
    text.toUpperCase(),
    ` ${text}\t`,
    `${text}, ${text}`,
    strange,
  ]);
}

/** Spaces would end the target. */
function cleanTarget(target: string): string {
  return target.replace(/[\s]/g, '+') || '/';
}

export function writeHead({ method, target, version, headers }: Draft): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} ${version}\r\n${lines.join('')}\r\n`, 'latin1');
}
