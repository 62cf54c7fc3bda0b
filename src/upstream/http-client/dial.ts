// Opens connections. Names are resolved here, so that the address which was checked is the very one that is dialled.
import type { CancelSignal } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { addressBytes } from './address.ts';
import type { SocketOwner } from './connection.ts';
import { Connection, codeOf, SOCKET_HANDLER } from './connection.ts';
import type { ProxyAddress } from './proxy.ts';
import { talkTo } from './proxy.ts';
import { Tunnel } from './tunnel.ts';

export type DialOptions = {
  readonly connectMs: number;
  /** Judges each address before it is dialled. */
  readonly isAllowedAddress: (bytes: Uint8Array) => boolean;
  /** Certificates to trust instead of the runtime's own list. */
  readonly ca?: string;
  /** How much the system takes in of an answer ahead of us; as much as it finds right where that is not told. */
  readonly receiveBytes?: number;
  /** Through which all connections go. Then the address that is judged is the proxy's. */
  readonly proxy?: ProxyAddress;
};

export type Destination = {
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
};

/** Throws `upstream_unreachable` or `upstream_tls_error`; an abort throws the signal's reason. */
export async function dial(
  destination: Destination,
  options: DialOptions,
  signal: CancelSignal,
  monotonicMs: () => number,
): Promise<Connection> {
  const untilMs = monotonicMs() + options.connectMs;
  const addresses = await limited(resolve(options.proxy?.host ?? destination.host, options), options.connectMs, signal);
  let failure = new CallError('upstream_unreachable', { detail: 'no address that may be dialled' });
  for (const [i, address] of addresses.entries()) {
    // One dead address must not use up the time of the others.
    const shareMs = (untilMs - monotonicMs()) / (addresses.length - i);
    try {
      return await open(destination, address, options, shareMs, signal);
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'upstream_unreachable') throw error;
      failure = error;
    }
  }
  throw failure;
}

async function resolve(host: string, { isAllowedAddress }: DialOptions): Promise<string[]> {
  let found: string[];
  try {
    found = addressBytes(host) === undefined ? (await Bun.dns.lookup(host)).map(({ address }) => address) : [host];
  } catch (error) {
    throw new CallError('upstream_unreachable', { detail: codeOf(error) });
  }
  return found.filter((address) => {
    const bytes = addressBytes(address);
    return bytes !== undefined && isAllowedAddress(bytes);
  });
}

async function open(
  { origin, host, port, isTls }: Destination,
  address: string,
  { ca, proxy, receiveBytes }: DialOptions,
  limitMs: number,
  signal: CancelSignal,
): Promise<Connection> {
  const opening = Promise.withResolvers<void>();
  const connection = new Connection(origin, isTls, opening, receiveBytes);
  // Certificates are always verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says; an IP address has no server name.
  const serverName = addressBytes(host) === undefined ? { serverName: host } : {};
  const tls = isTls ? { rejectUnauthorized: true, ...serverName, ...(ca === undefined ? {} : { ca }) } : undefined;
  const tunnel = proxy && tunnelFor(connection, tls, talkTo(proxy, host, port));
  try {
    Bun.connect<SocketOwner>({
      hostname: address,
      port: proxy?.port ?? port,
      data: tunnel ?? connection,
      socket: SOCKET_HANDLER,
      ...(tls === undefined || tunnel !== undefined ? {} : { tls }),
    }).catch((error: Error) => connection.failedToOpen(error));
    await limited(opening.promise, limitMs, signal);
    return connection;
  } catch (error) {
    tunnel?.destroy();
    connection.destroy();
    throw error;
  }
}

type TlsOptions = { readonly rejectUnauthorized: boolean; readonly serverName?: string; readonly ca?: string };

/** The way through a proxy. When it is open the socket becomes the connection's, and TLS begins where it is wanted. */
function tunnelFor(connection: Connection, tls: TlsOptions | undefined, talk: ReturnType<typeof talkTo>): Tunnel {
  return new Tunnel(talk, {
    failed: (error) => connection.failedToOpen(error),
    opened(socket) {
      if (tls === undefined) {
        socket.data = connection;
        connection.opened(socket);
      } else socket.upgradeTLS<SocketOwner>({ data: connection, tls, socket: SOCKET_HANDLER });
    },
  });
}

/** The promise's value within `ms`, unless the signal says otherwise before. */
function limited<T>(promise: Promise<T>, ms: number, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => finish(() => reject(signal.reason));
    const timer = setTimeout(
      () => finish(() => reject(new CallError('upstream_unreachable', { detail: 'connecting took too long' }))),
      Math.max(0, ms),
    );
    const finish = (act: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    promise.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
}
