// What a vendor's HTTP status means, whatever family the vendor speaks. Which words are about our own account, and what
// of a rejected request is told to the customer, are the families' own.
import { CallError } from '../core/errors.ts';

/** When to ask again where a vendor that is busy does not say. */
const RETRY_AFTER_S = 5;

/** The customer's own faults, whose status is passed on. */
const REJECTED: readonly number[] = [400, 404, 409, 413, 415, 422];

export type VendorFault = {
  /** For the log; never a vendor's free text. */
  readonly detail: string;
  readonly retryAfterS: number | undefined;
  /** Whether its words say that our account there has no money, or that our key is wrong. */
  readonly isAboutOurAccount: boolean;
  /** Statuses that are the customer's own faults. */
  readonly rejected?: readonly number[];
  toRejection(): CallError;
};

/** The failure that an answer with a status of 300 or more means. */
export function faultOfVendorStatus(status: number, fault: VendorFault): CallError {
  const { detail, retryAfterS = RETRY_AFTER_S, isAboutOurAccount, rejected = REJECTED } = fault;
  if (status >= 300 && status < 400) return new CallError('upstream_redirect', { detail });
  if (status === 401 || status === 402 || status === 403 || isAboutOurAccount)
    return new CallError('provider_unavailable', { detail });
  if (status === 429) return new CallError('upstream_rate_limited', { detail, retryAfterS });
  if (status === 503 || status === 529) return new CallError('upstream_overloaded', { detail, retryAfterS });
  if (status === 408 || status === 504) return new CallError('upstream_timeout', { detail });
  if (status >= 500) return new CallError('upstream_error', { detail });
  return rejected.includes(status) ? fault.toRejection() : new CallError('upstream_bad_response', { detail });
}
