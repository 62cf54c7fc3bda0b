// Makes the n-th bad request of a seed: the bytes of one HTTP request, changed in its body, head or framing. The same
// seed and number make the same bytes, but for the customer's key, which is of one length in every run.
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { chunked, misframe } from './misframe.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateHead, writeHead } from './mutate-head.ts';
import { mutateJson } from './mutate-json.ts';
import { STRANGE_TEXTS } from './strange-values.ts';
import type { ValidRequest } from './valid-requests.ts';
import { KEY_MARK } from './valid-requests.ts';

export type BadRequest = {
  readonly number: number;
  readonly from: string;
  readonly bytes: Buffer;
  readonly method: string;
  readonly target: string;
  /** Whether a server must take it for exactly one request, and so answers it with exactly one answer. */
  readonly isFramed: boolean;
  /** Whether the head is as a client would write it, so that the server may not refuse it without a word. */
  readonly isHeadSound: boolean;
};

/** A request on its way to become bytes. */
export type Draft = { method: string; target: string; version: string; headers: [string, string][] };

export type Credentials = { readonly keys: readonly string[]; readonly adminToken: string };

export function badRequest(
  seed: number,
  number: number,
  valid: readonly (readonly ValidRequest[])[],
  credentials: Credentials,
): BadRequest {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const from = random.pick(random.pick(valid));
  const key = random.pick(credentials.keys);
  const draft: Draft = {
    method: from.method,
    target: from.target,
    version: 'HTTP/1.1',
    headers: headersOf(from, key, credentials.adminToken),
  };
  const kind = random.next();
  const isBodyChanged = from.body !== undefined && kind >= 0.04 && kind < 0.72;
  const isHeadChanged = kind >= 0.6 && kind < 0.93;
  const body = bodyOf(random, from, valid, isBodyChanged, key);
  const isHeadSound = !isHeadChanged || !mutateHead(random, draft);
  if (kind >= 0.96) {
    const bytes = misframe(random, draft, body);
    return { number, from: from.name, bytes, ...ofDraft(draft), isFramed: false, isHeadSound: false };
  }
  const isChunked = kind >= 0.93 && body.length > 0;
  const framed = isChunked ? chunked(random, body) : body;
  if (isChunked) draft.headers.push(['transfer-encoding', 'chunked']);
  else if (body.length > 0 || from.method !== 'GET') draft.headers.push(['content-length', String(body.length)]);
  const bytes = Buffer.concat([writeHead(draft), framed]);
  return { number, from: from.name, bytes, ...ofDraft(draft), isFramed: true, isHeadSound };
}

const ofDraft = ({ method, target }: Draft) => ({ method, target });

function headersOf(from: ValidRequest, key: string, adminToken: string): [string, string][] {
  const headers: [string, string][] = [['host', 'gateway.example']];
  if (from.carrier === 'bearer') headers.push(['authorization', `Bearer ${key}`]);
  if (from.carrier === 'x-api-key') headers.push(['x-api-key', key]);
  if (from.carrier === 'admin') headers.push(['authorization', `Bearer ${adminToken}`]);
  if (from.contentType !== undefined) headers.push(['content-type', from.contentType]);
  headers.push(...Object.entries(from.headers ?? {}));
  return headers;
}

function bodyOf(
  random: SeededRandom,
  from: ValidRequest,
  valid: readonly (readonly ValidRequest[])[],
  isChanged: boolean,
  key: string,
): Buffer {
  if (from.body === undefined) return Buffer.alloc(0);
  const text = typeof from.body === 'string' ? from.body : JSON.stringify(from.body);
  if (!isChanged) return withKey(text, key);
  if (typeof from.body === 'string') return mutateText(random, text, key);
  const way = random.next();
  if (way < 0.8) return withKey(mutateJson(random, from.body, [random.pick(random.pick(valid)).body ?? null]), key);
  if (way < 0.96) return mutateBytes(random, withKey(text, key));
  return otherEncoding(random, text.replaceAll(KEY_MARK, key));
}

function withKey(text: string, key: string): Buffer {
  return Buffer.from(text.includes(KEY_MARK) ? text.replaceAll(KEY_MARK, key) : text);
}

/** Forms, plain and of many parts. */
function mutateText(random: SeededRandom, text: string, key: string): Buffer {
  const bytes = withKey(text, key);
  if (random.next() < 0.5) return mutateBytes(random, bytes);
  const strange = random.pick(STRANGE_TEXTS);
  return random.pick([
    () => Buffer.from(`${bytes}&content=${encodeURIComponent(strange.toWellFormed())}`),
    () => Buffer.from(`${bytes}&${'a=1&'.repeat(random.pick([1, 100, 5_000]))}`),
    () => Buffer.from(`${bytes}&%ZZ=%&=&&=%C0%80&mode=%u0041`),
    () => Buffer.from(String(bytes).replaceAll('\r\n', random.pick(['\n', '\r', '\r\r\n', '']))),
    () => Buffer.from(String(bytes).replaceAll('------corpus', random.pick(['--', '', '------corpus-', '\0']))),
    () => Buffer.concat([bytes, bytes]),
    () =>
      Buffer.from(
        String(bytes).replace(/name="\w+"/, random.pick(['', 'name=', 'name="__proto__"', 'name="a', 'filename="x"'])),
      ),
  ])();
}

function otherEncoding(random: SeededRandom, text: string): Buffer {
  return random.pick([
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
    () => Buffer.from(Bun.gzipSync(text)),
    () => Buffer.from(`${' '.repeat(random.pick([1, 1_000, 50_000]))}${text}`),
    () => Buffer.from(`${text}${'\n'.repeat(1_000)}`),
    () => Buffer.from(`[${text}]`),
    () => Buffer.from(JSON.stringify(text)),
    () => Buffer.from(`${text}${text}`),
    () => Buffer.from(`)]}',\n${text}`),
  ])();
}
