// Time as a parameter, so that the ledger, limits, routing and tasks run under a simulated clock.

export type Clock = {
  /** Wall-clock milliseconds since 1970: for dates, expiry and records. */
  nowMs(): number;
  /** Milliseconds that never go back: for durations and deadlines. */
  monotonicMs(): number;
};

/**
 * A clock whose wall time never goes back, whatever is done to the machine's. Where that is set back, this one goes on
 * from the latest time it has told, at the pace of real time, until the machine's has caught up: a day, a limit or an
 * expiry is never reopened, and nothing stands still for as long as the clock was set back. It begins anew with the
 * process, so a restart makes a clock that was wrong right.
 */
export function steadyClock(clock: Clock): Clock {
  let latestMs = Number.NEGATIVE_INFINITY;
  let atMs = clock.monotonicMs();
  return {
    monotonicMs: () => clock.monotonicMs(),
    nowMs: () => {
      // The wall is read first: a pause between the two readings can then only make the time earlier.
      const wallMs = clock.nowMs();
      const readMs = clock.monotonicMs();
      latestMs = Math.max(wallMs, latestMs + readMs - atMs);
      atMs = readMs;
      return Math.floor(latestMs);
    },
  };
}
