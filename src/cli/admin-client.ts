// The CLI's client of the running server's admin API. The token comes from the environment or from the data folder.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../config.ts';

/** A problem that the user can mend; it is shown without a stack. */
export class CommandError extends Error {}

export class AdminClient {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get address(): string {
    const host = this.#environment['HOST'] || '127.0.0.1';
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return (
      this.#environment['TOLMACH_URL'] ||
      `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${this.#environment['PORT'] || '8080'}`
    );
  }

  /** Calls the admin API and answers its JSON. `T` is what that route answers. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.address}/admin/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new CommandError(
        `no server answers at ${this.address}; start one with "tolmach start", or set PORT or TOLMACH_URL`,
      );
    }
    const answer = (await response.json().catch(() => undefined)) as (T & { error?: { message?: string } }) | undefined;
    if (!response.ok || answer === undefined)
      throw new CommandError(answer?.error?.message ?? `the server answered ${response.status}`);
    return answer;
  }

  #token(): string {
    const token = this.#environment['TOLMACH_ADMIN_TOKEN'];
    if (token) return token;
    const path = join(resolve(this.#environment['DATA_DIR'] || './data'), 'admin-token');
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      throw new CommandError(
        `cannot read the admin token in ${path}; set DATA_DIR as for the server, or TOLMACH_ADMIN_TOKEN`,
      );
    }
  }
}
