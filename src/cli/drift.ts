// `tolmach drift`: how far vendors' counts of output tokens are from ours.
import type { Drift } from '../core/margin.ts';
import type { UsageSum } from '../store/usage-sums.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';
import type { Used } from './used.ts';
import { used } from './used.ts';

type Row = Pick<UsageSum, 'name' | 'calls' | 'vendorTokens' | 'countedTokens'> & Used & Drift;

export const drift: Command = {
  name: 'drift',
  about: "Hold vendors' counts of visible output tokens against our own estimate.",
  options: {
    from: { value: 'DATE', about: 'the first day, today where absent' },
    to: { value: 'DATE', about: 'the last day, the first where absent' },
    account: { value: 'ID', about: 'the calls of one account only' },
  },
  async run({ options, admin }) {
    const answer = await admin.call<{ rows: Row[] }>('GET', `drift?${new URLSearchParams(options)}`);
    const rows = answer.rows.map((row) => [
      row.name,
      String(row.calls),
      used(row),
      String(row.vendorTokens),
      String(row.countedTokens),
      row.vendorPercent === null ? '' : `${row.vendorPercent} %`,
      row.isFar ? 'look at it' : '',
    ]);
    return { json: answer, lines: table([['TARGET', 'CALLS', 'USED', 'VENDOR', 'OURS', 'VENDOR/OURS', ''], ...rows]) };
  },
};
