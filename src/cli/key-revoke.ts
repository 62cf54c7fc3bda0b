// `tolmach key revoke`: the key stops working everywhere within a second.
import type { Command } from './command.ts';

export const keyRevoke: Command = {
  name: 'key revoke',
  about: 'Revoke a key at once.',
  options: { key: { value: 'ID', about: 'key id', isRequired: true } },
  async run({ options: { key = '' }, admin }) {
    const answer = await admin.call<{ id: string }>('DELETE', `keys/${encodeURIComponent(key)}`);
    return { json: answer, lines: [`key ${answer.id} is revoked`] };
  },
};
