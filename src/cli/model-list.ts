// `tolmach model list`: the public models and where their calls go.
import type { Command } from './command.ts';
import { table } from './command.ts';

type Model = { name: string; active: boolean; targets: { provider: string; model: string }[] };

export const modelList: Command = {
  name: 'model list',
  about: 'List the public models and their targets.',
  options: {},
  async run({ admin }) {
    const answer = await admin.call<{ models: Model[] }>('GET', 'models');
    const rows = answer.models.map((m) => [
      m.name,
      m.active ? 'active' : 'disabled',
      m.targets.map((t) => `${t.provider}:${t.model}`).join(', '),
    ]);
    return { json: answer, lines: table([['MODEL', 'STATUS', 'TARGETS'], ...rows]) };
  },
};
