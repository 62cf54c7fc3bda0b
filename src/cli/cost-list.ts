// `tolmach cost list`: the book of vendors' costs in force.
import type { CostBook } from '../core/cost.ts';
import { COST_FIELDS } from '../core/cost.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';

export const costList: Command = {
  name: 'cost list',
  about: 'List what vendors charge us, in millionths of the currency.',
  options: {},
  async run({ admin }) {
    const book = await admin.call<CostBook>('GET', 'costs');
    const rows = book.rows.map((row) => [
      `${row.provider}/${row.model}`,
      row.currency,
      ...COST_FIELDS.map((field) => String(row[field])),
    ]);
    const head = ['TARGET', 'CURRENCY', ...COST_FIELDS.map((field) => field.toUpperCase())];
    return { json: book, lines: [`version ${book.version}`, ...table([head, ...rows])] };
  },
};
