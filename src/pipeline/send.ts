// Sends what a provider described: fetches the key where it has to be fetched, and runs the steps of work that takes several requests.
import type { CancelSignal } from '../core/cancellation.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { retryClass } from '../core/routing.ts';
import { untilCancelled } from '../core/until-cancelled.ts';
import { crashPoint } from '../crash-point.ts';
import type { KeyExchange, RemoteProvider, Step, StepOutcome, Target, UpstreamRequest } from '../providers/provider.ts';
import type { UpstreamAnswer } from '../upstream/upstream.ts';
import type { Watch } from '../upstream/watch.ts';
import type { Gateway } from './gateway.ts';

/** Where a request goes: how it is said, and to whom. */
export type Remote = { readonly provider: RemoteProvider; readonly target: Target };

/** Looks at a running job that may fail, one after another, before the job counts as lost. */
const FAILED_LOOKS_MAX = 5;
const FAILED_LOOK_MS = 1_000;
/** No work takes this many requests: a vendor that never comes to an end is left. */
const STEPS_MAX = 1_000;

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

/** Runs the steps of some work to their result. After its start no failure is told as one that did nothing. */
export async function runSteps<T>(
  gateway: Gateway,
  remote: Remote,
  first: (target: Target) => Step<T>,
  watch: Watch,
  signal: CancelSignal,
): Promise<T> {
  let hasBegun = false;
  let stepFor = first;
  try {
    for (let i = 0; i < STEPS_MAX; i++) {
      const answered: StepAnswer<T> = hasBegun
        ? await answerToLook(gateway, remote, stepFor, watch, signal)
        : await answerTo(gateway, remote, stepFor, watch, signal);
      const { step, body, contentType } = answered;
      const outcome: StepOutcome<T> = step.read(body, contentType);
      if ('result' in outcome) return outcome.result;
      hasBegun ||= step.isRepeatable !== true;
      stepFor = () => outcome.next;
    }
  } catch (thrown) {
    // Wherever the wait for it was given up: before a look, at its request, or in the middle of an answer.
    if (signal.aborted) interrupt(gateway, stepFor(remote.target).interrupts, remote.target).catch(() => undefined);
    throw thrown;
  }
  throw new CallError('upstream_error', { detail: 'the work came to no end' });
}

/** As `answerTo`, for a step after the work's start: one that only looks is sent again when it fails. */
async function answerToLook<T>(
  gateway: Gateway,
  remote: Remote,
  stepFor: (target: Target) => Step<T>,
  watch: Watch,
  signal: CancelSignal,
): Promise<StepAnswer<T>> {
  for (let failures = 0; ; failures++) {
    try {
      return await answerTo(gateway, remote, stepFor, watch, signal);
    } catch (thrown) {
      const failure = toCallError(signal.aborted ? signal.reason : thrown);
      if (signal.aborted) throw failure;
      const mayLookAgain = retryClass(failure.code) !== 'final' && stepFor(remote.target).isRepeatable === true;
      if (!mayLookAgain || failures === FAILED_LOOKS_MAX) throw lost(failure);
      await pause(gateway, FAILED_LOOK_MS, watch, signal);
    }
  }
}

/** Work that was begun may have cost something, whatever broke the way to its result; no fault of the customer did. */
function lost({ code, details }: CallError): CallError {
  return new CallError('upstream_error', { detail: `begun work was lost: ${code} ${details.detail ?? ''}`.trim() });
}

type StepAnswer<T> = { readonly step: Step<T>; readonly body: Buffer; readonly contentType: string };

/** Sends a step and reads its answer. Throws what an answer that is no 2xx means. */
async function answerTo<T>(
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

async function pause(gateway: Gateway, ms: number, watch: Watch, signal: CancelSignal): Promise<void> {
  watch.expect(Number.POSITIVE_INFINITY, 'upstream_stalled');
  await untilCancelled(gateway.sleep(ms), signal);
}

/** Tells the vendor that its work is not wanted any more. Nobody waits for that, and it may fail. */
async function interrupt(gateway: Gateway, requests: readonly UpstreamRequest[] = [], target: Target): Promise<void> {
  for (const request of requests) {
    const signal = AbortSignal.timeout(gateway.config.timeouts.connectMs);
    const answer = await gateway.upstream.send(request, signal, target);
    answer.body.cancel();
  }
}
