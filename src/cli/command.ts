// What a command of the CLI is: a noun and a verb, its options, and what it does with them. Each lies in a file of its
// own; main.ts lists them.
import type { AdminClient } from './admin-client.ts';

export type Option = {
  /** Shown in the help as `--name VALUE`. */
  readonly value: string;
  readonly about: string;
  readonly isRequired?: boolean;
};

export type CommandInput = {
  readonly options: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly admin: AdminClient;
};

/** What a command says: one object for `--json`, and lines for people. */
export type CommandOutput = { readonly json: unknown; readonly lines: readonly string[]; readonly exitCode?: number };

export type Command = {
  /** `account create`, for instance; some are one word. */
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Names of words that follow the command, such as `ID`. */
  readonly words?: readonly string[];
  run(input: CommandInput): Promise<CommandOutput>;
};

/** Columns of equal width, for tables that people read. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
