// `tolmach grant`: puts a pack of requests or money on an account.
import { CommandError } from './admin-client.ts';
import type { Command } from './command.ts';

export const grant: Command = {
  name: 'grant',
  about: 'Give an account a pack of requests, or roubles.',
  options: {
    account: { value: 'ID', about: 'account id', isRequired: true },
    requests: { value: 'N', about: 'how many requests (1 API Unit is 2)' },
    expires: { value: 'DATE', about: 'the last day of the pack, such as 2027-01-31' },
    rub: { value: 'AMOUNT', about: 'roubles for the wallet, such as 99.90' },
    id: { value: 'ID', about: 'a payment id: the same one is never applied to an account twice' },
    source: { value: 'TEXT', about: 'where it came from, for the books' },
  },
  async run({ options: { account = '', requests, id, ...rest }, admin }) {
    if (requests !== undefined && !/^\d+$/.test(requests)) throw new CommandError('--requests must be a whole number');
    const body = {
      ...rest,
      ...(requests === undefined ? {} : { requests: Number(requests) }),
      ...(id === undefined ? {} : { grantId: id }),
    };
    const answer = await admin.call<{ id: string; requests: number; microRub: number }>(
      'POST',
      `accounts/${encodeURIComponent(account)}/grants`,
      body,
    );
    return {
      json: answer,
      lines: [`granted (${answer.id}); the account now has ${answer.requests} requests and ${answer.microRub / 1e6} ₽`],
    };
  },
};
