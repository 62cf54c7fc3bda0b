// Bounds the questions to providers that no customer pays for, so that free routes cannot take all that the providers
// give, nor cost the operator without end.
import { CallError } from '../core/errors.ts';

export class FreeWork {
  readonly #max: number;
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs work that makes so many questions. Throws `overloaded` where they would be too many at once. */
  async run<T>(questions: number, work: () => Promise<T>): Promise<T> {
    if (questions > 0 && this.#running + questions > Math.max(this.#max, questions))
      throw new CallError('overloaded', { retryAfterS: 1 });
    this.#running += questions;
    try {
      return await work();
    } finally {
      this.#running -= questions;
    }
  }
}
