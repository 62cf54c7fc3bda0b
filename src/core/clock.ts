// Time as a parameter, so that the ledger, limits, routing and tasks run under a simulated clock.

export type Clock = {
  /** Wall-clock milliseconds since 1970: for dates, expiry and records. */
  nowMs(): number;
  /** Milliseconds that never go back: for durations and deadlines. */
  monotonicMs(): number;
};
