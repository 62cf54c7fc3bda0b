// `tolmach account create`: makes an account, which pays for calls.
import type { Command } from './command.ts';

export const accountCreate: Command = {
  name: 'account create',
  about: 'Make an account.',
  options: {
    email: { value: 'E', about: 'e-mail address, unique', isRequired: true },
    plan: { value: 'P', about: 'plan id, such as free or prestige (default free)' },
  },
  async run({ options, admin }) {
    const account = await admin.call<{ id: string; email: string; plan: string }>('POST', 'accounts', options);
    return { json: account, lines: [`account ${account.id}  ${account.email}  plan ${account.plan}`] };
  },
};
