// The load process: does the one job of its argument and prints the result as one line of JSON. Anything wrong in any
// answer ends it with status 1 and the reason on standard error.
//
// Usage: bun bench/load/main.ts JOB_JSON
import { measureCalls } from './calls.ts';
import type { Job } from './job.ts';
import { measureStreams } from './streams.ts';

const job = JSON.parse(process.argv[2] ?? '') as Job;
try {
  const result = await (job.kind === 'streams' ? measureStreams(job) : measureCalls(job));
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench load: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
