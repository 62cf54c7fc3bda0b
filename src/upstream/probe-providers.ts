// Looks at providers from time to time by asking for their list of models, where the configuration wants it, so that
// calls need not find out themselves who is away. What calls have found out is not taken back by it: a provider that
// lists its models may still answer no call.
import { CallError, toCallError } from '../core/errors.ts';
import { isAboutKey, retryClass } from '../core/routing.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { KeyedTarget } from '../pipeline/model-book.ts';

/** No answer to such a question takes longer where all is well. */
const LIMIT_MS = 10_000;
/** Who is away rests until a little after the next look, but no longer than by any other failure. */
const REST_SHARE = 1.2;
const REST_MAX_MS = 60_000;

export function startProbes(gateway: Gateway): () => void {
  const timers = gateway.config.providers.flatMap(({ name, probeEveryMs }) => {
    if (probeEveryMs === undefined) return [];
    const probe = new ProviderProbe(gateway, name, probeEveryMs);
    return [setInterval(() => probe.look(), probeEveryMs)];
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

type Rest = { coolUntilMs: number; failuresInRow: number };

export class ProviderProbe {
  readonly #gateway: Gateway;
  readonly #providerName: string;
  readonly #everyMs: number;
  /** What rests because of the last look. */
  #resting: Rest[] = [];
  #isLooking = false;

  constructor(gateway: Gateway, providerName: string, everyMs: number) {
    this.#gateway = gateway;
    this.#providerName = providerName;
    this.#everyMs = everyMs;
  }

  /** Asks with each key. It never fails, and looks once at a time. */
  async look(): Promise<void> {
    const routes = this.#gateway.models.routesOf(this.#providerName);
    if (this.#isLooking || routes[0] === undefined) return;
    this.#isLooking = true;
    const rests = new Map<Rest, CallError>();
    for (const [i, keyed] of routes[0].keyed.entries()) {
      const failure = await this.#ask(keyed);
      if (failure === undefined) continue;
      const isOfKey = isAboutKey(failure.code);
      for (const route of routes) rests.set(isOfKey ? (route.keyed[i]?.health ?? route) : route, failure);
      if (!isOfKey) break;
    }
    this.#note(rests);
    this.#isLooking = false;
  }

  #note(rests: ReadonlyMap<Rest, CallError>): void {
    for (const rest of this.#resting) if (!rests.has(rest)) Object.assign(rest, { coolUntilMs: 0, failuresInRow: 0 });
    this.#resting = [...rests.keys()];
    const nowMs = this.#gateway.clock.nowMs();
    for (const [rest, { code }] of rests) {
      rest.coolUntilMs = Math.max(rest.coolUntilMs, nowMs + Math.min(this.#everyMs * REST_SHARE, REST_MAX_MS));
      if (retryClass(code) === 'safe' || code === 'upstream_timeout') rest.failuresInRow += 1;
    }
  }

  /** Why the provider is to be left alone; `undefined` where it answers. A server without such a list is there, too. */
  async #ask({ provider, target }: KeyedTarget): Promise<CallError | undefined> {
    if (provider.kind === 'local') return undefined;
    const { upstream } = this.#gateway;
    const signal = AbortSignal.timeout(Math.min(LIMIT_MS, this.#everyMs));
    const headers = provider.keyHeaders(target.apiKey);
    const { origin } = target;
    try {
      const request = { method: 'GET', url: `${target.baseUrl}/models`, origin, headers, body: '' } as const;
      const answer = await upstream.send(request, signal, target);
      const text = await upstream.readText(answer, signal);
      if (answer.status < 300) return undefined;
      throw provider.faultOfStatus(answer.status, answer.headers, text);
    } catch (thrown) {
      const failure = signal.aborted ? new CallError('upstream_timeout') : toCallError(thrown);
      return retryClass(failure.code) === 'final' ? undefined : failure;
    }
  }
}
