// A question to a provider that no customer pays for. It is tried by the rule for text, its attempts are told like those
// of calls, and it has one short deadline; nothing is held and nothing is written.
import { CallError, toCallError } from '../core/errors.ts';
import { ATTEMPTS_MAX, retryClass } from '../core/routing.ts';
import { withoutSecret } from '../core/without-secret.ts';
import type { RemoteProvider, Target, UpstreamRequest } from '../providers/provider.ts';
import type { Gateway } from './gateway.ts';
import type { Route } from './model-book.ts';
import type { Remote } from './send.ts';
import { send } from './send.ts';
import { coolDown, keyNumberOf, leave, TargetChoice } from './target-choice.ts';

/** For whom the question is asked. */
export type FreeAsker = { readonly callId: string; readonly signal: AbortSignal; readonly withinMs: number };

export type Question<T> = {
  build(target: Target): UpstreamRequest;
  /** Reads a 2xx answer. Throws what it means if it is none. */
  read(text: string): T;
};

type Ask<T> = (provider: RemoteProvider) => Question<T> | undefined;

/** The first answer. `ask` makes the question for a provider, or answers `undefined` where that cannot be asked. */
export async function askFree<T>(
  gateway: Gateway,
  asker: FreeAsker,
  routes: readonly Route[],
  ask: Ask<T>,
): Promise<T> {
  const untilMs = gateway.clock.monotonicMs() + asker.withinMs;
  const isAskable = ({ provider }: Route) => provider.kind === 'remote' && ask(provider) !== undefined;
  const choice = new TargetChoice(gateway, routes.filter(isAskable));
  let failure: CallError | undefined;
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    const keyed = choice.takeAtOnce(failure);
    if (keyed === undefined) break;
    const { target } = keyed;
    const provider = keyed.provider as RemoteProvider;
    const question = ask(provider) as Question<T>;
    const startedMs = gateway.clock.monotonicMs();
    const report = (error?: CallError) =>
      gateway.report.attempt({
        callId: asker.callId,
        attempt: i + 1,
        provider: target.providerName,
        model: target.upstreamModel,
        ...keyNumberOf(keyed),
        errorCode: error?.code ?? null,
        detail: error?.details.detail,
        durationMs: Math.round(gateway.clock.monotonicMs() - startedMs),
      });
    try {
      const answer = await askOne(gateway, { provider, target }, question, asker.signal, untilMs - startedMs);
      report();
      choice.answered(gateway.clock.monotonicMs() - startedMs);
      return answer;
    } catch (thrown) {
      failure = withoutSecret(toCallError(thrown), target.apiKey);
      report(failure);
      coolDown(gateway, keyed, failure);
      if (asker.signal.aborted || retryClass(failure.code) === 'final') throw failure;
    } finally {
      leave(keyed);
    }
  }
  throw failure ?? new CallError('provider_unavailable', { detail: 'there is no provider to ask' });
}

async function askOne<T>(
  gateway: Gateway,
  remote: Remote,
  question: Question<T>,
  asker: AbortSignal,
  withinMs: number,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const leave = () =>
    controller.abort(asker.reason instanceof CallError ? asker.reason : new CallError('client_closed'));
  const watch = gateway.watchdog.watch((error) => controller.abort(error));
  watch.deadline(withinMs);
  asker.addEventListener('abort', leave, { once: true });
  try {
    if (asker.aborted) leave();
    signal.throwIfAborted();
    const upstream = await send(gateway, remote, question.build, watch, signal);
    return question.read(await gateway.upstream.readText(upstream, signal));
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    watch.end();
    asker.removeEventListener('abort', leave);
  }
}
