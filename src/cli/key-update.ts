// `tolmach key update`: whether the calls of a key may be answered from the response cache.
import type { Command } from './command.ts';

export const keyUpdate: Command = {
  name: 'key update',
  about: 'Change whether the calls of a key use the response cache.',
  options: {
    key: { value: 'ID', about: 'key id', isRequired: true },
    cache: {
      value: 'S',
      about: 'on or off: whether calls use the response cache unless they say otherwise',
      isRequired: true,
    },
  },
  async run({ options: { key = '', ...change }, admin }) {
    const changed = await admin.call<{ id: string; cache: string }>('PATCH', `keys/${encodeURIComponent(key)}`, change);
    return { json: changed, lines: [`key ${changed.id}  cache ${changed.cache}`] };
  },
};
