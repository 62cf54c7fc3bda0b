// The short-lived keys of vendors that want the lasting one exchanged first. Each is fetched once however many calls
// wait for it, renewed before it ends, and never written anywhere.
import type { CancelSignal } from '../core/cancellation.ts';
import { Cancellation } from '../core/cancellation.ts';
import type { Clock } from '../core/clock.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { failureWords } from '../core/failure-detail.ts';
import { untilCancelled } from '../core/until-cancelled.ts';
import type { FetchedKey, KeyExchange, RemoteProvider, Target } from '../providers/provider.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Watchdog } from '../upstream/watch.ts';

/** A key is renewed beside running calls when it has less than this left, and waited for when it has nearly nothing. */
const RENEW_MS = 120_000;
const SPENT_MS = 10_000;
/** A refused exchange is not tried again for a moment: the next answer would be the same, and vendors count these. */
const REST_MS = 1_000;

export type KeyEffects = {
  readonly upstream: Pick<Upstream, 'send' | 'readText'>;
  readonly watchdog: Pick<Watchdog, 'watch'>;
  readonly clock: Clock;
  readonly newNonce: () => string;
  /** How long an exchange may take. */
  readonly fetchMs: number;
};

type Kept = {
  key: FetchedKey | undefined;
  fetching: Promise<FetchedKey> | undefined;
  failure: CallError | undefined;
  failedAtMs: number;
};

export class FetchedKeys {
  readonly #effects: KeyEffects;
  readonly #kept = new Map<string, Kept>();

  constructor(effects: KeyEffects) {
    this.#effects = effects;
  }

  /** The target with the key for its requests. Throws `provider_unavailable` where none can be had. */
  async open(provider: RemoteProvider, exchange: KeyExchange, target: Target, signal: CancelSignal): Promise<Target> {
    const kept = this.#keptFor(target);
    const leftMs = (kept.key?.expiresAtMs ?? 0) - this.#effects.clock.nowMs();
    if (kept.key !== undefined && leftMs > SPENT_MS) {
      if (leftMs < RENEW_MS) this.#renew(kept, provider, exchange, target).catch(() => undefined);
      return { ...target, apiKey: kept.key.apiKey };
    }
    // One caller's leaving must not end what the others wait for.
    const { apiKey } = await untilCancelled(this.#renew(kept, provider, exchange, target), signal);
    return { ...target, apiKey };
  }

  /** The vendor did not take this key: the next call fetches another, unless that was done already. */
  forget(target: Target, apiKey: string | undefined): void {
    const kept = this.#keptFor(target);
    if (kept.key?.apiKey === apiKey) kept.key = undefined;
  }

  /** Each lasting key of a provider has a short-lived one of its own. */
  #keptFor({ providerName, apiKey }: Target): Kept {
    const name = `${providerName}\n${apiKey ?? ''}`;
    const known = this.#kept.get(name);
    if (known !== undefined) return known;
    const kept: Kept = { key: undefined, fetching: undefined, failure: undefined, failedAtMs: 0 };
    this.#kept.set(name, kept);
    return kept;
  }

  #renew(kept: Kept, provider: RemoteProvider, exchange: KeyExchange, target: Target): Promise<FetchedKey> {
    const nowMs = this.#effects.clock.monotonicMs();
    if (kept.failure !== undefined && nowMs - kept.failedAtMs < REST_MS) return Promise.reject(kept.failure);
    kept.fetching ??= this.#ask(provider, exchange, target)
      .then(
        (key) => {
          kept.key = key;
          kept.failure = undefined;
          return key;
        },
        (thrown: unknown) => {
          const failure = toCallError(thrown);
          kept.failedAtMs = this.#effects.clock.monotonicMs();
          kept.failure = new CallError('provider_unavailable', {
            detail: `no key could be fetched: ${failureWords(failure)}`,
            retryAfterS: failure.details.retryAfterS ?? 5,
          });
          throw kept.failure;
        },
      )
      .finally(() => {
        kept.fetching = undefined;
      });
    return kept.fetching;
  }

  async #ask(provider: RemoteProvider, exchange: KeyExchange, target: Target): Promise<FetchedKey> {
    const { upstream, watchdog, newNonce, fetchMs } = this.#effects;
    const cancellation = new Cancellation();
    const watch = watchdog.watch((error) => cancellation.abort(error));
    watch.expect(fetchMs, 'upstream_timeout');
    try {
      const answer = await upstream.send(exchange.buildRequest(target, newNonce()), cancellation, target);
      const text = await upstream.readText(answer, cancellation);
      if (answer.status < 200 || answer.status > 299) throw provider.faultOfStatus(answer.status, answer.headers, text);
      return exchange.readKey(text);
    } finally {
      watch.end();
    }
  }
}
