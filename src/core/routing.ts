// Which target a call goes to, and when it may go to another. Pure: health and randomness come as arguments.
import type { ErrorCode } from './errors.ts';

/** What the router remembers of a target, or of one of several keys for it. */
export type Health = {
  /** Until when it rests, because its provider asked to be left alone or failed; 0 is never. */
  readonly coolUntilMs: number;
  /** Failures since its last answer that say «not me, not now». */
  readonly failuresInRow: number;
  /** Until when others are asked before it, for it has spoiled many answers in a row; 0 is never. */
  readonly tiredUntilMs: number;
  /** Answers in a row that it spoiled. Each may be the fault of its call, all of them together hardly are. */
  readonly faultsInRow: number;
};

export const WELL: Health = { coolUntilMs: 0, failuresInRow: 0, tiredUntilMs: 0, faultsInRow: 0 };

export type Candidate = Pick<Health, 'coolUntilMs' | 'tiredUntilMs'> & {
  /** Lower is tried first. */
  readonly priority: number;
  /** Share among candidates of the same priority. */
  readonly weight: number;
};

/** What decides among targets of the same priority. */
export const ORDERS = ['weight', 'price', 'latency'] as const;
export type Order = (typeof ORDERS)[number];

/** How long a target rests after a failure, unless it named a time itself. */
const REST_MS = 5_000;
const REST_MAX_MS = 60_000;

/** Attempts for one call at the most: the first, and one more. */
export const ATTEMPTS_MAX = 2;

/**
 * Candidates in the order to try them: rested ones first, then by priority, then by `preference` (lower first), then
 * drawn by weight. `random` answers numbers from 0 up to 1.
 */
export function orderCandidates<C extends Candidate>(
  candidates: readonly C[],
  nowMs: number,
  random: () => number,
  preference: (candidate: C) => number = () => 0,
): C[] {
  const only = candidates[0];
  if (candidates.length === 1 && only !== undefined) return [only];
  const drawn = candidates.map((candidate) => ({
    candidate,
    unrest: unrestOf(candidate, nowMs),
    preferred: preference(candidate),
    // Drawing by weight: the smallest of -ln(u)/w comes first with a chance in proportion to w.
    rank: -Math.log(1 - random()) / Math.max(candidate.weight, 1e-9),
  }));
  drawn.sort(
    (a, b) =>
      a.unrest - b.unrest ||
      a.candidate.priority - b.candidate.priority ||
      compare(a.preferred, b.preferred) ||
      a.rank - b.rank,
  );
  return drawn.map(({ candidate }) => candidate);
}

/** Those that were told to be left alone come after all others. */
function unrestOf({ coolUntilMs, tiredUntilMs }: Pick<Health, 'coolUntilMs' | 'tiredUntilMs'>, nowMs: number): number {
  if (coolUntilMs > nowMs) return 2;
  return tiredUntilMs > nowMs ? 1 : 0;
}

/** Two numbers, of which both may be infinite. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Whether nothing speaks against asking it. */
export function isRested(health: Pick<Health, 'coolUntilMs' | 'tiredUntilMs'>, nowMs: number): boolean {
  return unrestOf(health, nowMs) === 0;
}

/** What speaks for a target beside its weight. */
export type Merits = {
  /** What it costs, in any unit that those of one model share. */
  readonly cost: number | undefined;
  /** How long it takes to begin an answer, as it was of late. */
  readonly firstByteMs: number | undefined;
};

/** One call in so many does not look at latency, so that a target which was slow once is measured again. */
const EXPLORE = 20;

/** The preference of one call, lower first; `undefined` where only weights count. */
export function preferenceFor(order: Order, random: () => number): ((merits: Merits) => number) | undefined {
  if (order === 'price') return ({ cost }) => cost ?? Number.POSITIVE_INFINITY;
  // A target that has not been measured is asked first: else it never would be.
  if (order === 'latency' && random() * EXPLORE >= 1) return ({ firstByteMs }) => firstByteMs ?? 0;
  return undefined;
}

/** How much the latest measure counts in the mean. */
const MEAN_SHARE = 0.2;

/** The mean of measures in which each older one counts less. */
export function movingMean(mean: number | undefined, measured: number): number {
  return mean === undefined ? measured : mean + MEAN_SHARE * (measured - mean);
}

/** One of a provider's keys, as the choice among them sees it. */
export type KeyState = Pick<Health, 'coolUntilMs' | 'tiredUntilMs'> & {
  /** Requests that are under way with it. */
  readonly open: number;
  /** When it was taken last, as a running number. */
  readonly takenAt: number;
  /** Whether its bounds allow one more request now. */
  readonly hasRoom: boolean;
};

/**
 * The key for the next request: one with room, rested if any such is, the least used of them, and of these the one that
 * was taken the longest ago. `undefined` where none has room.
 */
export function pickKey<K extends KeyState>(keys: readonly K[], nowMs: number): K | undefined {
  let best: K | undefined;
  for (const key of keys) if (key.hasRoom && (best === undefined || isBetterKey(key, best, nowMs))) best = key;
  return best;
}

function isBetterKey(a: KeyState, b: KeyState, nowMs: number): boolean {
  const difference = unrestOf(a, nowMs) - unrestOf(b, nowMs) || a.open - b.open || a.takenAt - b.takenAt;
  return difference < 0;
}

/** Failures that tell of the key rather than of the provider: another key may do. */
export function isAboutKey(code: ErrorCode): boolean {
  return code === 'provider_unavailable' || code === 'upstream_rate_limited';
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
 * A target that failed. It rests where it surely did no work, and where it has not answered so often in a row that it is
 * taken for out. Other failures may be those of the one call: after as many of them the others are asked first, but it
 * is not out, or one customer with a spoilt request could take a model from all.
 */
export function afterFailure(
  health: Health,
  failure: { readonly code: ErrorCode; readonly details: { readonly retryAfterS?: number } },
  nowMs: number,
  failuresToOut: number,
): Health {
  const kind = retryClass(failure.code);
  if (kind === 'final') return health;
  if (kind === 'ambiguous' && failure.code !== 'upstream_timeout') {
    const faultsInRow = health.faultsInRow + 1;
    const tiredUntilMs = faultsInRow >= failuresToOut ? nowMs + REST_MS : health.tiredUntilMs;
    return { ...health, faultsInRow, tiredUntilMs };
  }
  const failuresInRow = health.failuresInRow + 1;
  const { retryAfterS } = failure.details;
  const restMs = Math.min(retryAfterS === undefined ? REST_MS : retryAfterS * 1000, REST_MAX_MS);
  const coolUntilMs = kind === 'safe' || failuresInRow >= failuresToOut ? nowMs + restMs : health.coolUntilMs;
  return { ...health, failuresInRow, coolUntilMs };
}

/**
 * A target that answered. The call that a target which was out has shown itself by ends its rest, unless another call
 * was told meanwhile to leave it alone for longer.
 * @param triedUntilMs until when that call kept the others off; `undefined` for every other call.
 */
export function afterAnswer(health: Health, triedUntilMs: number | undefined): Health {
  const coolUntilMs = health.coolUntilMs === triedUntilMs ? 0 : health.coolUntilMs;
  return { ...health, failuresInRow: 0, faultsInRow: 0, coolUntilMs };
}

/** Whether the target has failed so often in a row that it is not asked before its rest is over. */
export function isOut(
  health: Pick<Health, 'coolUntilMs' | 'failuresInRow'>,
  nowMs: number,
  failuresToOut: number,
): boolean {
  return health.failuresInRow >= failuresToOut && health.coolUntilMs > nowMs;
}

/**
 * A target that was out and whose rest is over gets one call to show itself by: until that has ended, or for as long as
 * a rest, it stays out for all others.
 */
export function whileTried(health: Health, nowMs: number, failuresToOut: number): Health {
  return health.failuresInRow < failuresToOut ? health : { ...health, coolUntilMs: nowMs + REST_MS };
}
