// `tolmach key list`: the keys of an account, never the secrets.
import type { Command } from './command.ts';
import { table } from './command.ts';

export const keyList: Command = {
  name: 'key list',
  about: 'List the keys of an account.',
  options: { account: { value: 'ID', about: 'account id', isRequired: true } },
  async run({ options: { account = '' }, admin }) {
    const answer = await admin.call<{
      keys: { id: string; name: string; display: string; cache: string; createdAt: string; revokedAt: string | null }[];
    }>('GET', `accounts/${encodeURIComponent(account)}/keys`);
    const rows = answer.keys.map((key) => [
      key.id,
      key.display,
      key.name,
      key.cache,
      key.createdAt,
      key.revokedAt ?? '',
    ]);
    return { json: answer, lines: table([['ID', 'KEY', 'NAME', 'CACHE', 'CREATED', 'REVOKED'], ...rows]) };
  },
};
