// HTTP/1.1 answers as bytes, with no network: however they are split the same is read, and what two readers could read
// differently is refused.
import { describe, expect, test } from 'bun:test';
import { toCallError } from '../../src/core/errors.ts';
import { addressBytes } from '../../src/upstream/http-client/address.ts';
import type { ResponseHead } from '../../src/upstream/http-client/response-head.ts';
import { ResponseParser } from '../../src/upstream/http-client/response-parser.ts';

type Parsed = {
  readonly status: number | undefined;
  readonly type: string | null | undefined;
  readonly body: string;
  readonly isComplete: boolean;
  readonly hasSurplus: boolean;
  readonly staysOpen: boolean | undefined;
  readonly error: string | undefined;
};

/** @param end whether the server ends the connection in order after the pieces. */
function parse(pieces: readonly Uint8Array[], { isHead = false, end = false } = {}): Parsed {
  let head: ResponseHead | undefined;
  const body: Uint8Array[] = [];
  const sink = {
    onHead(read: ResponseHead) {
      head = read;
    },
    onBody: (bytes: Buffer) => void body.push(bytes),
  };
  const parser = new ResponseParser(sink, isHead);
  let hasSurplus = false;
  let error: string | undefined;
  try {
    for (const piece of pieces) hasSurplus = parser.push(Buffer.from(piece)) || hasSurplus;
    if (end && !parser.isComplete) parser.end();
  } catch (thrown) {
    error = toCallError(thrown).code;
  }
  return {
    status: head?.status,
    type: head?.headers.get('Content-Type'),
    body: Buffer.concat(body).toString('utf8'),
    isComplete: parser.isComplete,
    hasSurplus,
    staysOpen: head?.staysOpen,
    error,
  };
}

const of = (...lines: string[]) => Buffer.from(lines.join('\r\n'));
const TEXT = 'Привет 🦊';
const LENGTH = Buffer.byteLength(TEXT);

const RECORDED: Readonly<Record<string, Buffer>> = {
  'with a length': of('HTTP/1.1 200 OK', 'Content-Type: text/plain', `Content-Length: ${LENGTH}`, '', TEXT),
  chunked: of(
    'HTTP/1.1 200 OK',
    'content-type:text/plain',
    'transfer-encoding: Chunked',
    '',
    `${LENGTH.toString(16)};name="a;b"`,
    TEXT,
    '0',
    'x-trailer: 1',
    '',
    '',
  ),
  'after interim answers': of(
    'HTTP/1.1 100 Continue',
    '',
    'HTTP/1.1 103 Early Hints',
    'link: </style.css>',
    '',
    'HTTP/1.1 200 OK',
    'content-type: text/plain',
    `content-length: ${LENGTH}`,
    '',
    TEXT,
  ),
};

describe.each(Object.entries(RECORDED))('an answer %s', (_, whole) => {
  const wanted = { status: 200, type: 'text/plain', body: TEXT, isComplete: true, hasSurplus: false, error: undefined };

  test('is the same at every split, and byte by byte', () => {
    for (let at = 0; at <= whole.length; at++)
      expect(parse([whole.subarray(0, at), whole.subarray(at)])).toMatchObject(wanted);
    expect(parse([...whole].map((byte) => Uint8Array.of(byte)))).toMatchObject(wanted);
  });

  test('that is cut at any byte is never complete, and the end of the connection is a reset', () => {
    for (let at = 0; at < whole.length; at++) {
      const cut = parse([whole.subarray(0, at)], { end: true });
      expect([cut.isComplete, cut.error]).toEqual([false, 'upstream_reset']);
      expect(TEXT.startsWith(cut.body.replace(/\uFFFD+$/, ''))).toBe(true);
    }
  });

  test('tells of anything that follows it, at every split', () => {
    const more = Buffer.concat([whole, Buffer.from('HTTP/1.1 200 OK\r\n\r\n')]);
    for (let at = 0; at <= more.length; at++)
      expect(parse([more.subarray(0, at), more.subarray(at)])).toMatchObject({ ...wanted, hasSurplus: true });
  });
});

describe('framing', () => {
  test.each([
    ['204', parse([of('HTTP/1.1 204 No Content', '', '')])],
    ['304 with a length', parse([of('HTTP/1.1 304 Not Modified', 'content-length: 5', '', '')])],
    ['the answer to HEAD', parse([of('HTTP/1.1 200 OK', 'content-length: 5', '', '')], { isHead: true })],
    ['a length of zero', parse([of('HTTP/1.1 200 OK', 'content-length: 0', '', '')])],
  ])('%s has no body', (_, parsed) => {
    expect(parsed).toMatchObject({ body: '', isComplete: true, hasSurplus: false, error: undefined });
  });

  test('without a length the body ends with the connection, which is then of no more use', () => {
    const bytes = of('HTTP/1.1 200 OK', '', 'some text');
    expect(parse([bytes])).toMatchObject({ isComplete: false, body: 'some text' });
    expect(parse([bytes], { end: true })).toMatchObject({ isComplete: true, error: undefined, staysOpen: false });
  });

  test.each([
    ['HTTP/1.1 200 OK', [], true],
    ['HTTP/1.1 200 OK', ['connection: Close'], false],
    ['HTTP/1.0 200 OK', [], false],
  ])('%s %p stays open: %p', (line, headers, staysOpen) => {
    expect(parse([of(line, ...headers, 'content-length: 0', '', '')]).staysOpen).toBe(staysOpen);
  });
});

describe('refused as no proper answer', () => {
  const ok = (...headers: string[]) => of('HTTP/1.1 200 OK', ...headers, '', '');
  const chunks = (text: string) => Buffer.concat([ok('transfer-encoding: chunked'), Buffer.from(text)]);

  test.each<[string, Buffer]>([
    ['another protocol', of('SSH-2.0-OpenSSH_9.6', '', '')],
    ['HTTP/2', of('HTTP/2 200 OK', '', '')],
    ['a status of two digits', of('HTTP/1.1 20 OK', '', '')],
    ['a switch of protocols', of('HTTP/1.1 101 Switching Protocols', '', '')],
    ['a length and chunks', ok('content-length: 5', 'transfer-encoding: chunked')],
    ['two lengths', ok('content-length: 5', 'content-length: 6')],
    ['two equal lengths', ok('content-length: 5', 'Content-Length: 5')],
    ['a list of lengths', ok('content-length: 5, 5')],
    ['a negative length', ok('content-length: -1')],
    ['a length with a sign', ok('content-length: +5')],
    ['a length in hexadecimal', ok('content-length: 0x5')],
    ['an empty length', ok('content-length:')],
    ['a length beyond numbers', ok(`content-length: ${'9'.repeat(20)}`)],
    ['another transfer coding', ok('transfer-encoding: gzip, chunked')],
    ['chunks twice', ok('transfer-encoding: chunked', 'transfer-encoding: chunked')],
    ['a space before the colon', ok('content-length : 5')],
    ['a folded header', ok('x-a: 1', ' folded')],
    ['a header without a colon', ok('nonsense')],
    ['a header without a name', ok(': value')],
    ['a bare line feed', Buffer.from('HTTP/1.1 200 OK\nx-a: 1\r\n\r\n')],
    ['a bare carriage return', Buffer.from('HTTP/1.1 200 OK\r\nx-a: 1\rx-b: 2\r\n\r\n')],
    ['a NUL', ok('x-a: \0')],
    ['201 headers', ok(...Array.from({ length: 201 }, (_, i) => `x-${i}: 1`))],
    ['a header of 70 kB', ok(`x-a: ${'a'.repeat(70_000)}`)],
    ['interim answers without end', Buffer.from('HTTP/1.1 103 Hint\r\n\r\n'.repeat(5_000))],
    ['a chunk without a size', chunks('\r\nabc\r\n')],
    ['a chunk of a negative size', chunks('-1\r\nabc\r\n')],
    ['a chunk size with 0x', chunks('0x3\r\nabc\r\n')],
    ['a chunk size of nine digits', chunks('000000003\r\nabc\r\n')],
    ['a chunk that is longer than it said', chunks('3\r\nabcd\r\n')],
    ['a chunk that ends in a bare line feed', chunks('3\r\nabc\n')],
    ['a chunk size that ends in a bare line feed', chunks('3\nabc\r\n')],
    ['an extension with a line feed in it', chunks('3;a\nb\r\nabc\r\n')],
    ['an extension without end', chunks(`3;${'a'.repeat(2_000)}`)],
    ['trailers without end', chunks(`0\r\n${'x-a: 1\r\n'.repeat(5_000)}`)],
  ])('%s', (_, bytes) => {
    expect(parse([bytes])).toMatchObject({ isComplete: false, error: 'upstream_bad_response' });
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte))).error).toBe('upstream_bad_response');
  });

  test('64 kB of headers and 200 of them are still read', () => {
    expect(parse([ok(`x-a: ${'a'.repeat(60_000)}`, 'content-length: 0')])).toMatchObject({ isComplete: true });
    const many = Array.from({ length: 199 }, (_, i) => `x-${i}: 1`);
    expect(parse([ok(...many, 'content-length: 0')])).toMatchObject({ isComplete: true });
  });
});

test('addresses become bytes, or nothing where they are none', () => {
  const hex = (text: string) => {
    const bytes = addressBytes(text);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
  };
  expect(hex('127.0.0.1')).toBe('7f000001');
  expect(hex('::1')).toBe(`${'0'.repeat(31)}1`);
  expect(hex('::')).toBe('0'.repeat(32));
  expect(hex('fe80::1%eth0')).toBe(`fe80${'0'.repeat(27)}1`);
  expect(hex('::ffff:169.254.169.254')).toBe(`${'0'.repeat(20)}ffffa9fea9fe`);
  expect(hex('2001:db8:0:1:2:3:4:5')).toBe('20010db8000000010002000300040005');
  for (const none of ['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', ':::', '1::2::3', '12345::', '::1.2.3', 'a.b'])
    expect(hex(none)).toBeUndefined();
});
