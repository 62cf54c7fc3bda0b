// Connections that wait for their next request, by origin. The last one used is the first one taken: it is the least
// likely to have been closed meanwhile, and what is not needed ages out.
import type { Connection } from './connection.ts';

const IDLE_PER_ORIGIN_MAX = 256;
const IDLE_MAX = 1024;
/** Many plain servers (uvicorn, Node, llama.cpp) close after 5 s; we want to be first, for a request could cross theirs. */
const IDLE_MS = 4_000;
/** What stands behind TLS is a front end that keeps connections for a minute or more, and a handshake is dear. */
const IDLE_TLS_MS = 30_000;
const IDLE_AGREED_MAX_MS = 60_000;
const LINGER_MS = 1_000;
const SWEEP_MS = 500;

export class ConnectionPool {
  readonly #monotonicMs: () => number;
  readonly #idle = new Map<string, Connection[]>();
  readonly #lingering = new Set<Connection>();
  #idleCount = 0;
  #timer: Timer | undefined;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get idleCount(): number {
    return this.#idleCount;
  }

  take(origin: string): Connection | undefined {
    const connection = this.#idle.get(origin)?.pop();
    if (connection !== undefined) this.#idleCount -= 1;
    return connection;
  }

  /** @param keepAlive the server's `keep-alive` header, which may say for how long it waits. */
  keep(connection: Connection, keepAlive: string): void {
    this.#lingering.delete(connection);
    const idle = this.#idle.get(connection.origin) ?? [];
    if (idle.length >= IDLE_PER_ORIGIN_MAX || this.#idleCount >= IDLE_MAX) {
      connection.destroy();
      return;
    }
    connection.waitsUntilMs = this.#monotonicMs() + idleMs(connection, keepAlive);
    connection.onGone = this.#forget;
    if (idle.length === 0) this.#idle.set(connection.origin, idle);
    idle.push(connection);
    this.#idleCount += 1;
    this.#startSweeping();
  }

  /** Gives the rest of an answer, which nobody reads, a moment to end. */
  linger(connection: Connection): void {
    connection.waitsUntilMs = this.#monotonicMs() + LINGER_MS;
    connection.onGone = this.#forget;
    this.#lingering.add(connection);
    this.#startSweeping();
  }

  close(): void {
    for (const connection of [...this.#waiting()]) connection.destroy();
    this.#stopSweeping();
  }

  /** Destroys what has waited for too long. */
  sweep(): void {
    const nowMs = this.#monotonicMs();
    for (const connection of [...this.#waiting()]) if (connection.waitsUntilMs <= nowMs) connection.destroy();
    for (const [origin, idle] of this.#idle) if (idle.length === 0) this.#idle.delete(origin);
    if (this.#idleCount === 0 && this.#lingering.size === 0) this.#stopSweeping();
  }

  *#waiting(): Generator<Connection> {
    for (const idle of this.#idle.values()) yield* idle;
    yield* this.#lingering;
  }

  readonly #forget = (connection: Connection): void => {
    this.#lingering.delete(connection);
    const idle = this.#idle.get(connection.origin) ?? [];
    const at = idle.indexOf(connection);
    if (at < 0) return;
    idle.splice(at, 1);
    this.#idleCount -= 1;
  };

  #startSweeping(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  #stopSweeping(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function idleMs(connection: Connection, keepAlive: string): number {
  const agreedS = keepAlive === '' ? undefined : /\btimeout=(\d{1,6})\b/i.exec(keepAlive)?.[1];
  if (agreedS === undefined) return connection.isTls ? IDLE_TLS_MS : IDLE_MS;
  return Math.min(IDLE_AGREED_MAX_MS, Math.max(0, Number(agreedS) * 1000 - 1_000));
}
