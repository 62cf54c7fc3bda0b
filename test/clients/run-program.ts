// How a program of each language is run: as a reader of the document would run it, in a folder of its own, with an
// environment that no setting of this machine reaches.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runInBrowser } from './browser-page.ts';
import type { Language, Toolchain } from './toolchains.ts';
import { NEWTONSOFT_FOLDER } from './toolchains.ts';

export type Found = Extract<Toolchain, { readonly state: 'found' }>;
export type Program = { readonly path: string; readonly text: string };
export type Run = { readonly stdout: string; readonly stderr: string; readonly exitCode: number };

const TIMEOUT_MS = 120_000;

/** Newer compilers find an asynchronous `Main` by themselves; mcs wants this beside the program. */
const CSHARP_ENTRY = `
using System.Reflection;
using System.Threading.Tasks;
static class Entry {
  static void Main(string[] args) {
    var main = typeof(Program).GetMethod("Main", BindingFlags.NonPublic | BindingFlags.Static);
    ((Task)main.Invoke(null, new object[] { args })).GetAwaiter().GetResult();
  }
}`;

/** Runs a function of a file with arguments in JSON and prints what it returns as JSON. */
const PYTHON_CALL = `
import json, runpy, sys
path, function, arguments = sys.argv[1:]
print(json.dumps(runpy.run_path(path)[function](*json.loads(arguments))))`;

const RUNNERS: Readonly<
  Record<Exclude<Language, 'browser'>, (toolchain: Found, file: string, folder: string) => Promise<Run>>
> = {
  curl: (_, file, folder) => run(['sh', file], folder),
  python: ({ program }, file, folder) => run([program, file], folder),
  axios: ({ program, folder: modules }, file, folder) => run([program, file], folder, { NODE_PATH: modules }),
  php: ({ program }, file, folder) => run([program, file], folder),
  java: ({ program, folder: classPath }, file, folder) => run([program, '-cp', classPath, file], folder),
  async 'c++'({ program }, file, folder) {
    const compiled = await run([program, '-o', 'program', file, '-lcurl'], folder);
    return compiled.exitCode === 0 ? run([join(folder, 'program')], folder) : compiled;
  },
  async 'c#'({ program }, file, folder) {
    await Bun.write(join(folder, 'Entry.cs'), CSHARP_ENTRY);
    const references = ['System.Net.Http', 'Microsoft.CSharp', join(NEWTONSOFT_FOLDER, 'Newtonsoft.Json.dll')];
    const compile = [program, '-langversion:latest', '-main:Entry', '-out:program.exe', 'Entry.cs', file];
    const compiled = await run([...compile, ...references.map((name) => `-r:${name}`)], folder);
    if (compiled.exitCode !== 0) return compiled;
    return run(['mono', 'program.exe'], folder, { MONO_PATH: NEWTONSOFT_FOLDER });
  },
};

export async function runProgram(language: Language, toolchain: Found, program: Program, lines = 1): Promise<Run> {
  if (language === 'browser') {
    const printed = await runInBrowser(toolchain.program, program.text, lines, TIMEOUT_MS);
    return { stdout: printed.map((line) => `${line}\n`).join(''), stderr: '', exitCode: 0 };
  }
  return inFolder(program, (file, folder) => RUNNERS[language](toolchain, file, folder));
}

/** The program typed into the interactive interpreter, which shows the value of each line that has one. */
export function typeIntoPython({ program: python }: Found, program: Program): Promise<Run> {
  return inFolder(program, (file, folder) => run([python, '-i', '-q'], folder, {}, file));
}

/** One function of a program that only defines functions. */
export async function callPython(
  { program: python }: Found,
  program: Program,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const { stdout, stderr } = await inFolder(program, (file, folder) =>
    run([python, '-c', PYTHON_CALL, file, name, JSON.stringify(args)], folder),
  );
  if (stdout === '') throw new Error(`${program.path} ${name}: ${stderr}`);
  return JSON.parse(stdout);
}

async function inFolder<T>(program: Program, use: (file: string, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tolmach-program-'));
  try {
    const file = join(folder, basename(program.path));
    await Bun.write(file, program.text);
    return await use(file, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  command: string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
  stdin?: string,
): Promise<Run> {
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', ...env },
    stdin: stdin === undefined ? 'ignore' : Bun.file(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { stdout, stderr, exitCode: await child.exited };
}
