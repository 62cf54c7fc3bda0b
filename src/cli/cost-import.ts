// `tolmach cost import`: puts a new version of the book of vendors' costs in force.
import { readFileSync } from 'node:fs';
import { CommandError } from './admin-client.ts';
import type { Command } from './command.ts';

export const costImport: Command = {
  name: 'cost import',
  about: 'Import what vendors charge us; see docs/costs.md.',
  options: {
    file: { value: 'FILE', about: 'a YAML or JSON file with the whole book', isRequired: true },
    confirm: { value: 'yes', about: 'changes of more than 20 % are meant' },
  },
  async run({ options: { file = '', confirm }, admin }) {
    if (confirm !== undefined && confirm !== 'yes') throw new CommandError('--confirm takes "yes"');
    const book = readBook(file);
    const answer = await admin.call<{ version: number; rows: number }>('PUT', 'costs', {
      ...book,
      confirm: confirm === 'yes',
    });
    return { json: answer, lines: [`version ${answer.version} is in force, with ${answer.rows} rows`] };
  },
};

function readBook(path: string): Readonly<Record<string, unknown>> {
  let book: unknown;
  try {
    book = Bun.YAML.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof book !== 'object' || book === null || Array.isArray(book))
    throw new CommandError(`${path} must hold an object with rows`);
  return book as Readonly<Record<string, unknown>>;
}
