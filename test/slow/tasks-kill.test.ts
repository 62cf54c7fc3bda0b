// The real gateway is killed again and again while clients create tasks and poll for them. Whatever the moment: every task
// whose id a client has seen ends once, with its own answer, charged once; none is lost and nothing stays held.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { completion, json } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { GatewayFolder, GatewayProcess } from '../../src/testing/gateway-process.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? (process.env['SLICE'] === 'ci' ? 8 : 100));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const CUSTOMERS = 4;
const CLIENTS = 12;
const PRICE = 2;
const GRANTED = 1_000_000;

const random = new SeededRandom(SEED);
let upstream: FaultUpstream;
let folder: GatewayFolder;

beforeAll(async () => {
  upstream = await FaultUpstream.start();
  upstream.answer = () => echo;
  const tasks = { model: 'strict', concurrency: 32, perAccount: 8 };
  folder = new GatewayFolder([upstream], { tasks, timeouts: { firstByteMs: 5_000 } });
});
afterAll(async () => {
  await upstream.stop();
  folder.remove();
});

/** Says what it was asked, after a moment. */
const echo: Script = async (wire, call) => {
  await Bun.sleep(random.whole(0, 25));
  const messages = call.body['messages'] as { content: string }[];
  await json(completion(`echo ${messages.at(-1)?.content}`))(wire, call);
};

type Accepted = Map<number, { readonly customer: Customer; readonly content: string }>;

async function post(
  url: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Creates tasks and polls for some of them until the gateway is gone. */
async function load(url: string, customers: readonly Customer[], accepted: Accepted, isOver: () => boolean) {
  const client = async (number: number) => {
    const customer = customers[number % customers.length] as Customer;
    while (!isOver()) {
      const content = `task ${random.whole(0, 2 ** 40)}`;
      try {
        const { status, body } = await post(url, '/api/gpt/create_request', { content, key: customer.key });
        if (status !== 200) throw new Error(`create_request answered ${status} ${JSON.stringify(body)}`);
        accepted.set(body['id'] as number, { customer, content });
        await post(url, '/api/gpt/get_response', { id: body['id'], key: customer.key });
      } catch (error) {
        if (!isOver()) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
}

async function killRound(customers: readonly Customer[], accepted: Accepted): Promise<void> {
  const child = folder.spawn();
  // Sometimes it dies while it is still coming up.
  if (random.whole(0, 9) === 0) {
    await Bun.sleep(random.whole(0, 400));
    child.kill('SIGKILL');
    await child.exited;
    return;
  }
  const gateway = await GatewayProcess.ready(child);
  let isOver = false;
  const loading = load(gateway.url, customers, accepted, () => isOver);
  await Bun.sleep(random.whole(0, 400));
  isOver = true;
  await gateway.kill();
  await loading;
}

async function stop(gateway: GatewayProcess): Promise<void> {
  gateway.signal('SIGTERM');
  expect(await gateway.child.exited).toBe(0);
}

/** Polls until the task has ended, as a client does. */
async function resultOf(url: string, id: number, key: string, untilMs: number): Promise<Record<string, unknown>> {
  for (;;) {
    const { body } = await post(url, '/api/gpt/get_response', { id, key });
    if (body['solving'] !== true || performance.now() > untilMs) return body;
    await Bun.sleep(100);
  }
}

/** Tasks whose id never reached a client end as well. */
async function settled(gateway: GatewayProcess, untilMs: number): Promise<void> {
  while ((await gateway.audit()).counted.openHolds > 0 && performance.now() < untilMs) await Bun.sleep(50);
}

test(`${ROUNDS} kills under load: every accepted task ends once, charged once (seed ${SEED})`, async () => {
  const first = await folder.start();
  const customers: Customer[] = [];
  for (let i = 0; i < CUSTOMERS; i++) customers.push(await first.customer('requests', { requests: GRANTED }));
  await stop(first);
  const accepted: Accepted = new Map();
  for (let round = 0; round < ROUNDS; round++) await killRound(customers, accepted);

  const last = await folder.start();
  const untilMs = performance.now() + 60_000;
  const wrong: unknown[] = [];
  for (const [id, { customer, content }] of accepted) {
    const result = await resultOf(last.url, id, customer.key, untilMs);
    if (result['result'] !== `echo ${content}`) wrong.push({ id, content, result });
  }
  expect(wrong).toEqual([]);
  expect(accepted.size).toBeGreaterThan(ROUNDS);
  await settled(last, untilMs);
  expect(await last.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await stop(last);
  expectSoundBooks(accepted, customers);
}, 1_200_000);

/** What the database itself says, after everything has ended. */
function expectSoundBooks(accepted: Accepted, customers: readonly Customer[]): void {
  const db = new Database(folder.databasePath, { readonly: true });
  const count = (sql: string) => (db.query(sql).get() as { n: number }).n;
  const tasks = count('SELECT count(*) AS n FROM task');
  const deaths = count('SELECT max(recoveries) AS n FROM task');
  expect(count("SELECT count(*) AS n FROM task WHERE status <> 'completed'")).toBe(0);
  expect(count('SELECT count(*) AS n FROM hold')).toBe(0);
  // One charge of the price for each task, and nothing else: those whose answer was lost on the way are among them.
  expect(
    count(`SELECT count(*) AS n FROM usage JOIN task USING (call_id) WHERE outcome = 'settled' AND charge = ${PRICE}`),
  ).toBe(tasks);
  expect(count('SELECT count(*) AS n FROM usage')).toBe(tasks);
  expect(count("SELECT sum(used) AS n FROM bucket WHERE kind <> 'daily'")).toBe(tasks * PRICE);
  expect(count('SELECT sum(granted - used - held) AS n FROM bucket')).toBe(customers.length * GRANTED - tasks * PRICE);
  db.close();
  process.stderr.write(
    `${ROUNDS} kills: ${accepted.size} tasks accepted, ${tasks} in the store, all ended once; ${upstream.calls.length} provider calls; a task saw up to ${deaths} deaths\n`,
  );
}
