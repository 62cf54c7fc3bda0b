// `tolmach key create`: makes an API key and prints it, this once.
import type { Command } from './command.ts';

export const keyCreate: Command = {
  name: 'key create',
  about: 'Make an API key. It is shown once.',
  options: {
    account: { value: 'ID', about: 'account id', isRequired: true },
    name: { value: 'N', about: 'what the key is for (default "default")' },
    cache: {
      value: 'S',
      about: 'on or off: whether calls use the response cache unless they say otherwise (default off)',
    },
  },
  async run({ options: { account = '', ...body }, admin }) {
    const key = await admin.call<{ id: string; key: string }>(
      'POST',
      `accounts/${encodeURIComponent(account)}/keys`,
      body,
    );
    return { json: key, lines: [key.key, '', `Key ${key.id}. Keep it now: it cannot be shown again.`] };
  },
};
