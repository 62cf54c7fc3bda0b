// Tries the targets of a call in order, until one answers. There are at most two attempts, one deadline for both, and
// none once anything went to the client.

import { AnswerBuilder } from '../core/answer-builder.ts';
import type { AnswerStream } from '../core/answer-stream.ts';
import type { Call, CallEvent, ChatCall, ImageCall, Picture } from '../core/call.ts';
import type { Cancellation, CancelSignal } from '../core/cancellation.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { unsupported } from '../core/fields.ts';
import type { Meter } from '../core/meter.ts';
import { ATTEMPTS_MAX, mayBeBilled, preferenceFor, retryClass } from '../core/routing.ts';
import { withoutSecret } from '../core/without-secret.ts';
import { crashPoint } from '../crash-point.ts';
import type { ChatProtocol, RemoteProvider, WholeAnswer } from '../providers/provider.ts';
import type { UpstreamAnswer } from '../upstream/upstream.ts';
import type { Watch } from '../upstream/watch.ts';
import type { StreamRenderer } from '../wire/rendering.ts';
import type { Gateway } from './gateway.ts';
import type { HeldCall } from './held-call.ts';
import { keepFiles } from './kept-files.ts';
import type { KeyedTarget } from './model-book.ts';
import type { PieceSource } from './pieces.ts';
import { LocalPieces, RemotePieces } from './pieces.ts';
import { runSteps } from './run-steps.ts';
import type { Remote } from './send.ts';
import { send } from './send.ts';
import { coolDown, keyNumberOf, leave, leaveWith, TargetChoice } from './target-choice.ts';
import { TranslatedStream } from './translated-stream.ts';

/** Pictures begin with one of so many seeds. */
const SEEDS = 2 ** 32;

/** A whole answer from the first target that gives one. */
export function attemptWhole(gateway: Gateway, held: HeldCall, call: ChatCall): Promise<WholeAnswer> {
  return attempt(gateway, held, async (route, watch, signal) => {
    const { provider, target } = route;
    if (provider.kind === 'local') {
      watch.end();
      return collect(held, provider.generate(call, sleeper(gateway, signal)));
    }
    const chat = chatOf(provider);
    const upstream = await ask(gateway, { provider, target }, chat, call, watch, signal);
    watch.expect(gateway.config.timeouts.idleMs, 'upstream_stalled');
    const text = await gateway.upstream.readText(upstream, signal, () => watch.touch());
    watch.end();
    crashPoint('whole.read');
    const whole = chat.readAnswer(text, held.admission.meter, call);
    return isOfFamily(call, chat) ? whole : { answer: whole.answer };
  });
}

/** The pictures of the first target that draws them. A target that may have drawn already is not asked again. */
export function attemptPictures(gateway: Gateway, held: HeldCall, call: ImageCall): Promise<Picture[]> {
  return attempt(gateway, held, async (route, watch, signal) => {
    const { provider, target } = route;
    if (provider.kind === 'local') {
      watch.end();
      return provider.draw?.(call) ?? [];
    }
    const { images } = provider;
    if (images === undefined) throw new CallError('provider_unavailable', { detail: 'the provider cannot draw' });
    if (call.sources !== undefined && images.canChange !== true)
      throw unsupported('image', 'This model cannot change pictures.');
    const seed = Math.floor(gateway.random() * SEEDS);
    const pictures = await runSteps(gateway, { provider, target }, (to) => images.draw(call, to, seed), watch, signal);
    watch.end();
    return pictures;
  });
}

/** A stream from the first target whose answer begins: nothing is sent to the client before its first piece. */
export function attemptStream(
  gateway: Gateway,
  held: HeldCall,
  call: ChatCall,
  renderer: StreamRenderer,
): Promise<PieceSource> {
  return attempt(gateway, held, async (route, watch, signal) => {
    const { meter } = held.admission;
    const { provider, target } = route;
    if (provider.kind === 'local') {
      watch.end();
      return begin(new LocalPieces(provider.generate(call, sleeper(gateway, signal)), renderer, meter));
    }
    const chat = chatOf(provider);
    const upstream = await ask(gateway, { provider, target }, chat, call, watch, signal);
    if (isWholeBody(upstream)) throw await faultOfWholeBody(gateway, chat, upstream, meter, signal);
    const { eventChars, streamBytes } = gateway.config.bounds;
    const isRelay = isOfFamily(call, chat) && target.quirks.streamsAreStrict;
    const stream: AnswerStream =
      isRelay && chat.openRelay !== undefined
        ? chat.openRelay({ callId: held.callId, call, meter }, eventChars)
        : new TranslatedStream(chat.openEvents(eventChars, call), renderer, meter);
    const source = new RemotePieces(upstream, stream, watch, {
      streamBytes,
      idleMs: gateway.config.timeouts.idleMs,
      secret: target.apiKey,
    });
    return begin(source);
  });
}

/** Sends a chat, after its pictures where the vendor wants those first. */
async function ask(
  gateway: Gateway,
  remote: Remote,
  chat: ChatProtocol,
  call: ChatCall,
  watch: Watch,
  signal: CancelSignal,
): Promise<UpstreamAnswer> {
  const { files } = chat;
  const ids = files === undefined ? [] : await keepFiles(gateway, remote, files, call, watch, signal);
  return send(gateway, remote, (to) => ({ ...chat.buildRequest(call, to, ids), isStream: call.stream }), watch, signal);
}

function chatOf({ chat }: RemoteProvider): ChatProtocol {
  if (chat === undefined) throw new CallError('provider_unavailable', { detail: 'the provider cannot talk' });
  return chat;
}

/** Whether the call came in the provider's own protocol, so that answers may be passed on as they are. */
function isOfFamily({ source }: ChatCall, { family }: ChatProtocol): boolean {
  return source !== undefined && source.family === family;
}

/** Whether the provider answered a stream's request with JSON or a page, which it does to tell of a failure. */
function isWholeBody(upstream: UpstreamAnswer): boolean {
  return /^\s*(?:application\/json|text\/html)\b/i.test(upstream.headers.get('content-type') ?? '');
}

async function faultOfWholeBody(
  gateway: Gateway,
  chat: ChatProtocol,
  upstream: UpstreamAnswer,
  meter: Meter,
  signal: CancelSignal,
): Promise<CallError> {
  const text = await gateway.upstream.readText(upstream, signal);
  try {
    chat.readAnswer(text, meter);
  } catch (thrown) {
    return toCallError(thrown);
  }
  return new CallError('upstream_bad_response', { detail: 'a whole answer came where a stream was asked for' });
}

async function begin(source: PieceSource): Promise<PieceSource> {
  try {
    await source.begin();
    return source;
  } catch (error) {
    source.cancel();
    throw error;
  }
}

/** Tries the targets in order with `tryRoute`, by the rules of this file. */
export async function attempt<T>(
  gateway: Gateway,
  held: HeldCall,
  tryTarget: (keyed: KeyedTarget, watch: Watch, signal: CancelSignal) => Promise<T>,
): Promise<T> {
  const { routes, model, call } = held.admission;
  const answerKind = call.endpoint === 'chat' && call.stream ? 'stream' : 'whole';
  const preference = preferenceFor(model.order ?? 'weight', gateway.random);
  const choice = new TargetChoice(gateway, routes, { preference, answerKind });
  let failure: CallError | undefined;
  for (let tries = 0; tries < ATTEMPTS_MAX; tries++) {
    const keyed = await choice.take(held, failure);
    if (keyed === undefined) break;
    const startedMs = gateway.clock.monotonicMs();
    const { watch, signal } = enter(gateway, held, keyed, startedMs);
    try {
      const result = await tryTarget(keyed, watch, signal);
      reportAttempt(gateway, held, keyed, startedMs, undefined);
      choice.answered(gateway.clock.monotonicMs() - startedMs);
      return result;
    } catch (thrown) {
      watch.end();
      const told = toCallError(signal.aborted ? signal.reason : thrown);
      const latest = held.interruption ?? withoutSecret(told, keyed.target.apiKey);
      reportAttempt(gateway, held, keyed, startedMs, latest);
      if (!mayBeBilled(latest.code)) held.attempts.forgive();
      coolDown(gateway, keyed, latest);
      crashPoint('attempt.failed');
      // That a second target has no word for a field says less than why the first one failed.
      if (failure === undefined || latest.code !== 'unsupported_parameter') failure = latest;
      if (held.interruption !== undefined || !mayRetry(held.admission.call, latest)) throw failure;
    }
  }
  throw failure ?? new CallError('provider_unavailable');
}

/** Begins an attempt with the target that was taken. Throws where the call was ended meanwhile. */
function enter(gateway: Gateway, held: HeldCall, keyed: KeyedTarget, startedMs: number) {
  let signal: Cancellation;
  try {
    signal = held.beginAttempt();
  } catch (interruption) {
    leave(keyed);
    throw interruption;
  }
  if (keyed.provider.kind === 'local') held.attempts.forgive();
  const watch = gateway.watchdog.watch((error) => expire(held, signal, error));
  leaveWith(gateway, watch, keyed);
  watch.deadline(gateway.config.timeouts.callMs - (startedMs - held.startedMs));
  held.provider = keyed.target.providerName;
  held.upstreamModel = keyed.target.upstreamModel;
  return { watch, signal };
}

/**
 * A picture is dear, so it is tried again only where surely nothing was drawn; text once where it may have been. What
 * one target has no word for another may understand.
 */
function mayRetry(call: Call, failure: CallError): boolean {
  if (failure.code === 'unsupported_parameter') return true;
  const kind = retryClass(failure.code);
  return kind === 'safe' || (kind === 'ambiguous' && call.endpoint === 'chat');
}

/** A limit has passed. Once the client has something, the call ends at once: a stalled client may never ask again. */
function expire(held: HeldCall, attempt: Cancellation, error: CallError): void {
  attempt.abort(error);
  if (held.isDelivered) held.interrupt(error);
}

function reportAttempt(
  gateway: Gateway,
  held: HeldCall,
  keyed: KeyedTarget,
  startedMs: number,
  failure: CallError | undefined,
): void {
  gateway.report.attempt({
    callId: held.callId,
    attempt: held.attempts.count,
    provider: keyed.target.providerName,
    model: keyed.target.upstreamModel,
    ...keyNumberOf(keyed),
    errorCode: failure?.code ?? null,
    detail: failure?.details.detail,
    durationMs: Math.round(gateway.clock.monotonicMs() - startedMs),
  });
}

/** How a local provider waits: an aborted call wakes it with the reason. */
function sleeper(gateway: Gateway, signal: CancelSignal): (ms: number) => Promise<void> {
  return async (ms) => {
    signal.throwIfAborted();
    await gateway.sleep(ms);
    signal.throwIfAborted();
  };
}

/** Gathers a local provider's events into a whole answer. */
async function collect(held: HeldCall, events: AsyncIterable<CallEvent>): Promise<WholeAnswer> {
  const { generations, meter } = held.admission;
  const builder = new AnswerBuilder(generations);
  for await (const event of events) {
    meter.addEvent(event);
    builder.add(event);
  }
  return { answer: { choices: builder.build(), usage: meter.usage() } };
}
