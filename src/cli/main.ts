// The `tolmach` command: finds the command for the words given, checks its options, runs it, and prints what it says.
import { version } from '../../package.json';
import { AdminClient, CommandError } from './admin-client.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';
import { COMMANDS } from './commands.ts';

process.exitCode = await main(process.argv.slice(2));
// Signal handlers and sockets of a stopped gateway must not keep the process.
process.exit();

async function main(args: readonly string[]): Promise<number> {
  const name = [args.slice(0, 2).join(' '), args[0] ?? ''].find((candidate) => Object.hasOwn(COMMANDS, candidate));
  if (args[0] === '--version') {
    await print(`tolmach ${version}`);
    return 0;
  }
  if (name === undefined) return help(args[0]);
  const command = await (COMMANDS[name] as () => Promise<Command>)();
  const rest = args.slice(name.split(' ').length);
  if (rest.includes('--help')) return helpFor(command);
  try {
    const { options, words, isJson } = parse(command, rest);
    const output = await command.run({ options, words, admin: new AdminClient(process.env) });
    await print(isJson ? JSON.stringify(output.json) : output.lines.join('\n'));
    return output.exitCode ?? 0;
  } catch (error) {
    process.stderr.write(
      `tolmach: ${error instanceof CommandError || error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  }
}

/** Waits until the text is written: a pipe takes 64 kB at a time, and the process ends right after. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}

function parse(
  command: Command,
  args: readonly string[],
): { options: Record<string, string>; words: string[]; isJson: boolean } {
  const options: Record<string, string> = {};
  const words: string[] = [];
  let isJson = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === '--json') isJson = true;
    else if (arg.startsWith('--')) {
      const [flag = '', inline] = arg.slice(2).split(/=(.*)/s);
      if (!Object.hasOwn(command.options, flag))
        throw new CommandError(`"${command.name}" has no option --${flag}; see "tolmach ${command.name} --help"`);
      const value = inline ?? args[++i];
      if (value === undefined) throw new CommandError(`--${flag} needs a value`);
      options[flag] = value;
    } else words.push(arg);
  }
  const missing = Object.entries(command.options).filter(
    ([flag, option]) => option.isRequired === true && options[flag] === undefined,
  );
  if (missing.length > 0)
    throw new CommandError(`missing: ${missing.map(([flag, option]) => `--${flag} ${option.value}`).join(', ')}`);
  if (words.length !== (command.words?.length ?? 0)) throw new CommandError(`usage: tolmach ${usageOf(command)}`);
  return { options, words, isJson };
}

async function help(word: string | undefined): Promise<number> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const lines = [
    'Usage: tolmach <noun> <verb> [--json]',
    '',
    ...table(commands.map((command) => [`  ${usageOf(command)}`, command.about])),
  ];
  const isAsked = word === undefined || word === 'help' || word === '--help';
  (isAsked ? process.stdout : process.stderr).write(
    `${isAsked ? '' : `tolmach: there is no command "${word}"\n\n`}${lines.join('\n')}\n`,
  );
  return isAsked ? 0 : 1;
}

function helpFor(command: Command): number {
  const rows = Object.entries(command.options).map(([flag, option]) => [`  --${flag} ${option.value}`, option.about]);
  process.stdout.write(
    `Usage: tolmach ${usageOf(command)}\n\n${command.about}\n\n${table([...rows, ['  --json', 'answer as JSON']]).join('\n')}\n`,
  );
  return 0;
}

function usageOf(command: Command): string {
  const required = Object.entries(command.options).filter(([, option]) => option.isRequired === true);
  return [
    command.name,
    ...(command.words ?? []),
    ...required.map(([flag, option]) => `--${flag} ${option.value}`),
  ].join(' ');
}
