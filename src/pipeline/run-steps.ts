// Runs the steps of work that takes several requests: those before its start, the start, and looks at it until it is done.
// The start is sent once. What only looks may be sent again, so that work which runs, and costs, is not lost to one look
// that failed; and once work was begun, no failure is told as one that did nothing, for then it would be begun elsewhere.
import type { CancelSignal } from '../core/cancellation.ts';
import { Cancellation } from '../core/cancellation.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { failureWords } from '../core/failure-detail.ts';
import { retryClass } from '../core/routing.ts';
import type { Step, StepOutcome, Target, UpstreamRequest } from '../providers/provider.ts';
import type { Watch } from '../upstream/watch.ts';
import type { Gateway } from './gateway.ts';
import type { Remote, StepAnswer } from './send.ts';
import { answerTo, pause } from './send.ts';

/** Looks at running work that may fail, one after another, before it counts as lost. */
const FAILED_LOOKS_MAX = 5;
const FAILED_LOOK_MS = 1_000;
/** A vendor may ask for a longer pause than that, but not for longer than this. */
const PAUSE_MAX_MS = 60_000;
/** No work takes this many requests: a vendor that never comes to an end is left. */
const STEPS_MAX = 1_000;
/** Of work that was lost these say what came of it; other codes would say that nothing was begun, or blame the customer. */
const TOLD_OF_LOST: readonly ErrorCode[] = ['upstream_bad_response', 'upstream_too_large'];

/** Failures by which we gave up while the vendor may still be at it. */
const OUT_OF_TIME: readonly ErrorCode[] = ['upstream_timeout', 'upstream_stalled'];

/** What stays the same for all steps of some work. */
type Run = {
  readonly gateway: Gateway;
  readonly remote: Remote;
  readonly watch: Watch;
  readonly signal: CancelSignal;
};
type StepFor<T> = (target: Target) => Step<T>;
type StepRead<T> = { readonly step: Step<T>; readonly outcome: StepOutcome<T> | { readonly verdict: CallError } };

/** The result of the work. Throws what it means that there is none. */
export async function runSteps<T>(
  gateway: Gateway,
  remote: Remote,
  first: StepFor<T>,
  watch: Watch,
  signal: CancelSignal,
): Promise<T> {
  const run: Run = { gateway, remote, watch, signal };
  let hasBegun = false;
  let stepFor = first;
  try {
    for (let i = 0; i < STEPS_MAX; i++) {
      const read: StepRead<T> = await (hasBegun ? lookUntilRead(run, stepFor) : takeStep(run, stepFor));
      const { step, outcome } = read;
      hasBegun ||= step.isRepeatable !== true;
      if ('verdict' in outcome) throw outcome.verdict;
      if ('result' in outcome) return outcome.result;
      stepFor = () => outcome.next;
    }
    throw lost(new CallError('upstream_error', { detail: 'the work came to no end' }));
  } catch (thrown) {
    // Wherever the wait for it was given up: before a look, at its request, in the middle of an answer.
    if (signal.aborted) endWork(run, stepFor);
    throw thrown;
  }
}

/** A step that is taken once: a question before the start, or the start itself. */
async function takeStep<T>(run: Run, stepFor: StepFor<T>): Promise<StepRead<T>> {
  let isQuestion = false;
  const known: StepFor<T> = (target) => {
    const step = stepFor(target);
    isQuestion = step.isRepeatable === true;
    return step;
  };
  try {
    const { step, body, contentType } = await answerInTime(run, known);
    return { step, outcome: step.read(body, contentType) };
  } catch (thrown) {
    run.signal.throwIfAborted();
    const failure = toCallError(thrown);
    if (OUT_OF_TIME.includes(failure.code)) endWork(run, stepFor);
    // Whatever ails a question before the start, nothing was begun: another target may be asked.
    if (isQuestion && retryClass(failure.code) === 'ambiguous')
      throw new CallError('upstream_unreachable', { detail: `before its start: ${failureWords(failure)}` });
    throw failure;
  }
}

/** A step after the start: one that only looks is sent again when it fails, or when its answer cannot be read. */
async function lookUntilRead<T>(run: Run, stepFor: StepFor<T>): Promise<StepRead<T>> {
  const { gateway, watch, signal } = run;
  for (let failures = 0; ; failures++) {
    try {
      const { step, body, contentType } = await answerInTime(run, stepFor);
      return { step, outcome: verdictOf(step, body, contentType) };
    } catch (thrown) {
      signal.throwIfAborted();
      const failure = toCallError(thrown);
      const mayLookAgain = retryClass(failure.code) !== 'final' && stepFor(run.remote.target).isRepeatable === true;
      if (!mayLookAgain || failures === FAILED_LOOKS_MAX) {
        endWork(run, stepFor);
        throw lost(failure);
      }
      const askedMs = Math.min((failure.details.retryAfterS ?? 0) * 1000, PAUSE_MAX_MS);
      await pause(gateway, Math.max(FAILED_LOOK_MS, askedMs), watch, signal);
    }
  }
}

/** The answer to one step, with time limits of its own: a look that hangs ends alone, and not the call with it. */
async function answerInTime<T>(run: Run, stepFor: StepFor<T>): Promise<StepAnswer<T>> {
  const { gateway, remote, watch, signal } = run;
  // Of the call only its deadline counts meanwhile.
  watch.expect(Number.POSITIVE_INFINITY, 'upstream_stalled');
  const own = new Cancellation();
  const follow = () => own.abort(signal.reason);
  signal.addEventListener('abort', follow);
  if (signal.aborted) follow();
  const ownWatch = gateway.watchdog.watch((error) => own.abort(error));
  try {
    return await answerTo(gateway, remote, stepFor, ownWatch, own);
  } catch (thrown) {
    throw own.aborted ? own.reason : thrown;
  } finally {
    ownWatch.end();
    signal.removeEventListener('abort', follow);
  }
}

/** What an answer says of running work; that it failed is an outcome too. Throws where it cannot be read. */
function verdictOf<T>(step: Step<T>, body: Buffer, contentType: string): StepRead<T>['outcome'] {
  try {
    return step.read(body, contentType);
  } catch (thrown) {
    const failure = toCallError(thrown);
    if (failure.code === 'upstream_bad_response') throw failure;
    return { verdict: retryClass(failure.code) === 'safe' ? lost(failure) : failure };
  }
}

/** Work that was begun may have cost something, whatever broke the way to its result; no fault of the customer did. */
function lost(failure: CallError): CallError {
  const code = TOLD_OF_LOST.includes(failure.code) ? failure.code : 'upstream_error';
  return new CallError(code, { detail: `begun work was lost: ${failureWords(failure)}` });
}

/** Tells the vendor that its work is not wanted any more. No call waits for that, and it may fail. */
function endWork<T>({ gateway, remote: { target } }: Run, stepFor: StepFor<T>): void {
  const { interrupts } = stepFor(target);
  if (interrupts !== undefined) gateway.asides.add(interrupt(gateway, interrupts, target));
}

async function interrupt(gateway: Gateway, requests: readonly UpstreamRequest[], target: Target): Promise<void> {
  for (const request of requests) {
    const signal = AbortSignal.timeout(gateway.config.timeouts.firstByteMs);
    const answer = await gateway.upstream.send(request, signal, target);
    answer.body.cancel();
  }
}
