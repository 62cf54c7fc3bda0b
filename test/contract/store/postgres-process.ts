// A process with a PostgreSQL store of its own, for tests that kill and freeze it. It takes operations as JSON lines
// and answers each with a line: its outcome, and what was noticed so far.
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { WriteOperation } from '../../../src/store/store.ts';

const [url = '', leaseMs = ''] = process.argv.slice(2);
const notices: string[] = [];
const { store } = await openPostgresStore({
  url,
  timeZone: 'Europe/Moscow',
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  maxWaiting: 1000,
  secretCheck: 'test',
  leaseMs: Number(leaseMs),
  notice: ({ kind }) => notices.push(kind),
});
const decoder = new TextDecoder();
for await (const chunk of process.stdin) {
  for (const line of decoder
    .decode(chunk as Uint8Array)
    .trim()
    .split('\n')) {
    const outcome = await store.write(JSON.parse(line) as WriteOperation);
    process.stdout.write(`${JSON.stringify({ outcome, notices })}\n`);
  }
}
