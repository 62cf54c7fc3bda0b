// Outbound requests to addresses that customers chose. Only https to the public internet, dialled at the very address
// that was checked; no redirect is followed, no proxy is used, and of the answer only the status is read.
import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { WebhookDoor } from '../pipeline/gateway.ts';
import { isPublicAddress } from './public-address.ts';

const LIMIT_MS = 10_000;
/** More than any status line; the rest of an answer is never waited for. */
const ANSWER_BYTES = 4_096;

export type WebhookDoorOptions = {
  /** `host` or `host:port` that may be reached in any way: a test's, or an intranet's. */
  readonly allowHosts: readonly string[];
  readonly secretOf: (keyId: string) => string;
  readonly limitMs?: number;
  /** The system's resolver, unless a test has its own. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
};

export function openWebhookDoor(options: WebhookDoorOptions): WebhookDoor {
  const isAllowed = (url: URL) =>
    options.allowHosts.some((host) => host === url.host || (host === url.hostname && !host.includes(':')));
  const resolve = options.resolve ?? resolveAll;
  return {
    secretOf: options.secretOf,
    problemOf: (text) => problemOf(text, isAllowed),
    async post(text, message) {
      const problem = problemOf(text, isAllowed);
      if (problem !== undefined) throw new Error(problem);
      const url = new URL(text);
      const addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''));
      // One inner address among public ones is somebody's attempt, not an accident to work around.
      if (!isAllowed(url) && !addresses.every(isPublicAddress)) throw new Error('the address is not public');
      const [address] = addresses;
      if (address === undefined) throw new Error('the host has no address');
      return exchange(url, address, message, options.limitMs ?? LIMIT_MS);
    },
  };
}

async function resolveAll(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map((found) => found.address);
}

/** What is wrong with an address as it is written; what its name leads to is checked at each connection. */
function problemOf(text: string, isAllowed: (url: URL) => boolean): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'The webhook address is not a URL.';
  }
  if (url.username !== '' || url.password !== '') return 'The webhook address must not hold credentials.';
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The webhook address must begin with https://.';
  if (isAllowed(url)) return undefined;
  if (url.protocol !== 'https:') return 'The webhook address must begin with https://.';
  if (url.port !== '') return 'The webhook address must not name another port than 443.';
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) !== 0 && !isPublicAddress(literal) ? 'The webhook address is not public.' : undefined;
}

/** Sends one request on a connection of its own and answers the status. */
function exchange(
  url: URL,
  address: string,
  { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  limitMs: number,
): Promise<number> {
  const fields = { ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `POST ${url.pathname}${url.search} HTTP/1.1\r\nuser-agent: tolmach\r\n${lines.join('')}\r\n${body}`;
  return new Promise((resolve, reject) => {
    const socket = dial(url, address, () => socket.write(request));
    const finish = (act: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const timer = setTimeout(() => finish(() => reject(new Error('it took too long'))), limitMs);
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
      const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(answer)?.[1];
      if (status !== undefined) finish(() => resolve(Number(status)));
      else if (answer.length > ANSWER_BYTES) finish(() => reject(new Error('the answer is no HTTP')));
    });
    socket.on('error', (error: Error) => finish(() => reject(error)));
    socket.on('close', () => finish(() => reject(new Error('the connection closed without an answer'))));
  });
}

/** The certificate is checked against the name, while the connection goes to the address that was checked. */
function dial(url: URL, address: string, onReady: () => void): Socket {
  const isTls = url.protocol === 'https:';
  const port = Number(url.port) || (isTls ? 443 : 80);
  if (!isTls) return connectPlain({ host: address, port }, onReady);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return connectTls({ host: address, port, ...(isIP(name) === 0 ? { servername: name } : {}) }, onReady);
}
