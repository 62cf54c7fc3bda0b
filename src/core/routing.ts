// Which target a call goes to, and when it may go to another. Pure: health and randomness come as arguments.
import type { ErrorCode } from './errors.ts';

export type Candidate = {
  /** Lower is tried first. */
  readonly priority: number;
  /** Share among candidates of the same priority. */
  readonly weight: number;
  /** Until when the target rests, because its provider asked to be left alone or failed; 0 is never. */
  readonly coolUntilMs: number;
  /** Failures since its last answer that say «not me, not now». */
  readonly failuresInRow: number;
};

/** What the router remembers of a target. */
export type Health = Pick<Candidate, 'coolUntilMs' | 'failuresInRow'>;

/** How long a target rests after a failure, unless it named a time itself. */
const REST_MS = 5_000;
const REST_MAX_MS = 60_000;

/** Attempts for one call at the most: the first, and one more. */
export const ATTEMPTS_MAX = 2;

/**
 * Candidates in the order to try them: rested ones first, then by priority, then drawn by weight. `random` answers
 * numbers from 0 up to 1.
 */
export function orderCandidates<C extends Candidate>(
  candidates: readonly C[],
  nowMs: number,
  random: () => number,
): C[] {
  const only = candidates[0];
  if (candidates.length === 1 && only !== undefined) return [only];
  // Drawing by weight: the smallest of -ln(u)/w comes first with a chance in proportion to w.
  const drawn = candidates.map((candidate) => ({
    candidate,
    rank: -Math.log(1 - random()) / Math.max(candidate.weight, 1e-9),
  }));
  const isCool = (candidate: C) => (candidate.coolUntilMs > nowMs ? 1 : 0);
  drawn.sort(
    (a, b) =>
      isCool(a.candidate) - isCool(b.candidate) || a.candidate.priority - b.candidate.priority || a.rank - b.rank,
  );
  return drawn.map(({ candidate }) => candidate);
}

/**
 * What a failed attempt allows. `safe`: the provider surely did no work. `ambiguous`: it may have, so text may be
 * tried once elsewhere at our cost, an image never. `final`: another attempt would fail the same way.
 */
export type RetryClass = 'safe' | 'ambiguous' | 'final';

const SAFE: readonly ErrorCode[] = [
  'upstream_unreachable',
  'upstream_tls_error',
  'upstream_rate_limited',
  'upstream_overloaded',
  'provider_unavailable',
  'no_provider',
  'upstream_redirect',
];
const AMBIGUOUS: readonly ErrorCode[] = [
  'upstream_timeout',
  'upstream_error',
  'upstream_reset',
  'upstream_bad_response',
  'upstream_truncated',
  'upstream_stalled',
];

export function retryClass(code: ErrorCode): RetryClass {
  if (SAFE.includes(code)) return 'safe';
  return AMBIGUOUS.includes(code) ? 'ambiguous' : 'final';
}

/** Failures that leave open whether the provider has worked, and with that whether it will bill. */
const MAY_BE_BILLED: readonly ErrorCode[] = [
  ...AMBIGUOUS,
  'upstream_too_large',
  'deadline_exceeded',
  'client_closed',
  'slow_reader',
  'shutting_down',
  'task_cancelled',
];

export function mayBeBilled(code: ErrorCode): boolean {
  return MAY_BE_BILLED.includes(code);
}

/**
 * A target that failed. It rests where it surely did no work, and where it has failed so often in a row that it is taken
 * for out; other failures may be those of the one call.
 */
export function afterFailure(
  health: Health,
  failure: { readonly code: ErrorCode; readonly details: { readonly retryAfterS?: number } },
  nowMs: number,
  failuresToOut: number,
): Health {
  const isSafe = retryClass(failure.code) === 'safe';
  if (!isSafe && failure.code !== 'upstream_timeout') return health;
  const failuresInRow = health.failuresInRow + 1;
  const { retryAfterS } = failure.details;
  const restMs = Math.min(retryAfterS === undefined ? REST_MS : retryAfterS * 1000, REST_MAX_MS);
  const coolUntilMs = isSafe || failuresInRow >= failuresToOut ? nowMs + restMs : health.coolUntilMs;
  return { failuresInRow, coolUntilMs };
}

/**
 * A target that answered. The call that a target which was out has shown itself by ends its rest, unless another call
 * was told meanwhile to leave it alone for longer.
 * @param triedUntilMs until when that call kept the others off; `undefined` for every other call.
 */
export function afterAnswer({ coolUntilMs }: Health, triedUntilMs: number | undefined): Health {
  return { failuresInRow: 0, coolUntilMs: coolUntilMs === triedUntilMs ? 0 : coolUntilMs };
}

/** Whether the target has failed so often in a row that it is not asked before its rest is over. */
export function isOut(health: Health, nowMs: number, failuresToOut: number): boolean {
  return health.failuresInRow >= failuresToOut && health.coolUntilMs > nowMs;
}

/**
 * A target that was out and whose rest is over gets one call to show itself by: until that has ended, or for as long as
 * a rest, it stays out for all others.
 */
export function whileTried(health: Health, nowMs: number, failuresToOut: number): Health {
  return health.failuresInRow < failuresToOut ? health : { ...health, coolUntilMs: nowMs + REST_MS };
}
