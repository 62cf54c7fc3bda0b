// Writes requests whose end two servers could see in different places, and proper chunks as well.
import type { SeededRandom } from '../../src/testing/seeded-random.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { writeHead } from './mutate-head.ts';
import type { Draft } from './mutate-request.ts';

/** A request that hides in another one's body. Nobody may ever answer it. */
export const SMUGGLED = 'GET /admin/v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n';

type Headers = readonly string[];

/** Headers of which none, or more than one, tells the length. `n` is the length of the body. */
export const LENGTHS: readonly ((n: number) => Headers)[] = [
  (n) => [`content-length: ${n}`, 'transfer-encoding: chunked'],
  (n) => ['transfer-encoding: chunked', `content-length: ${n}`],
  (n) => [`content-length: ${n}`, 'transfer-encoding: identity'],
  (n) => [`content-length: ${n}`, `content-length: ${n + 1}`],
  (n) => [`content-length: ${n}`, 'content-length: 0'],
  (n) => ['content-length: 0', `content-length: ${n}`],
  (n) => [`content-length: ${n}, ${n}`],
  (n) => [`content-length: ${n}, 0`],
  (n) => [`content-length: +${n}`],
  (n) => [`content-length: -${n}`],
  () => ['content-length: -1'],
  (n) => [`content-length: 0x${n.toString(16)}`],
  (n) => [`content-length: ${n}.0`],
  (n) => [`content-length: ${n} 0`],
  (n) => [`content-length: ${n}e0`],
  (n) => [`content-length : ${n}`],
  (n) => [`content-length\t: ${n}`],
  (n) => [` content-length: ${n}`],
  (n) => [`content-length:\r\n ${n}`],
  () => ['content-length:'],
  () => ['content-length: abc'],
  () => [`content-length: ${'9'.repeat(30)}`],
  () => ['content-length: 18446744073709551616'],
  () => ['transfer-encoding: xchunked'],
  () => ['transfer-encoding: chunked, identity'],
  () => ['transfer-encoding: identity, chunked'],
  () => ['transfer-encoding: gzip, chunked'],
  () => ['transfer-encoding: chunked, chunked'],
  () => ['transfer-encoding: chunked', 'transfer-encoding: chunked'],
  () => ['transfer-encoding: chunked', 'transfer-encoding: identity'],
  () => ['transfer-encoding: "chunked"'],
  () => ['transfer-encoding: chunked;q=1'],
  () => ['transfer-encoding : chunked'],
  () => ['transfer-encoding:\u000bchunked'],
  () => ['transfer-encoding:\r\n chunked'],
  () => ['x: y\ntransfer-encoding: chunked'],
  () => ['x: y\rtransfer-encoding: chunked'],
  () => ['transfer_encoding: chunked'],
  () => ['transfer-encoding: \0chunked'],
  () => ['transfer-encoding: cHuNkEd\u00a0'],
];

/** Bodies in chunks that a strict reader refuses. */
export const BAD_CHUNKS: readonly string[] = [
  ...[
    '5\nhello\n0\n\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhelloXX0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
    '+5\r\nhello\r\n0\r\n\r\n',
  ],
  ...[
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    ' 5\r\nhello\r\n0\r\n\r\n',
    '\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  ...['ffffffffffffffff\r\nhello\r\n0\r\n\r\n', '10000000000000005\r\nhello\r\n0\r\n\r\n', 'g\r\nhello\r\n0\r\n\r\n'],
  ...[
    '5;a\nhello\r\n0\r\n\r\n',
    '5;\0\r\nhello\r\n0\r\n\r\n',
    '\r\nhello\r\n0\r\n\r\n',
    '5\rhello\r0\r\r',
    '5\r\nhello\r\n0\r\nX',
  ],
  ...[
    '5\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n',
    '5\r\nhello\r\n0\r\n',
    '5\r\nhello\r\n0\r\ncontent-length: 50\r\n\r\n',
  ],
  ...[`5;${'x'.repeat(70_000)}\r\nhello\r\n0\r\n\r\n`, '5\r\nhello\r\n0\r\nhost : x\r\n\r\n'],
];

export function misframe(random: SeededRandom, draft: Draft, body: Buffer): Buffer {
  switch (random.whole(0, 4)) {
    case 0:
      return Buffer.concat([headWith(draft, random.pick(LENGTHS)(body.length)), body, Buffer.from(SMUGGLED)]);
    case 1:
      return Buffer.concat([
        headWith(draft, ['transfer-encoding: chunked']),
        Buffer.from(random.pick(BAD_CHUNKS) + SMUGGLED),
      ]);
    case 2:
      return mutateBytes(random, Buffer.concat([headWith(draft, [`content-length: ${body.length}`]), body]));
    case 3: {
      // Ends in the middle of the head or of the body.
      const whole = Buffer.concat([headWith(draft, [`content-length: ${body.length}`]), body]);
      return whole.subarray(0, random.whole(1, whole.length));
    }
    default: {
      const lines = headWith(draft, [`content-length: ${body.length}`]).toString('latin1');
      const changed = random.pick([
        () => lines.replaceAll('\r\n', '\n'),
        () => lines.replace('\r\n', '\r\n\r\n'),
        () => lines.replace(' HTTP/1.1', ''),
        () => lines.replace('\r\n', '\r\n folded: header\r\n'),
        () => `\r\n\r\n${lines}`,
        () => lines.replace('host', 'h\u00f6st'),
        () => lines.replace(': ', ':: '),
        () => lines.replaceAll(': ', ' '),
        () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${lines}`,
        () => `\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003${lines}`,
        () => lines.replace('\r\n', `\r\nx-huge: ${'h'.repeat(random.pick([16_000, 70_000]))}\r\n`),
      ])();
      return Buffer.concat([Buffer.from(changed, 'latin1'), body]);
    }
  }
}

function headWith(draft: Draft, lines: Headers): Buffer {
  const head = writeHead(draft);
  return Buffer.concat([head.subarray(0, -2), Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')]);
}

/**
 * Proper chunks of random sizes, with extensions as the standard allows them. The runtime refuses trailers, so that they
 * are among the bad chunks.
 */
export function chunked(random: SeededRandom, body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + random.pick([1, 7, 100, 5_000, 100_000]));
    const size = piece.length.toString(16);
    const spelled = random.pick([size, size.toUpperCase(), `0${size}`, `${size};name=value`, `${size};a="b"`]);
    pieces.push(Buffer.from(`${spelled}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  pieces.push(Buffer.from(random.pick(['0\r\n\r\n', '0000\r\n\r\n', '0;a=b\r\n\r\n'])));
  return Buffer.concat(pieces);
}
