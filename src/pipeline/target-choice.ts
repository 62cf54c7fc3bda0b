// The targets of one call, in turn: which to ask first, which after a failure, with which of its keys, and the wait where
// all that may be asked are full. What comes of each attempt is remembered here for the calls after it.
import type { CancelSignal } from '../core/cancellation.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';
import type { Health, Merits } from '../core/routing.ts';
import {
  afterAnswer,
  afterFailure,
  isAboutKey,
  isOut,
  isRested,
  movingMean,
  orderCandidates,
  pickKey,
  whileTried,
} from '../core/routing.ts';
import type { Watch } from '../upstream/watch.ts';
import type { Gateway } from './gateway.ts';
import type { KeyedTarget, Route } from './model-book.ts';

/** Whole answers begin when they end, so that their times say nothing of streams. */
export type AnswerKind = 'whole' | 'stream';

export type ChoiceOptions = {
  readonly preference?: ((merits: Merits) => number) | undefined;
  readonly answerKind?: AnswerKind;
};

/** How a waiting call is told to end, and when it has to. */
export type Waiter = { beginWait(): CancelSignal & { abort(error: CallError): void }; readonly startedMs: number };

/** What a refused call is told to wait where nobody knows when a place will be free. */
const RETRY_AFTER_S = 10;
const LATER_MAX_S = 60;
/** How long the first in a line sleeps at the most before it looks for room. */
const LOOK_MS = 1_000;

export class TargetChoice {
  readonly #gateway: Gateway;
  readonly #ordered: readonly Route[];
  #last: KeyedTarget | undefined;
  readonly #asked = new Set<Route>();
  readonly #answerKind: AnswerKind;
  /** Until when this call keeps the others off what was out. */
  #triedUntilMs: Map<Health, number> | undefined;

  /** Throws `no_provider` where all targets are out: the call is refused at once instead of being kept waiting. */
  constructor(gateway: Gateway, routes: readonly Route[], { preference, answerKind = 'whole' }: ChoiceOptions = {}) {
    this.#gateway = gateway;
    this.#answerKind = answerKind;
    const prefer =
      preference && (({ cost, firstByteMs }: Route) => preference({ cost, firstByteMs: firstByteMs[answerKind] }));
    this.#ordered = orderCandidates(standingRoutes(gateway, routes), gateway.clock.nowMs(), gateway.random, prefer);
  }

  /**
   * The first target that has room, or the next one after a failure; `undefined` where no other is left. Where all of
   * them are full the call waits, or is refused with `upstream_rate_limited`. Whoever gets one gives it back by `leave`.
   */
  take(waiter: Waiter, failure?: CallError): KeyedTarget | undefined | Promise<KeyedTarget> {
    const routes = this.#candidates(failure);
    if (routes.length === 0) return undefined;
    return this.#takeNow(routes, true) ?? this.#wait(waiter, routes);
  }

  /** As `take`, for who does not wait. */
  takeAtOnce(failure?: CallError): KeyedTarget | undefined {
    const routes = this.#candidates(failure);
    const taken = this.#takeNow(routes, true);
    if (taken === undefined && routes.length > 0) throw full(this.#opensInMs(routes));
    return taken;
  }

  /** Other targets before another key of the same: what ails one key may ail all of its account. */
  #candidates(failure: CallError | undefined): readonly Route[] {
    const last = this.#last;
    if (failure === undefined || last === undefined) return this.#ordered;
    const nowMs = this.#gateway.clock.nowMs();
    const others = this.#ordered.filter((route) => !this.#asked.has(route));
    const hasOtherKey = last.route.keyed.some((keyed) => keyed !== last && isRested(keyed.health, nowMs));
    return [
      ...others.filter((route) => isRested(route, nowMs)),
      ...(isAboutKey(failure.code) && hasOtherKey ? [last.route] : []),
      ...others.filter((route) => !isRested(route, nowMs)),
    ];
  }

  #takeNow(routes: readonly Route[], isNew: boolean): KeyedTarget | undefined {
    for (const route of routes) {
      // Those who wait were here before.
      if (isNew && route.keys.waiting > 0) continue;
      const keyed = this.#keyOf(route);
      if (keyed === undefined) continue;
      this.#claimTry(keyed);
      if (route.keys.areCounted) route.keys.begin(keyed.key, this.#gateway.clock.monotonicMs());
      this.#asked.add(route);
      this.#last = keyed;
      return keyed;
    }
    return undefined;
  }

  /** The first call to what was out keeps the others off until it has ended. */
  #claimTry(keyed: KeyedTarget): void {
    const nowMs = this.#gateway.clock.nowMs();
    for (const one of healthsOf(keyed)) {
      const claimed = whileTried(one, nowMs, this.#gateway.config.bounds.failuresInRow);
      if (claimed === one) continue;
      Object.assign(one, claimed);
      this.#triedUntilMs ??= new Map();
      this.#triedUntilMs.set(one, claimed.coolUntilMs);
    }
  }

  /** Remembers that the target which was taken last has answered, and how soon. */
  answered(tookMs: number): void {
    const keyed = this.#last as KeyedTarget;
    for (const one of healthsOf(keyed)) Object.assign(one, afterAnswer(one, this.#triedUntilMs?.get(one)));
    const { firstByteMs } = keyed.route;
    firstByteMs[this.#answerKind] = movingMean(firstByteMs[this.#answerKind], tookMs);
  }

  #keyOf({ keyed, keys }: Route): KeyedTarget | undefined {
    if (!keys.areCounted) return keyed[0];
    const { clock, config } = this.#gateway;
    const nowMs = clock.nowMs();
    const beganMs = clock.monotonicMs();
    const states = keyed
      .filter((one) => one !== this.#last && !isOut(one.health, nowMs, config.bounds.failuresInRow))
      .map((one) => ({
        one,
        coolUntilMs: one.health.coolUntilMs,
        tiredUntilMs: one.health.tiredUntilMs,
        open: one.key.capacity.open,
        takenAt: one.key.takenAt,
        hasRoom: one.key.capacity.hasRoom(beganMs),
      }));
    return pickKey(states, nowMs)?.one;
  }

  /** Waits in the lines of all these targets' providers for whichever has room first. */
  async #wait(waiter: Waiter, routes: readonly Route[]): Promise<KeyedTarget> {
    const { config, watchdog, clock } = this.#gateway;
    const lines = [...new Set(routes.map((route) => route.keys))];
    const opensInMs = this.#opensInMs(routes);
    const isLong = lines.every((line) => line.waiting >= config.bounds.waitingForProvider);
    if (isLong || opensInMs > config.timeouts.providerQueueMs) throw full(opensInMs);
    const signal = waiter.beginWait();
    const watch = watchdog.watch((error) =>
      signal.abort(error.code === 'upstream_rate_limited' ? full(opensInMs) : error),
    );
    watch.expect(config.timeouts.providerQueueMs, 'upstream_rate_limited');
    watch.deadline(config.timeouts.callMs - (clock.monotonicMs() - waiter.startedMs));
    const turn = Promise.withResolvers<KeyedTarget>();
    let isWaiting = true;
    const attempt = () => {
      const taken = isWaiting ? this.#takeNow(routes, false) : undefined;
      if (taken === undefined) return false;
      isWaiting = false;
      for (const line of lines) line.stopWaiting(attempt);
      turn.resolve(taken);
      return true;
    };
    const leave = () => {
      isWaiting = false;
      turn.reject(signal.reason);
    };
    for (const line of lines) line.wait(attempt);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    void this.#wakeInTime(routes, attempt, () => isWaiting);
    try {
      return await turn.promise;
    } finally {
      watch.end();
      signal.removeEventListener('abort', leave);
      for (const line of lines) line.stopWaiting(attempt);
    }
  }

  /** A full minute ends by itself, and nobody's leaving tells of it: the first in a line looks for that. */
  async #wakeInTime(routes: readonly Route[], attempt: () => boolean, isWaiting: () => boolean): Promise<void> {
    if (routes.every((route) => route.keyed.every(({ key }) => !key.capacity.isPaced))) return;
    while (isWaiting()) {
      await this.#gateway.sleep(Math.min(Math.max(1, Math.ceil(this.#opensInMs(routes))), LOOK_MS));
      for (const { keys } of routes) if (keys.isFirst(attempt)) keys.wake();
    }
  }

  /** When the first of the keys' minutes has room again; 0 where only running requests are in the way. */
  #opensInMs(routes: readonly Route[]): number {
    const nowMs = this.#gateway.clock.monotonicMs();
    const times = routes.flatMap((route) => route.keyed.map(({ key }) => key.capacity.opensAtMs(nowMs)));
    return Math.min(...times) - nowMs;
  }
}

function full(opensInMs: number): CallError {
  const retryAfterS = opensInMs > 0 ? Math.min(LATER_MAX_S, Math.ceil(opensInMs / 1000)) : RETRY_AFTER_S;
  return new CallError('upstream_rate_limited', { detail: 'every key is at its bound', retryAfterS });
}

/** The targets that may be asked. */
function standingRoutes(gateway: Gateway, routes: readonly Route[]): readonly Route[] {
  const nowMs = gateway.clock.nowMs();
  const { failuresInRow } = gateway.config.bounds;
  const isOutNow = (route: Route) =>
    isOut(route, nowMs, failuresInRow) || route.keyed.every(({ health }) => isOut(health, nowMs, failuresInRow));
  if (!routes.some(isOutNow)) return routes;
  const standing = routes.filter((route) => !isOutNow(route));
  if (standing.length > 0) return standing;
  const restsUntilMs = Math.min(...routes.map((route) => route.coolUntilMs));
  throw new CallError('no_provider', { retryAfterS: Math.max(1, Math.ceil((restsUntilMs - nowMs) / 1000)) });
}

/** What is remembered of the target, and of the key where it has several. */
function healthsOf({ route, health }: KeyedTarget): KeyedTarget['health'][] {
  return health === route ? [route] : [route, health];
}

/** The attempt is over, with its stream: its place is free for another. */
export function leave({ route, key }: KeyedTarget): void {
  if (route.keys.areCounted) route.keys.end(key);
}

/** To the vendor a stream runs for a moment longer than its last word, or than our leaving. */
const LEAVING_MS = 30;

/** Frees the place of an attempt when its watch has ended. */
export function leaveWith(gateway: Gateway, watch: Watch, keyed: KeyedTarget): void {
  if (keyed.route.keys.areCounted) watch.atEnd(() => void gateway.sleep(LEAVING_MS).then(() => leave(keyed)));
}

/** Failures that do not pass by themselves: our key or account there, their certificate. */
const FOR_THE_OPERATOR: readonly ErrorCode[] = ['provider_unavailable', 'upstream_tls_error'];

/** Remembers of a target, or of its key, that it failed, and lets it rest where that says «not me, not now». */
export function coolDown(gateway: Gateway, keyed: KeyedTarget, failure: CallError): void {
  const { route, target, health } = keyed;
  if (FOR_THE_OPERATOR.includes(failure.code))
    gateway.report.alarm('provider_needs_operator', {
      provider: target.providerName,
      model: target.upstreamModel,
      code: failure.code,
      detail: failure.details.detail,
      ...keyNumberOf(keyed),
    });
  const ill = isAboutKey(failure.code) ? health : route;
  Object.assign(ill, afterFailure(ill, failure, gateway.clock.nowMs(), gateway.config.bounds.failuresInRow));
  // The target rests for as long as all of its keys do.
  const keysRestUntilMs = Math.min(...route.keyed.map((one) => one.health.coolUntilMs));
  route.coolUntilMs = Math.max(route.coolUntilMs, keysRestUntilMs);
}

/** Which key it was, where there are several. The key itself is told to nobody. */
export function keyNumberOf({ route, key }: KeyedTarget): { readonly keyNumber?: number } {
  return route.keyed.length > 1 ? { keyNumber: key.number } : {};
}
