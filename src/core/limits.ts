// Exact request limits: never more than N admitted in any 60 s, and N in a calendar day.
//
// A window keeps one cell per second of the last minute: how many were admitted in that second and when the last of
// them was. A cell counts until its last admission is 60 s old, so a partly expired cell counts in full and the limit
// can only be stricter than a perfect log, by less than a second. Source: shared ledger brief, section 5.

/** One more than the seconds in a window, so that a cell is never reused while it still counts. */
const CELLS = 61;
const WINDOW_MS = 60_000;

/** What one call asks of one counter. `null` means that there is no such limit. */
export type LimitClaim = {
  /** Names the counter inside the account: key, endpoint and model, as the plan says. */
  readonly subject: string;
  readonly perMinute: number | null;
  readonly perDay: number | null;
};

/** What is left after a decision, for the `x-ratelimit-*` headers. */
export type LimitState = {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the counter would be untouched again. */
  readonly resetMs: number;
};

export class LimitWindow {
  /** When the last admission of each cell was; 0 is never. */
  readonly lastMs: Float64Array;
  readonly counts: Uint32Array;
  day: string;
  dayCount: number;

  constructor(cells?: ArrayBuffer, day = '', dayCount = 0) {
    const buffer = cells ?? new ArrayBuffer(LimitWindow.byteLength);
    this.lastMs = new Float64Array(buffer, 0, CELLS);
    this.counts = new Uint32Array(buffer, CELLS * 8, CELLS);
    this.day = day;
    this.dayCount = dayCount;
  }

  static readonly byteLength = CELLS * 12;

  /** The cells as bytes, as the stores keep them. */
  bytes(): Uint8Array {
    return new Uint8Array(this.lastMs.buffer as ArrayBuffer);
  }

  /** Admissions that are less than 60 s old at `nowMs`. */
  countLastMinute(nowMs: number): number {
    let count = 0;
    for (let i = 0; i < CELLS; i++) {
      if ((this.lastMs[i] as number) > nowMs - WINDOW_MS) count += this.counts[i] as number;
    }
    return count;
  }

  /** Admissions of the calendar day `day`, or of the later one that was counted before the clock was set back. */
  countOfDay(day: string): number {
    return this.day >= day ? this.dayCount : 0;
  }

  /**
   * Takes admissions of the future for admissions of now. There are some where the clock was set back while no process
   * ran: they count for one more minute, neither forgotten nor counted until their time comes.
   */
  bringBack(nowMs: number): void {
    let count = 0;
    for (let i = 0; i < CELLS; i++) {
      if ((this.lastMs[i] as number) <= nowMs) continue;
      count += this.counts[i] as number;
      this.lastMs[i] = 0;
      this.counts[i] = 0;
    }
    if (count > 0) this.#add(nowMs, count);
  }

  /** Counts one admission. The caller has decided that it is allowed. */
  admit(nowMs: number, day: string): void {
    this.#add(nowMs, 1);
    // A day that was begun is never left for an earlier one, so that it cannot be begun again.
    if (this.day < day) {
      this.day = day;
      this.dayCount = 0;
    }
    this.dayCount += 1;
  }

  #add(nowMs: number, count: number): void {
    const cell = Math.floor(nowMs / 1000) % CELLS;
    const sameSecond = Math.floor((this.lastMs[cell] as number) / 1000) === Math.floor(nowMs / 1000);
    this.counts[cell] = sameSecond ? (this.counts[cell] as number) + count : count;
    this.lastMs[cell] = nowMs;
  }

  /** The earliest time at which fewer than `limit` admissions are in the window. */
  freeAtMs(limit: number, nowMs: number): number {
    let count = this.countLastMinute(nowMs);
    if (count < limit) return nowMs;
    const live = [...this.lastMs.keys()].filter((i) => (this.lastMs[i] as number) > nowMs - WINDOW_MS);
    live.sort((a, b) => (this.lastMs[a] as number) - (this.lastMs[b] as number));
    for (const cell of live) {
      count -= this.counts[cell] as number;
      if (count < limit) return (this.lastMs[cell] as number) + WINDOW_MS;
    }
    return nowMs + WINDOW_MS;
  }
}

/** The calendar day that a decision falls into. */
export type Day = { readonly name: string; readonly endsAtMs: number };

/**
 * When `claim` may be admitted: `nowMs` if now, else the later of the times that its limits name. A limit of 0 never
 * admits; the time it names is a minute or a day ahead, and then another.
 */
export function admissibleAtMs(window: LimitWindow, claim: LimitClaim, nowMs: number, day: Day): number {
  const minuteMs = claim.perMinute === null ? nowMs : window.freeAtMs(claim.perMinute, nowMs);
  const isDaySpent = claim.perDay !== null && window.countOfDay(day.name) >= claim.perDay;
  return isDaySpent ? Math.max(minuteMs, day.endsAtMs) : minuteMs;
}

/** The state of the tighter of the claim's limits, or `undefined` if it has none. */
export function limitState(window: LimitWindow, claim: LimitClaim, nowMs: number, day: Day): LimitState | undefined {
  const states: LimitState[] = [];
  if (claim.perMinute !== null) {
    const newestMs = window.lastMs.reduce((a, b) => Math.max(a, b), 0);
    states.push({
      limit: claim.perMinute,
      remaining: Math.max(0, claim.perMinute - window.countLastMinute(nowMs)),
      resetMs: Math.max(0, newestMs + WINDOW_MS - nowMs),
    });
  }
  if (claim.perDay !== null) {
    const remaining = Math.max(0, claim.perDay - window.countOfDay(day.name));
    states.push({ limit: claim.perDay, remaining, resetMs: day.endsAtMs - nowMs });
  }
  return states.reduce<LimitState | undefined>(
    (a, b) => (a === undefined || b.remaining < a.remaining ? b : a),
    undefined,
  );
}
