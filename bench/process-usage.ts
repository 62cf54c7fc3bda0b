// CPU time and resident memory of processes, as Linux counts them in /proc. CPU is summed over all threads, dead ones
// too, so that a writer thread or a garbage collector cannot hide.
import { readdirSync, readFileSync } from 'node:fs';

const TICK_US = 10_000;
const PAGE_KB = 4;

/** CPU time of `pids` since the meter was made. */
export class CpuMeter {
  readonly #pids: readonly number[];
  readonly #before: readonly Reading[];

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#before = pids.map(read);
  }

  elapsedUs(): number {
    return this.#pids.reduce((sum, pid, i) => sum + difference(this.#before[i] as Reading, read(pid)), 0);
  }
}

/** `threads` has nanoseconds but loses threads that ended; `ticks` keeps them but counts in hundredths of a second. */
type Reading = { readonly ticks: number; readonly threads: ReadonlyMap<string, number> };

function difference(before: Reading, after: Reading): number {
  for (const thread of before.threads.keys())
    if (!after.threads.has(thread)) return (after.ticks - before.ticks) * TICK_US;
  let nanoseconds = 0;
  for (const [thread, spent] of after.threads) nanoseconds += spent - (before.threads.get(thread) ?? 0);
  return nanoseconds / 1000;
}

function read(pid: number): Reading {
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const spent = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0];
      threads.set(thread, Number(spent));
    } catch {
      // The thread ended while it was being read; `ticks` still has its time.
    }
  }
  const fields = statFields(pid);
  return { ticks: Number(fields[11]) + Number(fields[12]), threads };
}

/** Resident memory of all `pids` together. */
export function residentKb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(statFields(pid)[21]) * PAGE_KB, 0);
}

/** `pid` and all processes below it. */
export function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
  return [pid, ...children.flatMap((child) => processTree(Number(child)))];
}

/** The fields of /proc/PID/stat after the name, which may itself contain spaces. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
