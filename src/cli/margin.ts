// `tolmach margin`: what customers paid, what vendors charge us for it, and what is left.
import type { Margin } from '../core/margin.ts';
import type { UsageSum } from '../store/usage-sums.ts';
import { CommandError } from './admin-client.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';
import { used } from './used.ts';

type Row = Omit<UsageSum, 'vendorTokens' | 'countedTokens'> & Margin;

export const margin: Command = {
  name: 'margin',
  about: 'Show charges, vendor costs and the margin.',
  options: {
    by: { value: 'WHAT', about: 'day (default), account, model or target' },
    from: { value: 'DATE', about: 'the first day, today where absent' },
    to: { value: 'DATE', about: 'the last day, the first where absent' },
    account: { value: 'ID', about: 'the calls of one account only' },
    'request-rub': { value: 'AMOUNT', about: 'what a request is worth, such as 0.45; 0 where absent' },
  },
  async run({ options: { 'request-rub': requestRub = '0', ...asked }, admin }) {
    if (!/^\d{1,4}(\.\d{1,6})?$/.test(requestRub)) throw new CommandError('--request-rub must be roubles such as 0.45');
    const [whole = '0', fraction = ''] = requestRub.split('.');
    const microRubPerRequest = `${whole}${fraction.padEnd(6, '0')}`;
    const query = new URLSearchParams({ ...asked, microRubPerRequest });
    const answer = await admin.call<{ by: string; rows: Row[] }>('GET', `margin?${query}`);
    const rows = answer.rows.map((row) => [
      row.name,
      String(row.calls),
      used(row),
      String(row.chargedRequests),
      roubles(row.revenueMicroRub),
      roubles(row.costMicroRub),
      roubles(row.marginMicroRub),
      row.marginBasisPoints === null ? '' : `${(row.marginBasisPoints / 100).toFixed(2)} %`,
      String(row.unknownCosts),
      String(row.unpaidAttempts),
    ]);
    const head = [
      'CALLS',
      'USED',
      'REQUESTS',
      'REVENUE ₽',
      'COST ₽',
      'MARGIN ₽',
      'MARGIN',
      'COST UNKNOWN',
      'UNPAID ATTEMPTS',
    ];
    return { json: answer, lines: table([[answer.by.toUpperCase(), ...head], ...rows]) };
  },
};

function roubles(microRub: number): string {
  return (microRub / 1e6).toFixed(2);
}
