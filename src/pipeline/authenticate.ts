// Finds who calls. The store knows a key by its HMAC only; answers are believed for at most a second, so
// that a revoked key stops everywhere within that time, and at once in the process that revoked it.
import { CallError } from '../core/errors.ts';
import { failureDetail } from '../core/failure-detail.ts';
import { isWellFormedKey } from '../core/key-format.ts';
import type { KeyOwner, Store } from '../store/store.ts';

const REMEMBER_MS = 1_000;
const REMEMBERED_MAX = 50_000;

const CARRIERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** One key that works for everybody, such as the one in the Sydney document. */
export type PublicKey = { readonly key: string; readonly keyId: string };

export class KeyRing {
  readonly #store: Store;
  readonly hmac: (key: string) => string;
  readonly #nowMs: () => number;
  readonly #public: PublicKey | undefined;
  /** By the key itself, which costs less than its HMAC and is kept for no longer. */
  #remembered = new Map<string, KeyOwner | undefined>();
  #rememberedUntilMs = 0;
  readonly #asking = new Map<string, Promise<KeyOwner | undefined>>();

  /** @param hmac what a key is stored as. @param nowMs a monotonic clock. */
  constructor(store: Store, hmac: (key: string) => string, nowMs: () => number, publicKey?: PublicKey) {
    this.#store = store;
    this.hmac = hmac;
    this.#public = publicKey;
    this.#nowMs = nowMs;
  }

  /** Throws `invalid_api_key` for anything that is no live key, and `account_blocked`. */
  async authenticate(key: string): Promise<KeyOwner> {
    if (this.#rememberedUntilMs <= this.#nowMs()) this.forget();
    const owner = this.#remembered.has(key) ? this.#remembered.get(key) : await this.#ask(key);
    if (owner === undefined || owner.revoked) throw new CallError('invalid_api_key');
    if (owner.accountStatus === 'blocked') throw new CallError('account_blocked');
    return owner;
  }

  /** Whether a key is the configured one that works for everybody. */
  isPublic(keyId: string): boolean {
    return keyId === this.#public?.keyId;
  }

  /** Forgets all answers, those under way too, after keys, accounts or plans changed in this process. */
  forget(): void {
    this.#remembered = new Map();
    this.#rememberedUntilMs = this.#nowMs() + REMEMBER_MS;
  }

  /** Parallel questions about one key become one look-up. */
  #ask(key: string): Promise<KeyOwner | undefined> {
    // A mistyped key is refused by its checksum, with no look-up.
    if (!isWellFormedKey(key) && key !== this.#public?.key) throw new CallError('invalid_api_key');
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const question = this.#lookUp(key).finally(() => this.#asking.delete(key));
    this.#asking.set(key, question);
    return question;
  }

  async #lookUp(key: string): Promise<KeyOwner | undefined> {
    const remembered = this.#remembered;
    let owner: KeyOwner | undefined;
    try {
      owner = await this.#store.findKey(this.hmac(key));
    } catch (error) {
      // A store that is down must not look like a wrong key.
      throw new CallError('temporarily_unavailable', {
        retryAfterS: 1,
        detail: `key look-up failed: ${failureDetail(error)}`,
      });
    }
    if (remembered.size < REMEMBERED_MAX) remembered.set(key, owner);
    return owner;
  }
}

/**
 * The key that a request carries in its headers. All carriers are equal; two different keys are refused, so that no
 * carrier can get around what is decided about another. Old Sydney clients send it without `Bearer`.
 */
export function keyFromHeaders(headers: Headers): string | undefined {
  let found: string | undefined;
  for (const carrier of CARRIERS) {
    const value = headers.get(carrier);
    if (value === null) continue;
    const key = (carrier === 'authorization' ? withoutScheme(value) : value).trim();
    if (key === '') continue;
    if (found !== undefined && found !== key) throw new CallError('conflicting_keys');
    found = key;
  }
  return found;
}

function withoutScheme(authorization: string): string {
  return authorization.slice(0, 6).toLowerCase() === 'bearer'
    ? authorization.replace(/^Bearer(?:\s+|$)/i, '')
    : authorization;
}

/** The owner of the key in the headers, which is all that most routes take. */
export async function authenticateHeaders(
  gateway: { readonly keys: KeyRing },
  incoming: { readonly headers: Headers },
): Promise<KeyOwner> {
  const key = keyFromHeaders(incoming.headers);
  if (key === undefined) throw new CallError('missing_api_key');
  return gateway.keys.authenticate(key);
}

/** The owner of the key in the body's `key` field or, where that is absent, in the headers. */
export async function authenticateBody(
  gateway: { readonly keys: KeyRing },
  incoming: { readonly headers: Headers },
  bodyKey: string | undefined,
): Promise<KeyOwner> {
  const headerKey = keyFromHeaders(incoming.headers);
  if (bodyKey !== undefined && headerKey !== undefined && bodyKey !== headerKey)
    throw new CallError('conflicting_keys');
  const key = bodyKey ?? headerKey;
  if (key === undefined) throw new CallError('missing_api_key');
  return gateway.keys.authenticate(key);
}
