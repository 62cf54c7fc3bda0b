// `tolmach account list`: the newest accounts.
import type { Command } from './command.ts';
import { table } from './command.ts';

export const accountList: Command = {
  name: 'account list',
  about: 'List the newest 1000 accounts.',
  options: {},
  async run({ admin }) {
    const answer = await admin.call<{ accounts: { id: string; email: string; plan: string; status: string }[] }>(
      'GET',
      'accounts',
    );
    return {
      json: answer,
      lines: table([
        ['ID', 'EMAIL', 'PLAN', 'STATUS'],
        ...answer.accounts.map((a) => [a.id, a.email, a.plan, a.status]),
      ]),
    };
  },
};
