// A question to a provider that no customer pays for. It is tried by the rule for text, its attempts are told like those
// of calls, and it has one short deadline; nothing is held and nothing is written.
import { CallError, toCallError } from '../core/errors.ts';
import { ATTEMPTS_MAX, orderCandidates, retryClass } from '../core/routing.ts';
import type { RemoteProvider, Target, UpstreamRequest } from '../providers/provider.ts';
import { coolDown } from './attempt.ts';
import type { Gateway } from './gateway.ts';
import type { Route } from './model-book.ts';
import { send } from './send.ts';

/** For whom the question is asked. */
export type FreeAsker = { readonly callId: string; readonly signal: AbortSignal; readonly withinMs: number };

export type Question<T> = {
  build(target: Target): UpstreamRequest;
  /** Reads a 2xx answer. Throws what it means if it is none. */
  read(text: string): T;
};

type RemoteRoute = Route & { readonly provider: RemoteProvider };
type Ask<T> = (provider: RemoteProvider) => Question<T> | undefined;

/** The first answer. `ask` makes the question for a provider, or answers `undefined` where that cannot be asked. */
export async function askFree<T>(
  gateway: Gateway,
  asker: FreeAsker,
  routes: readonly Route[],
  ask: Ask<T>,
): Promise<T> {
  const untilMs = gateway.clock.monotonicMs() + asker.withinMs;
  const candidates = orderCandidates(routes.filter(isRemote), gateway.clock.nowMs(), gateway.random);
  let failure = new CallError('provider_unavailable', { detail: 'there is no provider to ask' });
  for (const [i, route] of candidates.slice(0, ATTEMPTS_MAX).entries()) {
    const question = ask(route.provider);
    if (question === undefined) continue;
    const startedMs = gateway.clock.monotonicMs();
    const report = (error?: CallError) =>
      gateway.report.attempt({
        callId: asker.callId,
        attempt: i + 1,
        provider: route.target.providerName,
        model: route.target.upstreamModel,
        errorCode: error?.code ?? null,
        detail: error?.details.detail,
        durationMs: Math.round(gateway.clock.monotonicMs() - startedMs),
      });
    try {
      const answer = await askOne(gateway, route, question, asker.signal, untilMs - startedMs);
      report();
      return answer;
    } catch (thrown) {
      failure = toCallError(thrown);
      report(failure);
      coolDown(gateway, route, failure);
      if (asker.signal.aborted || retryClass(failure.code) === 'final') throw failure;
    }
  }
  throw failure;
}

function isRemote(route: Route): route is RemoteRoute {
  return route.provider.kind === 'remote';
}

async function askOne<T>(
  gateway: Gateway,
  route: RemoteRoute,
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
    const upstream = await send(gateway, route, question.build, watch, signal);
    return question.read(await gateway.upstream.readText(upstream, signal));
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    watch.end();
    asker.removeEventListener('abort', leave);
  }
}
