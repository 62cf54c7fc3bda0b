// What a caller is told whom a limit refuses, before a hold or on a free route.
import { CallError } from '../core/errors.ts';
import type { LimitState } from '../core/limits.ts';

/** A refusal by a limit: when it can be tried again, and what the headers say of the limit. */
export function limited(retryAtMs: number, nowMs: number, limit: LimitState | undefined): CallError {
  const retryAfterS = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
  return new CallError('rate_limit_exceeded', limit === undefined ? { retryAfterS } : { retryAfterS, limit });
}
