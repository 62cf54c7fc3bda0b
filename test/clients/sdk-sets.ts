// The official SDKs that the suites run: those of sdks.json, each set of packages in a folder of its own. A program is
// laid beside the packages that it imports and run as its reader would run it.
import { test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sets from './sdks.json';
import { installSdks, SDK_FOLDER } from './toolchains.ts';

const PROGRAMS = join(import.meta.dir, 'sdks');
const TIMEOUT_MS = 180_000;
/** Programs that run at once: each waits for its gateway half of the time. */
const AT_ONCE_MAX = 3;

export type SdkSet = {
  readonly folder: string;
  readonly registry: string;
  /** Each as its registry's client names it, with its exact version. */
  readonly packages: readonly string[];
  /** Files of the folder `sdks`. */
  readonly programs: readonly string[];
};

export const SDK_SETS: readonly SdkSet[] = sets;

/** What cannot be fetched is not tried again for each program. */
let hasLooked = false;

/** Runs the program with these arguments, and returns the JSON that it prints. */
type Run = (...args: readonly string[]) => Promise<unknown>;

/** A test for each set that has the program, in either language. One whose packages could not be fetched is skipped, and its name says so. */
export function testEachSdk(program: string, check: (run: Run, set: SdkSet) => Promise<void>): void {
  if (!hasLooked) installSdks();
  hasLooked = true;
  for (const set of SDK_SETS)
    for (const file of set.programs.filter((name) => name.replace(/\.\w+$/, '') === program)) {
      const name = `${file} with ${set.packages.join(', ')}`;
      if (isInstalled(set)) test.concurrent(name, () => check((...args) => inTurn(() => run(set, file, args)), set));
      else test.skip(`${name}: the packages are missing`, () => undefined);
    }
}

/** The script that fetches them leaves what it fetched. */
function isInstalled({ folder, packages }: SdkSet): boolean {
  const mark = join(SDK_FOLDER, folder, 'installed');
  return existsSync(mark) && readFileSync(mark, 'utf8').trim() === packages.join(' ');
}

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function run({ folder, registry }: SdkSet, file: string, args: readonly string[]): Promise<unknown> {
  const place = join(SDK_FOLDER, folder);
  const program = join(place, file);
  await Bun.write(program, Bun.file(join(PROGRAMS, file)));
  const runner = registry === 'npm' ? (Bun.which('node') ?? 'node') : join(place, 'python', 'bin', 'python');
  const child = Bun.spawn([runner, program, ...args], {
    cwd: place,
    env: { PATH: process.env['PATH'], HOME: place, LANG: 'C.UTF-8' },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  });
  const [output, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${file} failed: ${complaint.slice(-4000)}`);
  return JSON.parse(output);
}
