// Loaded into the gateway before its own code: tells every few seconds how many timers it has, which nobody can see from
// outside. It costs the gateway one timer and less than a millisecond each time.
//
// SOAK_HEAP_FILE is where the last of these is found, as JSON.
import { heapStats } from 'bun:jsc';
import { isMainThread } from 'node:worker_threads';

export type HeapWatch = { readonly timers: number; readonly heapMb: number };

const EVERY_MS = 1_000;
const file = process.env['SOAK_HEAP_FILE'];

if (isMainThread && file !== undefined)
  setInterval(() => {
    const { heapSize, objectTypeCounts } = heapStats();
    const watch: HeapWatch = { timers: objectTypeCounts['Timeout'] ?? 0, heapMb: heapSize / 1024 ** 2 };
    Bun.write(file, JSON.stringify(watch)).catch(() => undefined);
  }, EVERY_MS).unref();
