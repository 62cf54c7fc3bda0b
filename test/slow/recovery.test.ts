// How long customers wait after a `kill -9` that left ten thousand open holds and a thousand tasks behind: from the start
// of the next process to its first answer that was paid for, with those tasks being run beside it.
import { afterEach, expect, test } from 'bun:test';
import { dirname, join } from 'node:path';
import { completion, json } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import type { FillJob } from './recovery/fill-and-die.ts';

const HOLDS = Number(process.env['HOLDS'] ?? 10_000);
const TASKS = Number(process.env['TASKS'] ?? 1_000);
const LIMIT_MS = 2_000;
const PRICE = 2;
const GRANTED = 1_000_000;
const TASKS_LIMIT_MS = 60_000;
const FILLER = join(import.meta.dir, 'recovery', 'fill-and-die.ts');

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;

afterEach(async () => {
  await gateway.kill();
  folder.remove();
  await upstream.stop();
});

for (const accounts of [1, 100]) {
  test(`serves within ${LIMIT_MS} ms after a kill that left ${HOLDS} holds and ${TASKS} tasks of ${accounts} accounts`, async () => {
    upstream = await FaultUpstream.start();
    upstream.answer = () => json(completion('Hello.'));
    folder = new GatewayFolder([upstream], { tasks: { model: 'strict' }, timeouts: { firstByteMs: 10_000 } });
    gateway = await folder.start();
    const customers: Customer[] = [];
    for (let i = 0; i < accounts; i++) customers.push(await gateway.customer('requests', { requests: GRANTED }));
    const [customer] = customers as [Customer];
    await gateway.kill();
    await fillAndDie({ dataDir: dirname(folder.databasePath), customers, holds: HOLDS, tasks: TASKS, price: PRICE });

    const startedMs = performance.now();
    gateway = await folder.start();
    const readyMs = performance.now() - startedMs;
    const response = await gateway.chat(customer, { model: 'strict', messages: [{ role: 'user', content: 'Hello' }] });
    expect(await response.text()).toContain('Hello.');
    const servedMs = performance.now() - startedMs;
    process.stdout.write(
      `recovery: ${JSON.stringify({ holds: HOLDS, tasks: TASKS, accounts, readyMs: Math.round(readyMs), servedMs: Math.round(servedMs) })}\n`,
    );
    expect(response.status).toBe(200);
    expect(servedMs).toBeLessThan(LIMIT_MS);

    await tasksEnded();
    expect(await gateway.audit()).toMatchObject({
      ok: true,
      findings: [],
      counted: { openHolds: 0, calls: HOLDS + TASKS + 1 },
    });
    let left = 0;
    for (const one of customers) left += (await gateway.balance(one)).requests;
    expect(accounts * GRANTED - left).toBe(PRICE * (TASKS + 1));
  }, 180_000);
}

async function fillAndDie(job: FillJob): Promise<void> {
  const child = Bun.spawn([process.execPath, FILLER, JSON.stringify(job)], { stdout: 'inherit', stderr: 'inherit' });
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
}

async function tasksEnded(): Promise<void> {
  const untilMs = performance.now() + TASKS_LIMIT_MS;
  while ((await gateway.audit()).counted.openHolds > 0 && performance.now() < untilMs) await Bun.sleep(100);
}
