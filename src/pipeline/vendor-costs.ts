// The book of vendors' costs in force, asked once for each call when it is closed.
import type { Usage } from '../core/call.ts';
import type { CostBook, CostRow } from '../core/cost.ts';
import { costOf, costRowFor } from '../core/cost.ts';

export class VendorCosts {
  #book: CostBook | undefined;
  /** Rows by provider and model: as many as there are targets. */
  readonly #rows = new Map<string, Map<string, CostRow | undefined>>();

  /** Puts a book in force, unless a newer one is. */
  load(book: CostBook | undefined): void {
    if (book === undefined || book.version <= (this.#book?.version ?? 0)) return;
    this.#book = book;
    this.#rows.clear();
  }

  /** In micro-roubles; `null` where the book does not have the model. */
  costOf(provider: string, model: string, usage: Usage): number | null {
    const row = this.#find(provider, model);
    return row === undefined ? null : costOf(row, usage);
  }

  #find(provider: string, model: string): CostRow | undefined {
    if (this.#book === undefined) return undefined;
    let rows = this.#rows.get(provider);
    if (rows === undefined) {
      rows = new Map();
      this.#rows.set(provider, rows);
    }
    if (!rows.has(model)) rows.set(model, costRowFor(this.#book, provider, model));
    return rows.get(model);
  }
}
