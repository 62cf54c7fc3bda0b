// Sends what a provider described, one request at a time; fetches the key where it has to be fetched.
import type { CancelSignal } from '../core/cancellation.ts';
import type { CallError } from '../core/errors.ts';
import { untilCancelled } from '../core/until-cancelled.ts';
import { crashPoint } from '../crash-point.ts';
import type { KeyExchange, RemoteProvider, Step, Target, UpstreamRequest } from '../providers/provider.ts';
import type { UpstreamAnswer } from '../upstream/upstream.ts';
import type { Watch } from '../upstream/watch.ts';
import type { Gateway } from './gateway.ts';

/** Where a request goes: how it is said, and to whom. */
export type Remote = { readonly provider: RemoteProvider; readonly target: Target };

/** Sends one request. Throws what an answer that is no 2xx means. */
export async function send(
  gateway: Gateway,
  remote: Remote,
  build: (target: Target) => UpstreamRequest<string | Uint8Array>,
  watch: Watch,
  signal: CancelSignal,
): Promise<UpstreamAnswer> {
  const upstream = await withKey(gateway, remote, watch, signal, (target) => {
    watch.expect(gateway.config.timeouts.firstByteMs, 'upstream_timeout');
    crashPoint('attempt.begun');
    return gateway.upstream.send(build(target), signal, target);
  });
  crashPoint('attempt.answered');
  if (isAccepted(upstream)) return upstream;
  throw await faultOf(gateway, remote, upstream, signal);
}

export type StepAnswer<T> = { readonly step: Step<T>; readonly body: Buffer; readonly contentType: string };

/** Sends a step and reads its answer. Throws what an answer that is no 2xx means. */
export async function answerTo<T>(
  gateway: Gateway,
  remote: Remote,
  stepFor: (target: Target) => Step<T>,
  watch: Watch,
  signal: CancelSignal,
): Promise<StepAnswer<T>> {
  let step!: Step<T>;
  const upstream = await withKey(gateway, remote, watch, signal, async (target) => {
    step = stepFor(target);
    if (step.afterMs !== undefined) await pause(gateway, step.afterMs, watch, signal);
    const { callMs, firstByteMs } = gateway.config.timeouts;
    watch.expect(step.isSlow === true ? callMs : firstByteMs, 'upstream_timeout');
    return gateway.upstream.send(step.request, signal, target);
  });
  if (!isAccepted(upstream)) throw await faultOf(gateway, remote, upstream, signal);
  watch.expect(gateway.config.timeouts.idleMs, 'upstream_stalled');
  const body = await gateway.upstream.readBytes(upstream, signal, () => watch.touch());
  return { step, body, contentType: upstream.headers.get('content-type') ?? '' };
}

function isAccepted({ status }: UpstreamAnswer): boolean {
  return status >= 200 && status < 300;
}

async function faultOf(
  gateway: Gateway,
  { provider }: Remote,
  upstream: UpstreamAnswer,
  signal: CancelSignal,
): Promise<CallError> {
  const text = await gateway.upstream.readText(upstream, signal);
  return provider.faultOfStatus(upstream.status, upstream.headers, text);
}

/**
 * Runs with the key that the vendor takes. A fetched key that is refused is fetched anew, once:
 * what came with it did nothing.
 */
function withKey(
  gateway: Gateway,
  remote: Remote,
  watch: Watch,
  signal: CancelSignal,
  run: (target: Target) => Promise<UpstreamAnswer>,
): Promise<UpstreamAnswer> {
  // Most vendors need no other key, and then this costs nothing.
  const { keyExchange } = remote.provider;
  return keyExchange === undefined
    ? run(remote.target)
    : withFetchedKey(gateway, remote, keyExchange, watch, signal, run);
}

async function withFetchedKey(
  gateway: Gateway,
  { provider, target }: Remote,
  keyExchange: KeyExchange,
  watch: Watch,
  signal: CancelSignal,
  run: (target: Target) => Promise<UpstreamAnswer>,
): Promise<UpstreamAnswer> {
  const open = () => {
    watch.expect(gateway.config.timeouts.firstByteMs, 'upstream_timeout');
    return gateway.fetchedKeys.open(provider, keyExchange, target, signal);
  };
  const opened = await open();
  const answer = await run(opened);
  if (answer.status !== 401) return answer;
  await gateway.upstream.readText(answer, signal);
  gateway.fetchedKeys.forget(target, opened.apiKey);
  return run(await open());
}

export async function pause(gateway: Gateway, ms: number, watch: Watch, signal: CancelSignal): Promise<void> {
  watch.expect(Number.POSITIVE_INFINITY, 'upstream_stalled');
  await untilCancelled(gateway.sleep(ms), signal);
}
