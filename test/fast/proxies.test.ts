// Providers behind a proxy, with real sockets: CONNECT and SOCKS5, with and without a login, and every way in which a
// proxy may refuse, stall, or say something else.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { toCallError } from '../../src/core/errors.ts';
import { LocalProxy } from '../../src/testing/local-proxy.ts';
import { RawServer } from '../../src/testing/raw-server.ts';
import { SELF_SIGNED, SIGNED, TEST_CA } from '../../src/testing/test-certificates.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import type { DialOptions } from '../../src/upstream/http-client/dial.ts';
import { HttpClient } from '../../src/upstream/http-client/http-client.ts';
import { readProxy, talkTo } from '../../src/upstream/http-client/proxy.ts';

const TEXT_BYTES_MAX = 10_000_000;
const clients: HttpClient[] = [];
let plain: RawServer;
let tls: RawServer;
let proxy: LocalProxy;

beforeAll(async () => {
  plain = await RawServer.start();
  tls = await RawServer.start(SIGNED);
  proxy = await LocalProxy.start();
  for (const server of [plain, tls])
    server.answer = (socket, { body }) =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of [plain, tls]) server.requests.length = 0;
  proxy.reset();
});
afterAll(() => Promise.all([plain.stop(), tls.stop(), proxy.stop()]));

function clientThrough(address: string, options: Partial<DialOptions> = {}): HttpClient {
  const all = { connectMs: 1_000, isAllowedAddress: () => true, ca: TEST_CA, proxy: readProxy(address), ...options };
  const client = new HttpClient(all, () => 0);
  clients.push(client);
  return client;
}

async function ask(client: HttpClient, url: string, body = 'Hello', signal = new AbortController().signal) {
  const answer = await client.send({ method: 'POST', url, headers: { 'x-key': 'vendor-key' }, body }, signal);
  return answer.body.text(TEXT_BYTES_MAX);
}

/** The code and the logged detail of the error that a promise fails with. */
function fate(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error) => [toCallError(error).code, toCallError(error).details.detail],
  );
}

describe.each(['http', 'socks5'] as const)('a proxy of the kind %s', (kind) => {
  const address = (login = '') => `${kind}://${login}127.0.0.1:${proxy.port}`;

  test('is the way to a plain server and to one with TLS, whose names it is told, and connections are kept', async () => {
    const client = clientThrough(address());
    const urls = [plain.url('/v1', 'localhost'), tls.url('/v1', 'localhost')];
    for (const url of [...urls, ...urls]) expect(await ask(client, url)).toBe('Hello');
    expect(proxy.asked).toEqual([`localhost:${plain.port}`, `localhost:${tls.port}`]);
    expect([plain.requests.length, tls.requests.length]).toEqual([2, 2]);
  });

  test('sees nothing of what passes under TLS', async () => {
    await ask(clientThrough(address()), tls.url('/v1', 'localhost'), 'a secret prompt');
    const seen = Buffer.concat(proxy.passed).toString('latin1');
    expect(seen.length).toBeGreaterThan(200);
    for (const secret of ['vendor-key', 'secret prompt']) expect(seen).not.toContain(secret);
  });

  test('is told addresses as they are', async () => {
    expect(await ask(clientThrough(address()), plain.url())).toBe('Hello');
    expect(proxy.asked).toEqual([`127.0.0.1:${plain.port}`]);
  });

  test('gets its login, special signs in it, and only where it has one', async () => {
    proxy.login = { user: 'us er', password: 'p:ä@' };
    expect(await ask(clientThrough(address('us%20er:p%3A%C3%A4%40@')), plain.url())).toBe('Hello');
    for (const login of ['', 'us%20er:wrong@']) {
      const [code, detail] = (await fate(ask(clientThrough(address(login)), plain.url()))) as [string, string];
      expect(code).toBe('upstream_unreachable');
      expect(detail).toBeOneOf(['PROXY_407', 'PROXY_LOGIN_NEEDED', 'PROXY_LOGIN_REFUSED']);
    }
    expect(plain.requests).toHaveLength(1);
  });

  test('does not stand in for the certificate of the server', async () => {
    const signed = await RawServer.start(SELF_SIGNED);
    expect(await fate(ask(clientThrough(address()), signed.url('/', 'localhost')))).toEqual([
      'upstream_tls_error',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ]);
    expect(signed.requests).toHaveLength(0);
    await signed.stop();
  });

  test.each([
    ['refuses', 'refuse'],
    ['hangs up', 'close'],
    ['speaks another protocol', 'nonsense'],
    ['says more than it should', 'surplus'],
    ['never stops', 'endless'],
  ] as const)('that %s did nothing, and nothing is left open', async (_, behaviour) => {
    proxy.behaviour = behaviour;
    const [code, detail] = (await fate(ask(clientThrough(address()), plain.url()))) as [string, string];
    expect(code).toBe('upstream_unreachable');
    expect(detail).toMatch(/^PROXY_|^ECONN/);
    await proxy.closed();
    expect(plain.requests).toHaveLength(0);
  });

  test('that says nothing is given up in time, and when the call is aborted', async () => {
    proxy.behaviour = 'silent';
    expect(await fate(ask(clientThrough(address(), { connectMs: 80 }), plain.url()))).toEqual([
      'upstream_unreachable',
      'connecting took too long',
    ]);
    const controller = new AbortController();
    const asked = fate(ask(clientThrough(address()), plain.url(), '', controller.signal));
    while (proxy.connections < 2) await Bun.sleep(1);
    controller.abort(new Error('gone'));
    expect(await asked).toEqual(['internal_error', expect.anything()]);
    await proxy.closed();
  });

  test('that trickles its answer byte by byte is understood', async () => {
    proxy.behaviour = 'trickle';
    expect(await ask(clientThrough(address()), tls.url('/v1', 'localhost'))).toBe('Hello');
  });

  test('holds a server back whose answer nobody reads, and loses nothing', async () => {
    const megabytes = 16;
    const big = await RawServer.start(SIGNED);
    big.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${megabytes << 20}\r\n\r\n`);
      for (let i = 0; i < megabytes; i++) socket.write(Buffer.alloc(1 << 20, i));
    };
    const url = big.url('/', 'localhost');
    const request = { method: 'POST', url, headers: {}, body: '' } as const;
    const answer = await clientThrough(address()).send(request, new AbortController().signal);
    await Bun.sleep(50);
    const bytes = await answer.body.bytes((megabytes << 20) + 1);
    expect(bytes.length).toBe(megabytes << 20);
    for (let i = 0; i < megabytes; i++) expect(bytes[(i << 20) + 77]).toBe(i);
    await big.stop();
  });
});

describe('the talk with a proxy', () => {
  test('has no line end that a name could bring in', () => {
    const address = readProxy('http://a%0d%0ax:b%0d%0ac@proxy.test:3128');
    const { value } = talkTo(address, 'api.test', 443).next();
    const head = Buffer.from((value as { send: Uint8Array }).send).toString();
    expect(head.split('\r\n')).toHaveLength(5);
  });

  test('brackets an IPv6 address', () => {
    const { value } = talkTo(readProxy('http://proxy.test'), '2001:db8::1', 443).next();
    expect(Buffer.from((value as { send: Uint8Array }).send).toString()).toStartWith('CONNECT [2001:db8::1]:443 ');
  });
});

test('calls of a provider go through its proxy, and those of another go straight', async () => {
  const gateway = await TestGateway.start({
    upstreams: 2,
    config: (upstreams) => ({
      providers: upstreams.map(({ baseUrl }, i) => ({
        name: `p${i}`,
        vendor: 'openai',
        baseUrl,
        apiKey: `key-${i}`,
        ...(i === 0 ? { proxy: `socks5://127.0.0.1:${proxy.port}` } : {}),
      })),
      models: [0, 1].map((i) => ({ name: `m${i}`, targets: [{ provider: `p${i}`, model: 'x' }] })),
    }),
  });
  const customer = await gateway.customer('requests', { requests: 100 });
  for (const model of ['m0', 'm1', 'm0'])
    for (const stream of [false, true]) {
      const response = await gateway.chat(customer, { model, stream, messages: [{ role: 'user', content: 'Hi' }] });
      expect([response.status, (await response.text()).includes('upstream')]).toEqual([200, true]);
    }
  expect(gateway.upstreams.map((upstream) => upstream.calls.length)).toEqual([4, 2]);
  expect(new Set(proxy.asked)).toEqual(new Set([new URL(gateway.upstream.baseUrl).host]));
  await gateway.stop();
});
