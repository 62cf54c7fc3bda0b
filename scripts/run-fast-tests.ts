// `npm test`: the fast tests and the contract suites, in several processes at once. Two thirds of their time is waiting
// for limits to pass and for disks, so that one process leaves most of the machine idle.
//
// Bun's own `--parallel` is not used: it makes the globals anew for each file, which is known to crash and to hang
// (oven-sh/bun issues 41357 and 39987). Here each process is a plain `bun test` over some of the files. With arguments
// there is one process, which gets them.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const FOLDERS = ['test/fast', 'test/contract'];

/** Those that take longest begin first, each in a process of its own, so that nobody waits for them at the end. */
const LONGEST = ['test/contract/store.test.ts', 'test/contract/postgres-faults.test.ts'];
/** The others share processes, since a start costs about as much as a file. Shares get smaller, to end at one time. */
const SHARE_MIN = 3;
const PROCESSES_MAX = 8;
/** A test that hangs is ended; one that a busy machine is slow with is not. */
const TIMEOUT = ['--timeout', '30000'];

type Ended = { readonly status: number; readonly output: string };

const running = new Set<ReturnType<typeof spawn>>();
let isStopping = false;
// What the tests have said until then is still told.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    isStopping = true;
    for (const child of running) child.kill(signal);
  });

const given = process.argv.slice(2);
process.exitCode = given.length > 0 ? await runAlone(given) : await runAll(testFiles());

function testFiles(): string[] {
  return FOLDERS.flatMap((folder) =>
    [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync(ROOT)].sort((a, b) => a.localeCompare(b)),
  );
}

/** Answers the exit status: 0 if every process ended with 0. */
async function runAll(files: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const processes = Math.min(PROCESSES_MAX, availableParallelism() + 1);
  const next = shareOut(files, processes);
  const failed = new Set<string>();
  const counts = { pass: 0, fail: 0, skip: 0 };
  let isWell = true;
  const work = async () => {
    for (let share = next(); share.length > 0; share = next()) {
      const { status, output } = await runTests(share);
      process.stdout.write(output);
      for (const [, count, what] of output.matchAll(/^ *(\d+) (pass|fail|skip)$/gm))
        counts[what as keyof typeof counts] += Number(count);
      if (status === 0) continue;
      isWell = false;
      const named = output.split('\n').filter((line) => line.startsWith('(fail)'));
      // A process that dies names no test.
      for (const line of named.length > 0 ? named : [`(fail) one of ${share.join(' ')}`]) failed.add(line);
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const told = `${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped in ${seconds} s`;
  process.stdout.write(['', isWell ? told : `FAILED: ${told}`, ...failed, ''].join('\n'));
  return isWell ? 0 : 1;
}

/** Gives the next files to run in one process; none once all are given. */
function shareOut(files: readonly string[], processes: number): () => string[] {
  const missing = LONGEST.filter((file) => !files.includes(file));
  if (missing.length > 0) throw new Error(`not there any more: ${missing.join(', ')}`);
  const longest = [...LONGEST];
  const others = files.filter((file) => !longest.includes(file));
  return () => {
    if (isStopping) return [];
    if (longest.length > 0) return longest.splice(0, 1);
    return others.splice(0, Math.max(SHARE_MIN, Math.ceil(others.length / (2 * processes))));
  };
}

/** What the process says is told at once when it has ended, so that no two are mixed. */
function runTests(files: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['test', ...TIMEOUT, ...files.map((file) => `./${file}`)], { cwd: ROOT });
  running.add(child);
  const told: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => told.push(bytes));
  return new Promise((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve({ status: code ?? 1, output: Buffer.concat(told).toString('utf8') });
    }),
  );
}

function runAlone(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['test', ...TIMEOUT, ...args], { cwd: ROOT, stdio: 'inherit' });
  running.add(child);
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}
