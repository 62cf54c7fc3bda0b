// `tolmach account update`: another plan, or blocks and unblocks the account.
import type { Command } from './command.ts';

export const accountUpdate: Command = {
  name: 'account update',
  about: 'Change the plan or the status of an account.',
  options: {
    account: { value: 'ID', about: 'account id', isRequired: true },
    plan: { value: 'P', about: 'plan id' },
    status: { value: 'S', about: 'active or blocked' },
  },
  async run({ options: { account = '', ...change }, admin }) {
    const changed = await admin.call<{ id: string; plan: string; status: string }>(
      'PATCH',
      `accounts/${encodeURIComponent(account)}`,
      change,
    );
    return { json: changed, lines: [`account ${changed.id}  plan ${changed.plan}  ${changed.status}`] };
  },
};
