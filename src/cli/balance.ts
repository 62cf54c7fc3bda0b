// `tolmach balance`: what an account can spend now, bucket by bucket in spending order.
import type { Command } from './command.ts';
import { table } from './command.ts';

type Bucket = {
  bucketId: string;
  kind: string;
  unit: string;
  expiresAtMs: number | null;
  granted: number;
  held: number;
  used: number;
};

export const balance: Command = {
  name: 'balance',
  about: 'Show what an account can spend.',
  options: { account: { value: 'ID', about: 'account id', isRequired: true } },
  async run({ options: { account = '' }, admin }) {
    const answer = await admin.call<{ requests: number; units: number; microRub: number; buckets: Bucket[] }>(
      'GET',
      `accounts/${encodeURIComponent(account)}/balance`,
    );
    const rows = answer.buckets.map((b) => [
      b.bucketId,
      b.unit,
      String(b.granted),
      String(b.held),
      String(b.used),
      b.expiresAtMs === null ? 'never' : new Date(b.expiresAtMs).toISOString(),
    ]);
    const lines = [`${answer.requests} requests (${answer.units} units), ${answer.microRub / 1e6} ₽`, ''];
    return {
      json: answer,
      lines: [...lines, ...table([['BUCKET', 'UNIT', 'GRANTED', 'HELD', 'USED', 'EXPIRES'], ...rows])],
    };
  },
};
