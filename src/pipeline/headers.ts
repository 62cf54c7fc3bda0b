// The headers that every dialect answers with: what the call cost, what is left, and who answered.
import type { LimitState } from '../core/limits.ts';
import type { Closed, HeldCall } from './held-call.ts';

/** For a whole answer: the charge is known. */
export function callHeaders(held: HeldCall, closed: Closed): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    ...aboutCall(held, closed.charge, closed.balance[held.admission.price.unit]),
  };
}

/** For a stream: the charge is not known yet, so the headers tell the most that it can be, which is held. */
export function streamHeaders(held: HeldCall): Record<string, string> {
  return {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    ...aboutCall(held, held.admission.amount, held.balance[held.admission.price.unit]),
  };
}

function aboutCall(held: HeldCall, charge: number, balance: number): Record<string, string> {
  return {
    'x-tolmach-provider': held.provider ?? '',
    'x-tolmach-model': held.upstreamModel ?? '',
    'x-tolmach-charge': String(charge),
    'x-tolmach-balance': String(balance),
    'x-tolmach-unit': held.admission.price.unit === 'requests' ? 'requests' : 'micro-rub',
    ...(held.admission.charsCut === 0 ? {} : { 'x-tolmach-truncated': String(held.admission.charsCut) }),
    ...limitHeaders(held.limit),
  };
}

/** OpenAI's names; the reset is a duration such as `12ms` or `1m0s`. */
export function limitHeaders(limit: LimitState | undefined): Record<string, string> {
  if (limit === undefined) return {};
  return {
    'x-ratelimit-limit-requests': String(limit.limit),
    'x-ratelimit-remaining-requests': String(limit.remaining),
    'x-ratelimit-reset-requests': duration(limit.resetMs),
  };
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
