// `tolmach audit`: checks every invariant of the ledger; exit status 1 if one fails.
import type { AuditReport } from '../store/store.ts';
import type { Command } from './command.ts';

export const audit: Command = {
  name: 'audit',
  about: 'Check every invariant of the ledger.',
  options: {},
  async run({ admin }) {
    const report = await admin.call<AuditReport>('POST', 'audit');
    const { accounts, buckets, openHolds, calls } = report.counted;
    const counted = `${accounts} accounts, ${buckets} buckets, ${openHolds} open holds, ${calls} calls`;
    const findings = report.findings.map((finding) => `BROKEN: ${finding.invariant}: ${finding.detail}`);
    return {
      json: report,
      lines: [...findings, report.ok ? `ok: ${counted}` : `not ok: ${counted}`],
      exitCode: report.ok ? 0 : 1,
    };
  },
};
