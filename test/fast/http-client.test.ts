// The outbound HTTP client against servers of plain bytes: answers cut and split anywhere, connections kept and dropped,
// readers that stall, aborts at every stage, certificates.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { toCallError } from '../../src/core/errors.ts';
import { RawServer } from '../../src/testing/raw-server.ts';
import { SELF_SIGNED, SIGNED, TEST_CA } from '../../src/testing/test-certificates.ts';
import { until } from '../../src/testing/until.ts';
import type { DialOptions } from '../../src/upstream/http-client/dial.ts';
import type { HttpAnswer } from '../../src/upstream/http-client/exchange.ts';
import type { HttpRequest } from '../../src/upstream/http-client/http-client.ts';
import { HttpClient } from '../../src/upstream/http-client/http-client.ts';
import { Upstream } from '../../src/upstream/upstream.ts';

const TEXT_BYTES_MAX = 10_000_000;
const clients: HttpClient[] = [];
let server: RawServer;

beforeAll(async () => {
  server = await RawServer.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of server.openSockets) socket.destroy();
  server.requests.length = 0;
  server.connections = 0;
});
afterAll(() => server.stop());

let nowMs = 0;
function newClient(options: Partial<DialOptions> = {}): HttpClient {
  const client = new HttpClient({ connectMs: 1_000, isAllowedAddress: () => true, ...options }, () => nowMs);
  clients.push(client);
  return client;
}

type Ask = Partial<HttpRequest> & { readonly signal?: AbortSignal };

function send(client: HttpClient, { signal = new AbortController().signal, ...request }: Ask = {}) {
  return client.send({ method: 'POST', url: server.url('/v1/x?y=1'), headers: {}, body: '{}', ...request }, signal);
}

async function ask(client: HttpClient, request: Ask = {}): Promise<string> {
  return (await send(client, request)).body.text(TEXT_BYTES_MAX);
}

/** The code of the error that a promise fails with; the value itself where it does not. */
function fate(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error) => toCallError(error).code,
  );
}

const whole = (text: string, ...headers: string[]) =>
  [`HTTP/1.1 200 OK`, `content-length: ${Buffer.byteLength(text)}`, ...headers, '', text].join('\r\n');
const chunked = (...texts: string[]) => {
  const chunks = texts.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
};
const TEXT = 'Привет, 🦊!';

describe('an answer', () => {
  test.each([
    ['with a length', whole(TEXT)],
    ['in chunks', chunked(TEXT.slice(0, 5), TEXT.slice(5))],
  ])('%s is read whole at every split, and its connection is used again', async (_, text) => {
    const bytes = Buffer.from(text);
    const client = newClient();
    for (let at = 1; at < bytes.length; at++) {
      server.answer = (socket) => {
        socket.write(bytes.subarray(0, at));
        setTimeout(() => socket.write(bytes.subarray(at)), 1);
      };
      expect(await ask(client)).toBe(TEXT);
    }
    expect(server.connections).toBe(1);
  });

  test.each([
    ['with a length', whole(TEXT), 'end'],
    ['with a length', whole(TEXT), 'resetAndDestroy'],
    ['in chunks', chunked(TEXT), 'end'],
    ['in chunks', chunked(TEXT), 'resetAndDestroy'],
  ] as const)('%s that is cut at any byte is a reset (%#)', async (_, text, ending) => {
    const bytes = Buffer.from(text);
    const client = newClient();
    server.answer = (socket, { body }) => {
      socket.write(bytes.subarray(0, Number(body)));
      setTimeout(() => socket[ending](), 5);
    };
    const cuts = Array.from({ length: bytes.length }, (_, at) => at);
    const fates = await Promise.all(cuts.map((at) => fate(ask(client, { body: String(at) }))));
    expect(new Set(fates)).toEqual(new Set(['upstream_reset']));
    expect(client.idleCount).toBe(0);
  });

  test('that trickles in byte by byte is read as it comes', async () => {
    server.answer = async (socket) => {
      for (const byte of Buffer.from(chunked(TEXT))) {
        socket.write(Uint8Array.of(byte));
        await Bun.sleep(0);
      }
    };
    expect(await ask(newClient())).toBe(TEXT);
  });

  test('without a length ends with its connection', async () => {
    server.answer = (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${TEXT}`);
    const client = newClient();
    expect([await ask(client), client.idleCount]).toEqual([TEXT, 0]);
  });

  test('beyond the bound is refused, and the connection is not read to its end', async () => {
    server.answer = (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n\r\n');
    const answer = await send(newClient());
    expect(await fate(answer.body.text(1_000_000))).toBe('upstream_too_large');
    await until(() => server.openSockets.length === 0);
  });

  test('that is none is a bad response, and its connection is broken off', async () => {
    for (const bad of ['garbage\r\n\r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n']) {
      server.answer = (socket) => socket.write(bad);
      expect(await fate(ask(newClient()))).toBe('upstream_bad_response');
    }
    await until(() => server.openSockets.length === 0);
  });

  test('is given to a reader piece by piece, and what came before a break is not lost', async () => {
    server.answer = async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
      await Bun.sleep(20);
      socket.write('2\r\nde\r\n');
      await Bun.sleep(20);
      socket.end();
    };
    const { body } = await send(newClient());
    const read = async () => (await body.read())?.toString();
    expect([await read(), await read()]).toEqual(['abc', 'de']);
    expect(await fate(read())).toBe('upstream_reset');
  });
});

describe('a request', () => {
  test('is written with its host, its length in bytes and its body', async () => {
    server.answer = (socket) => socket.write(whole('ok'));
    const body = TEXT.repeat(400_000);
    expect(await ask(newClient(), { headers: { 'content-type': 'application/json' }, body })).toBe('ok');
    const [request] = server.requests;
    expect(request?.head.split('\r\n')).toEqual([
      'POST /v1/x?y=1 HTTP/1.1',
      `host: 127.0.0.1:${server.port}`,
      'user-agent: tolmach',
      'accept-encoding: identity',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
    ]);
    expect(request?.body === body).toBe(true);
  });

  test('with a line end in a header is never sent', async () => {
    const headers = { authorization: 'Bearer x\r\nx-evil: 1' };
    expect(await fate(ask(newClient(), { headers }))).toBe('provider_unavailable');
    expect(server.connections).toBe(0);
  });

  test('HEAD has no body to wait for', async () => {
    server.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n');
    const client = newClient();
    expect([await ask(client, { method: 'HEAD', body: '' }), client.idleCount]).toEqual(['', 1]);
  });

  test('a thousand at once each get their own answer', async () => {
    server.answer = (socket, { body }) =>
      setTimeout(() => socket.write(whole(`answer to ${body}`)), Math.random() * 30);
    // The test's server lets 512 connections wait to be accepted; the system tries the others again after a second.
    const client = newClient({ connectMs: 5_000 });
    for (const round of [1, 2]) {
      const asked = Array.from({ length: 1_000 }, (_, i) => `${round}-${i}`);
      const answers = await Promise.all(asked.map((body) => ask(client, { body })));
      expect(answers).toEqual(asked.map((body) => `answer to ${body}`));
      expect(client.idleCount).toBe(256);
    }
    expect(server.connections).toBe(1_000 + 1_000 - 256);
  });
});

describe('a kept connection', () => {
  test.each([
    ['says that it closes', (socket: Socket) => socket.write(whole('ok', 'connection: close'))],
    ['sends more than its answer', (socket: Socket) => socket.write(`${whole('ok')}HTTP/1.1 200 OK\r\n\r\n`)],
  ])('is not one whose server %s', async (_, answer) => {
    server.answer = answer;
    const client = newClient();
    expect([await ask(client), client.idleCount]).toEqual(['ok', 0]);
    await until(() => server.openSockets.length === 0);
  });

  test('on which bytes come that nobody asked for is dropped', async () => {
    server.answer = (socket) => {
      socket.write(whole('ok'));
      setTimeout(() => socket.write(whole('poison')), 10);
    };
    const client = newClient();
    expect(await ask(client)).toBe('ok');
    await until(() => client.idleCount === 0);
    server.answer = (socket) => socket.write(whole('clean'));
    expect(await ask(client)).toBe('clean');
  });

  test('that the server has closed is never used', async () => {
    server.answer = (socket) => {
      socket.write(whole('ok'));
      setTimeout(() => socket.end(), 5);
    };
    const client = newClient();
    for (let i = 0; i < 5; i++) {
      expect(await ask(client)).toBe('ok');
      await until(() => client.idleCount === 0);
    }
    expect(server.connections).toBe(5);
  });

  test('of streams serves no whole answers, for its receive buffer is small', async () => {
    const upstream = new Upstream({ answerBytes: 1_000, connectMs: 1_000, streamReceiveBytes: 32 * 1024 }, () => nowMs);
    const seen: number[] = [];
    server.answer = (socket, _, connection) => {
      seen.push(connection);
      socket.write(whole('{}'));
    };
    for (const isStream of [true, false, true, false]) {
      const url = server.url();
      const request = { method: 'POST', url, origin: url, headers: {}, body: '{}', isStream } as const;
      const { signal } = new AbortController();
      await upstream.readText(await upstream.send(request, signal), signal);
    }
    upstream.close();
    expect(seen).toEqual([0, 1, 0, 1]);
  });

  test('that dies under its next request is a reset: the request may have been read and is not sent again', async () => {
    const client = newClient();
    server.answer = (socket) => socket.write(whole('ok'));
    await ask(client);
    server.answer = (socket) => socket.resetAndDestroy();
    expect(await fate(ask(client))).toBe('upstream_reset');
    expect(server.requests.length).toBe(2);
  });

  test('is closed when it was not used for its time, which the server may shorten', async () => {
    const client = newClient();
    for (const [headers, idleMs] of [
      [[], 4_000],
      [['keep-alive: timeout=3'], 2_000],
    ] as const) {
      server.answer = (socket) => socket.write(whole('ok', ...headers));
      await ask(client);
      nowMs += idleMs - 1;
      await Bun.sleep(550);
      expect(client.idleCount).toBe(1);
      nowMs += 1;
      await until(() => client.idleCount === 0);
    }
  });

  test('is won back from an answer that nobody reads on, if it ends soon; else it is closed', async () => {
    const client = newClient();
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nend\r\n';
    server.answer = (socket) => {
      socket.write(head);
      setTimeout(() => socket.write('0\r\n\r\n'), 20);
    };
    const first = await send(client);
    await first.body.read();
    first.body.linger();
    await until(() => client.idleCount === 1);
    server.answer = (socket) => socket.write(head);
    const second = await send(client);
    second.body.linger();
    nowMs += 1_001;
    await until(() => server.openSockets.length === 0);
  });
});

function flood(socket: Socket, head: string): void {
  const block = Buffer.alloc(65_536, 'x');
  const more = () => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.write(head);
  socket.on('drain', more);
  more();
}

describe('a reader that stalls', () => {
  test('holds the server back: little is kept, and nothing is lost when it reads on', async () => {
    const sent = () => (server.openSockets[0]?.bytesWritten ?? 0) - (server.openSockets[0]?.writableLength ?? 0);
    server.answer = (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n\r\n');
    const { body } = await send(newClient());
    await Bun.sleep(100);
    const sentBefore = sent();
    await Bun.sleep(100);
    expect(sent()).toBe(sentBefore);
    expect(body.take()?.length ?? 0).toBeWithin(1, 64 * 1024 + 512 * 1024 + 1);
    let bytes = 0;
    while (bytes < 40_000_000) {
      const piece = await body.read();
      expect(piece?.every((byte) => byte === 120)).toBe(true);
      bytes += piece?.length ?? 0;
    }
    body.cancel();
    await until(() => server.openSockets.length === 0);
  });

  test('and says so has nothing read for it, and everything when it has room again', async () => {
    server.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nfirst');
    const { body } = await send(newClient());
    expect((await body.read())?.toString()).toBe('first');
    body.hold();
    server.openSockets[0]?.write('second');
    await Bun.sleep(50);
    expect(body.take()).toBeUndefined();
    body.release();
    expect((await body.read())?.toString()).toBe('second');
    body.cancel();
  });

  test('keeps in memory only what it has not taken', async () => {
    const text = 'x'.repeat(40_000);
    server.answer = (socket) => socket.write(whole(`${text}more`).slice(0, -4));
    const { body } = await send(newClient({ receiveBytes: 1024 * 1024 }));
    let taken = 0;
    while (taken < 16_384) taken += (await body.read())?.length ?? 0;
    await Bun.sleep(20);
    body.hold();
    const next = body.take();
    expect(next?.buffer.byteLength).toBe(text.length - taken);
    body.cancel();
  });

  test('with a small receive buffer has little in memory from one read', async () => {
    const receiveBytes = 32 * 1024;
    server.answer = (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n\r\n');
    const { body } = await send(newClient({ receiveBytes }));
    let bytes = 0;
    let most = 0;
    while (bytes < 20_000_000) {
      const piece = await body.read();
      bytes += piece?.length ?? 0;
      most = Math.max(most, piece?.buffer.byteLength ?? 0);
    }
    // The system doubles it, and the rest of the read before may stand in front.
    expect(most).toBeLessThanOrEqual(3 * receiveBytes);
    body.cancel();
  });
});

describe('an abort', () => {
  const reason = new Error('enough');
  const aborted = (promise: Promise<unknown>) =>
    promise.then(
      () => 'answered',
      (error) => (error === reason ? 'aborted' : error),
    );

  test('before the request sends nothing', async () => {
    expect(await aborted(send(newClient(), { signal: AbortSignal.abort(reason) }))).toBe('aborted');
    expect(server.connections).toBe(0);
  });

  test('while connecting gives the connection up', async () => {
    const controller = new AbortController();
    const sending = send(newClient(), { signal: controller.signal });
    controller.abort(reason);
    expect(await aborted(sending)).toBe('aborted');
    await Bun.sleep(20);
    expect([server.requests.length, server.openSockets.length]).toEqual([0, 0]);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['before the answer', () => undefined],
    ['within its headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a')],
    ['within its body', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')],
    ['while nobody reads', (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n\r\n')],
  ])('%s closes the connection at once', async (_, answer) => {
    server.answer = answer;
    const client = newClient();
    const controller = new AbortController();
    const reading = send(client, { signal: controller.signal }).then(async ({ body }: HttpAnswer) => {
      await Bun.sleep(40);
      return body.text(TEXT_BYTES_MAX);
    });
    await until(() => server.requests.length === 1);
    await Bun.sleep(20);
    controller.abort(reason);
    expect(await aborted(reading)).toBe('aborted');
    await until(() => server.openSockets.length === 0);
    expect(client.idleCount).toBe(0);
  });

  test('after the end changes nothing for the connection', async () => {
    server.answer = (socket) => socket.write(whole('ok'));
    const client = newClient();
    const controller = new AbortController();
    expect(await ask(client, { signal: controller.signal })).toBe('ok');
    controller.abort(reason);
    expect([await ask(client), server.connections]).toEqual(['ok', 1]);
  });
});

describe('connecting', () => {
  test('to a port where nobody listens, or to a name that is none, is unreachable', async () => {
    const client = newClient();
    expect(await fate(ask(client, { url: 'http://127.0.0.1:9/' }))).toBe('upstream_unreachable');
    expect(await fate(ask(client, { url: 'http://nobody.invalid/' }))).toBe('upstream_unreachable');
  });

  test('to an address that never answers is given up in time', async () => {
    const startedMs = performance.now();
    const client = new HttpClient({ connectMs: 150, isAllowedAddress: () => true }, () => performance.now());
    // An address of documentation (RFC 5737): packets to it go nowhere.
    expect(await fate(ask(client, { url: 'http://192.0.2.1/' }))).toBe('upstream_unreachable');
    expect(performance.now() - startedMs).toBeLessThan(600);
  });

  test('asks for permission of the very address that is dialled', async () => {
    const judged: string[] = [];
    const isAllowedAddress = (bytes: Uint8Array) => {
      judged.push([...bytes].join('.'));
      return false;
    };
    const client = newClient({ isAllowedAddress });
    expect(await fate(ask(client))).toBe('upstream_unreachable');
    expect(await fate(ask(client, { url: server.url('/', 'localhost') }))).toBe('upstream_unreachable');
    expect(judged).toContain('127.0.0.1');
    expect(server.connections).toBe(0);
  });
});

describe('TLS', () => {
  let signed: RawServer;
  let selfSigned: RawServer;

  beforeAll(async () => {
    [signed, selfSigned] = await Promise.all([RawServer.start(SIGNED), RawServer.start(SELF_SIGNED)]);
    for (const one of [signed, selfSigned]) one.answer = (socket) => socket.write(chunked(TEXT));
  });
  afterAll(() => Promise.all([signed.stop(), selfSigned.stop()]));

  test('is spoken with a server whose certificate a trusted authority signed, and kept', async () => {
    const client = newClient({ ca: TEST_CA });
    for (let i = 0; i < 3; i++) expect(await ask(client, { url: signed.url('/', 'localhost') })).toBe(TEXT);
    expect(signed.connections).toBe(1);
  });

  test('is refused where the certificate is of another, for another name, or signed by itself', async () => {
    const before = signed.requests.length;
    const refused = [
      fate(ask(newClient(), { url: signed.url('/', 'localhost') })),
      fate(ask(newClient({ ca: TEST_CA }), { url: signed.url('/', '127.0.0.1') })),
      fate(ask(newClient({ ca: TEST_CA }), { url: selfSigned.url('/', 'localhost') })),
      fate(ask(newClient(), { url: selfSigned.url('/', 'localhost') })),
      fate(ask(newClient(), { url: server.url().replace('http:', 'https:') })),
    ];
    // The last server reads a greeting that it does not understand, and answers with something that is no TLS.
    await until(() => server.openSockets.length > 0);
    for (const socket of server.openSockets) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await Promise.all(refused)).toEqual(new Array(5).fill('upstream_tls_error'));
    expect([signed.requests.length, selfSigned.requests.length]).toEqual([before, 0]);
  });

  test('holds back a server whose answer nobody reads', async () => {
    signed.answer = (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n\r\n');
    const { body } = await send(newClient({ ca: TEST_CA }), { url: signed.url('/', 'localhost') });
    await Bun.sleep(150);
    expect(body.take()?.length ?? 0).toBeWithin(1, 64 * 1024 + 512 * 1024 + 1);
    body.cancel();
  });
});
