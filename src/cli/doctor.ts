// `tolmach doctor`: looks at the configuration and the running server, and says what to mend.
import { ConfigError, loadConfig } from '../config.ts';
import { modelProblems } from '../pipeline/model-problems.ts';
import { CommandError } from './admin-client.ts';
import type { Command } from './command.ts';

type Status = {
  providers: string[];
  openCalls: number;
  storeAnswers: boolean;
  dataDir: string;
  publicUrl: string;
  timeZone: string;
  residentBytes: number;
};
type Check = { readonly ok: boolean; readonly text: string };

export const doctor: Command = {
  name: 'doctor',
  about: 'Check the configuration and the running server.',
  options: {},
  async run({ admin }) {
    const checks: Check[] = [checkConfig()];
    try {
      checks.push(...describe(await admin.call<Status>('GET', 'status'), admin.address));
      const { ok } = await admin.call<{ ok: boolean }>('POST', 'audit');
      checks.push({
        ok,
        text: ok ? 'every invariant of the ledger holds' : 'the ledger has broken invariants: run "tolmach audit"',
      });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      checks.push({ ok: false, text: error.message });
    }
    const ok = checks.every((check) => check.ok);
    return {
      json: { ok, checks },
      lines: checks.map((check) => `${check.ok ? 'ok  ' : 'MEND'}  ${check.text}`),
      exitCode: ok ? 0 : 1,
    };
  },
};

function checkConfig(): Check {
  try {
    const config = loadConfig(process.env);
    const problems = modelProblems(config, config.environment);
    if (problems.length > 0) return { ok: false, text: problems.join('\n') };
    return { ok: true, text: 'the configuration is valid' };
  } catch (error) {
    if (error instanceof ConfigError) return { ok: false, text: error.message };
    throw error;
  }
}

function describe(status: Status, address: string): Check[] {
  const real = status.providers.filter((name) => name !== 'demo');
  return [
    {
      ok: true,
      text: `a server answers at ${address}, ${Math.round(status.residentBytes / 1e6)} MB resident, ${status.openCalls} open calls`,
    },
    {
      ok: status.storeAnswers,
      text: status.storeAnswers ? `the store answers (${status.dataDir})` : 'the store does not answer',
    },
    {
      ok: true,
      text: real.length > 0 ? `providers: ${real.join(', ')}` : 'no real provider is configured: the demo answers',
    },
    { ok: true, text: `public address ${status.publicUrl}, days are those of ${status.timeZone}` },
  ];
}
