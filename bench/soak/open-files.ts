// What processes have open, as Linux tells in /proc.
import { readdirSync, readlinkSync } from 'node:fs';

export type OpenFiles = { readonly sockets: number; readonly files: number; readonly threads: number };

export function openFiles(pids: readonly number[]): OpenFiles {
  const counts = { sockets: 0, files: 0, threads: 0 };
  for (const pid of pids) {
    counts.threads += readdirSync(`/proc/${pid}/task`).length;
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      try {
        if (readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:')) counts.sockets += 1;
        else counts.files += 1;
      } catch {
        // It was closed while the others were read.
      }
    }
  }
  return counts;
}
