// What an error says beyond its row in the catalogue.
import type { LimitState } from './limits.ts';

export type ErrorDetails = {
  /** The field at fault, in the caller's own spelling. */
  param?: string;
  /** Public text in place of the catalogue's. It must not carry secrets, prompts or a vendor's words. */
  message?: string;
  /** The same in Russian, where the text is not of a Russian dialect already. */
  messageRu?: string;
  /** Seconds until a retry can succeed; becomes `Retry-After`. */
  retryAfterS?: number;
  /** A status in place of the catalogue's, where a vendor's 404, 413 or 422 is passed on. */
  status?: number;
  /** The limit that refused the call, for the `x-ratelimit-*` headers. */
  limit?: LimitState;
  /** For logs only. */
  detail?: string;
  /** What the account has left, in the unit of the refused price. */
  balance?: number;
  /** What the refused call would have needed, in the same unit. */
  needed?: number;
  /** The name of the account's plan, where the plan is the reason. */
  planName?: string;
};
