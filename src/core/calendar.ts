// Calendar days in a named time zone. A day is what a wall calendar there says, so it may last 23 or 25 hours.
import type { Day } from './limits.ts';

/** Answers the day of a time, remembering the last one, since almost every question falls into it. */
export class Calendar {
  readonly timeZone: string;
  #format: Intl.DateTimeFormat;
  #current: { name: string; startsAtMs: number; endsAtMs: number } = { name: '', startsAtMs: 1, endsAtMs: 0 };

  /** @param timeZone an IANA name such as `Europe/Moscow`; an unknown one throws a `RangeError`. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    // Swedish dates are ISO 8601: 2026-11-21.
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  dayAt(timeMs: number): Day {
    if (timeMs < this.#current.startsAtMs || timeMs >= this.#current.endsAtMs) {
      const name = this.#format.format(timeMs);
      this.#current = { name, startsAtMs: this.#edge(timeMs, name, -1), endsAtMs: this.#edge(timeMs, name, 1) };
    }
    return this.#current;
  }

  /** When the day `date`, as in `2026-11-21`, is over. Noon or midnight of UTC lies in that date, in every zone. */
  endOf(date: string): number {
    const noon = this.dayAt(Date.parse(`${date}T12:00:00Z`));
    return (noon.name === date ? noon : this.dayAt(Date.parse(`${date}T00:00:00Z`))).endsAtMs;
  }

  /** The first millisecond of the day (`direction` -1) or of the next one (1), found by bisection. */
  #edge(timeMs: number, name: string, direction: 1 | -1): number {
    let inside = timeMs;
    let outside = timeMs + direction * 27 * 3_600_000;
    while (Math.abs(outside - inside) > 1) {
      const middle = Math.floor((inside + outside) / 2);
      if (this.#format.format(middle) === name) inside = middle;
      else outside = middle;
    }
    return direction === 1 ? outside : inside;
  }
}
