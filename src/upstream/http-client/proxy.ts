// What is said to a proxy before the bytes of a request: HTTP's CONNECT, or SOCKS5. The proxy gets the server's name and
// resolves it; what passes afterwards is between us and the server, TLS included.
import { addressBytes } from './address.ts';

export type ProxyAddress = {
  readonly kind: 'http' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
};

const DEFAULT_PORTS = { http: 80, socks5: 1080 } as const;

/** Reads `http://user:password@host:port` or the same with `socks5`. Throws where it is neither. */
export function readProxy(address: string): ProxyAddress {
  const url = new URL(address);
  const kind = url.protocol.slice(0, -1);
  if (kind !== 'http' && kind !== 'socks5') throw new Error('a proxy is reached by http or socks5');
  return {
    kind,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || DEFAULT_PORTS[kind],
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

/** One turn of the talk: what is sent, and what is read before the next one. */
export type Turn = {
  readonly send: Uint8Array;
  /** So many bytes, or all up to and with an empty line. */
  readonly read: number | 'head';
};

/** No answer to CONNECT is longer. */
export const HEAD_BYTES_MAX = 16_384;

/** A refusal; its code is what logs tell. */
export class ProxyRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The talk up to the moment when bytes reach the server. It is given what was read and throws `ProxyRefusal`. */
export function talkTo(proxy: ProxyAddress, host: string, port: number): Generator<Turn, void, Buffer> {
  return proxy.kind === 'http' ? connect(proxy, host, port) : socks5(proxy, host, port);
}

function* connect({ user, password }: ProxyAddress, host: string, port: number): Generator<Turn, void, Buffer> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const credentials = Buffer.from(`${user}:${password}`).toString('base64');
  const authorization = user === '' ? '' : `proxy-authorization: Basic ${credentials}\r\n`;
  const head = `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`;
  const answer = yield { send: Buffer.from(head), read: 'head' };
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(answer.toString('latin1'))?.[1];
  if (status === undefined) throw new ProxyRefusal('PROXY_NO_HTTP');
  if (!status.startsWith('2')) throw new ProxyRefusal(`PROXY_${status}`);
}

const VERSION = 5;
const NO_LOGIN = 0;
const BY_PASSWORD = 2;

function* socks5({ user, password }: ProxyAddress, host: string, port: number): Generator<Turn, void, Buffer> {
  const methods = user === '' ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
  const [version, method] = yield { send: Uint8Array.of(VERSION, methods.length, ...methods), read: 2 };
  if (version !== VERSION) throw new ProxyRefusal('PROXY_NO_SOCKS5');
  if (method === undefined || !methods.includes(method)) throw new ProxyRefusal('PROXY_LOGIN_NEEDED');
  if (method === BY_PASSWORD) {
    const login = Uint8Array.of(1, ...counted(user), ...counted(password));
    const [, isRefused] = yield { send: login, read: 2 };
    if (isRefused !== 0) throw new ProxyRefusal('PROXY_LOGIN_REFUSED');
  }
  const request = Uint8Array.of(VERSION, 1, 0, ...socksAddress(host), port >> 8, port & 255);
  const [, reply, , kind] = yield { send: request, read: 4 };
  if (reply !== 0) throw new ProxyRefusal(`PROXY_SOCKS_${reply}`);
  // The address that the proxy went out by, which nobody needs.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (yield { send: new Uint8Array(), read: 1 })[0];
  yield { send: new Uint8Array(), read: (length ?? 0) + 2 };
}

function socksAddress(host: string): readonly number[] {
  const bytes = addressBytes(host);
  return bytes === undefined ? [3, ...counted(host)] : [bytes.length === 4 ? 1 : 4, ...bytes];
}

/** A text behind its length, as SOCKS writes them. */
function counted(text: string): readonly number[] {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new ProxyRefusal('PROXY_TEXT_TOO_LONG');
  return [bytes.length, ...bytes];
}
