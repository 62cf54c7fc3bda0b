// A process that takes many holds and tasks through the real store, commits them all, and dies with them by `kill -9`.
//
// Usage: bun fill-and-die.ts JOB_JSON
import type { Message } from '../../../src/core/call.ts';
import type { StoredCall } from '../../../src/pipeline/stored-call.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { CallContext } from '../../../src/store/store.ts';

export type FillJob = {
  readonly dataDir: string;
  readonly customers: readonly { readonly accountId: string; readonly keyId: string }[];
  readonly holds: number;
  readonly tasks: number;
  readonly price: number;
};

const job = JSON.parse(process.argv[2] ?? '') as FillJob;
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const { store } = await openSqliteStore({
  dataDir: job.dataDir,
  timeZone: 'Europe/Moscow',
  clock,
  maxWaiting: job.holds + job.tasks,
});
const writes = Array.from({ length: job.holds + job.tasks }, async (_, i) => {
  const isTask = i < job.tasks;
  const customer = job.customers[i % job.customers.length] as FillJob['customers'][number];
  const outcome = await store.write({
    kind: 'hold',
    callId: Bun.randomUUIDv7(),
    accountId: customer.accountId,
    unit: 'requests',
    amount: job.price,
    dailyRequests: 0,
    claims: [],
    context: contextOf(customer.keyId, isTask ? 'task' : 'chat'),
    ...(isTask ? { task: { request: JSON.stringify(storedCall(i)) } } : {}),
  });
  if (outcome.kind !== 'held') throw new Error(`a hold answered ${outcome.kind}`);
});
await Promise.all(writes);
process.kill(process.pid, 'SIGKILL');

function contextOf(keyId: string, endpoint: string): CallContext {
  return {
    keyId,
    dialect: 'tolmach',
    endpoint,
    model: 'strict',
    admittedAtMs: clock.nowMs(),
    priceVersion: 'requests@1',
  };
}

function storedCall(i: number): StoredCall {
  const messages: Message[] = [{ role: 'user', parts: [{ kind: 'text', text: `task ${i}` }] }];
  return {
    dialect: 'tolmach',
    endpoint: 'task',
    price: { unit: 'requests', perCall: 2 },
    call: { endpoint: 'chat', model: 'strict', messages, options: {}, stream: false, includeUsage: false, extra: {} },
  };
}
