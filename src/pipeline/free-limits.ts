// Limit counters of routes that cost nothing, kept in memory of this process alone. They are exact for one process and
// begin anew after a restart, which is harmless: nothing is sold here.
import type { Day, LimitClaim } from '../core/limits.ts';
import { admissibleAtMs, LimitWindow } from '../core/limits.ts';

const WINDOWS_MAX = 50_000;

export class FreeLimits {
  readonly #windows = new Map<string, LimitWindow>();

  /** Counts one request against all claims, or answers when it may come again and counts nothing. */
  admit(claims: readonly LimitClaim[], nowMs: number, day: Day): number | undefined {
    let latestMs = nowMs;
    for (const claim of claims)
      latestMs = Math.max(latestMs, admissibleAtMs(this.#window(claim.subject), claim, nowMs, day));
    if (latestMs > nowMs) return latestMs;
    for (const claim of claims) this.#window(claim.subject).admit(nowMs, day.name);
    return undefined;
  }

  #window(subject: string): LimitWindow {
    let window = this.#windows.get(subject);
    if (window === undefined) {
      // Forgetting all of them at once is rare and only ever lets somebody ask a free question once more.
      if (this.#windows.size >= WINDOWS_MAX) this.#windows.clear();
      window = new LimitWindow();
      this.#windows.set(subject, window);
    }
    return window;
  }
}
