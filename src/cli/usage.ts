// `tolmach usage`: the newest calls of an account and what each cost.
import type { UsageRow } from '../store/store.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';
import { used } from './used.ts';

export const usage: Command = {
  name: 'usage',
  about: 'List the newest calls of an account.',
  options: {
    account: { value: 'ID', about: 'account id', isRequired: true },
    limit: { value: 'N', about: 'how many (default 50, at most 1000)' },
  },
  async run({ options: { account = '', limit = '50' }, admin }) {
    const answer = await admin.call<{ calls: UsageRow[] }>(
      'GET',
      `accounts/${encodeURIComponent(account)}/usage?limit=${encodeURIComponent(limit)}`,
    );
    const rows = answer.calls.map((call) => [
      new Date(call.admittedAtMs).toISOString(),
      call.model,
      call.provider ?? '',
      String(call.status),
      call.usage === null ? '' : used(call.usage),
      `${call.charge} ${call.unit}`,
      call.costMicroRub === null ? '?' : String(call.costMicroRub),
      call.errorCode ?? '',
    ]);
    return {
      json: answer,
      lines: table([['TIME', 'MODEL', 'PROVIDER', 'STATUS', 'USED', 'CHARGE', 'COST µ₽', 'ERROR'], ...rows]),
    };
  },
};
