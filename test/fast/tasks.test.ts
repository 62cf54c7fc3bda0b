// What clients who create and poll tasks can rely on: fairness, retries, exact charges, and polls that cost nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { completion, hang, json } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer, GatewayClient } from '../../src/testing/gateway-client.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

type Body = Record<string, unknown>;
type Answer = { readonly status: number; readonly body: Body };

const CONCURRENCY = 6;
const PER_ACCOUNT = 4;

/** For calls that wait until the test lets them go. */
const PATIENT = { firstByteMs: 60_000, callMs: 60_000 };

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start({ config: tasksConfig(CONCURRENCY, PER_ACCOUNT) });
  // Pauses between retries keep their order, and are short.
  Object.assign(gateway.running.gateway, { sleep: (ms: number) => Bun.sleep(ms / 100) });
});
beforeEach(async () => {
  gateway.upstream.clear();
  gateway.upstream.answer = () => json(completion('Да.'));
  customer = await gateway.customer('requests', { requests: 100 });
});
afterAll(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await gateway.stop();
});

function tasksConfig(concurrency: number, perAccount: number) {
  return { tasks: { model: 'strict', concurrency, perAccount } };
}

async function post(to: GatewayClient, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${to.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Body };
}

async function create(to: GatewayClient, owner: Customer, content = 'Да или нет?'): Promise<number> {
  const { status, body } = await post(to, '/api/gpt/create_request', { content, key: owner.key });
  if (status !== 200) throw new Error(`create_request answered ${status} ${JSON.stringify(body)}`);
  return body['id'] as number;
}

const poll = (to: GatewayClient, owner: Customer, id: unknown) =>
  post(to, '/api/gpt/get_response', { id, key: owner.key });

async function ended(to: GatewayClient, owner: Customer, id: number): Promise<Answer> {
  let answer: Answer | undefined;
  await until(async () => {
    answer = await poll(to, owner, id);
    return answer.status !== 202;
  });
  return answer as Answer;
}

describe('a task', () => {
  test('is created, runs, and is charged once however often it is polled', async () => {
    const id = await create(gateway, customer);
    expect(await ended(gateway, customer, id)).toEqual({
      status: 200,
      body: { success: true, solving: false, result: 'Да.' },
    });
    await Promise.all(Array.from({ length: 20 }, () => poll(gateway, customer, id)));
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'settled', charge: 2, attempts: 1 }]);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 98 });
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  test('still runs: 202 and solving, with what it costs held and not yet charged', async () => {
    const gate = Promise.withResolvers<void>();
    gateway.upstream.answer = () => afterGate(gate.promise);
    const id = await create(gateway, customer);
    expect(await poll(gateway, customer, id)).toEqual({ status: 202, body: { success: false, solving: true } });
    expect(await gateway.balance(customer)).toMatchObject({ requests: 98 });
    expect(await gateway.usage(customer)).toEqual([]);
    gate.resolve();
    await ended(gateway, customer, id);
  });

  test('is polled through the other task dialect as well: they are two faces of one task', async () => {
    const id = await create(gateway, customer);
    await ended(gateway, customer, id);
    expect(await post(gateway, '/api/status', { request_id: id, key: customer.key })).toEqual({
      status: 200,
      body: { request_id: id, status: 'completed', result: 'Да.' },
    });
    const made = await post(gateway, '/api/generate_response', { input_text: 'Да?', mode: 'chat', key: customer.key });
    expect(made.body).toMatchObject({ status: 'processing', balance: 96 });
    expect((await ended(gateway, customer, made.body['request_id'] as number)).body).toMatchObject({ result: 'Да.' });
  });

  test("that is another account's is told exactly as one that does not exist", async () => {
    const id = await create(gateway, customer);
    const other = await gateway.customer('requests', { requests: 10 });
    const answers = [await poll(gateway, other, id), await poll(gateway, other, 999_999_999)];
    expect(answers[0]).toMatchObject({ status: 404, body: { success: false, solving: false } });
    expect(answers[0]).toEqual(answers[1] as Answer);
    expect((await post(gateway, '/api/status', { request_id: id, key: other.key })).status).toBe(404);
    await ended(gateway, customer, id);
  });

  test('is shown to the operator without its text and its answer', async () => {
    const id = await create(gateway, customer);
    await ended(gateway, customer, id);
    const shown = await gateway.admin('GET', `tasks/${id}`);
    expect(shown).toMatchObject({ id, status: 'completed', account: customer.accountId, error: null });
    expect(JSON.stringify(shown)).not.toContain('Да.');
  });

  test('is asked for with an id that is no id: 400 with an error in words', async () => {
    for (const id of [undefined, null, '', 'x', -1, 0, 1.5, 2 ** 60, [], {}]) {
      const { status, body } = await poll(gateway, customer, id);
      expect({ id, status, success: body['success'], error: typeof body['error'] }).toEqual({
        id,
        status: 400,
        success: false,
        error: 'string',
      });
    }
  });

  test('with no text or an unknown mode is refused: 400, nothing held', async () => {
    for (const fields of [{}, { content: '' }, { content: '  ' }, { content: 5 }, { content: 'a', mode: 'no such' }]) {
      const { status, body } = await post(gateway, '/api/gpt/create_request', { ...fields, key: customer.key });
      expect({ status, success: body['success'], error: typeof body['error'] }).toEqual({
        status: 400,
        success: false,
        error: 'string',
      });
    }
    expect(await gateway.balance(customer)).toMatchObject({ requests: 100 });
  });

  test('on too small a balance is refused, and no task is made', async () => {
    const poor = await gateway.customer('requests', { requests: 1 });
    const { status, body } = await post(gateway, '/api/gpt/create_request', { content: 'Да?', key: poor.key });
    expect({ status, body }).toMatchObject({ status: 403, body: { success: false, units: 0 } });
    expect(gateway.upstream.calls).toHaveLength(0);
  });
});

describe('a task whose provider fails', () => {
  test('is tried again where the failure may pass, and charged once', async () => {
    gateway.upstream.queue(json({ error: {} }, 503), json({ error: {} }, 503));
    const id = await create(gateway, customer);
    expect((await ended(gateway, customer, id)).body).toMatchObject({ success: true, result: 'Да.' });
    expect(gateway.upstream.calls).toHaveLength(3);
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'settled', charge: 2, attempts: 3 }]);
  });

  test('for good fails, tells why in words, and gives its unit back', async () => {
    gateway.upstream.answer = () => json({ error: { message: 'bad' } }, 400);
    const id = await create(gateway, customer);
    const { status, body } = await ended(gateway, customer, id);
    expect({ status, body }).toMatchObject({ status: 200, body: { success: false, solving: false } });
    expect(body['error']).toContain('API Unit возвращен');
    expect(gateway.upstream.calls).toHaveLength(1);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 100 });
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'void', charge: 0 }]);
  });

  test('again and again fails after a bounded number of tries', async () => {
    gateway.upstream.answer = () => json({ error: {} }, 503);
    expect((await ended(gateway, customer, await create(gateway, customer))).body).toMatchObject({ success: false });
    expect(gateway.upstream.calls).toHaveLength(5);
    gateway.upstream.clear();
    // Here the provider may have worked, and been paid by the operator.
    gateway.upstream.answer = () => json({ error: {} }, 500);
    expect((await ended(gateway, customer, await create(gateway, customer))).body).toMatchObject({ success: false });
    expect(gateway.upstream.calls).toHaveLength(3);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 100 });
  });

  test('with an empty answer fails and is void', async () => {
    gateway.upstream.answer = () => json(completion(''));
    expect((await ended(gateway, customer, await create(gateway, customer))).body).toMatchObject({ success: false });
    expect(await gateway.usage(customer)).toMatchObject([{ outcome: 'void', charge: 0 }]);
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});

describe('the store', () => {
  test('is written twice for a task and never for a poll', async () => {
    const { store } = gateway.running.gateway;
    const written: string[] = [];
    gateway.wrapStore(
      (real) =>
        new Proxy(real, {
          get(target, name) {
            if (name !== 'write') return Reflect.get(target, name).bind(target);
            return (operation: Parameters<typeof store.write>[0]) => {
              written.push(operation.kind);
              return target.write(operation);
            };
          },
        }),
    );
    const id = await create(gateway, customer);
    await ended(gateway, customer, id);
    for (let i = 0; i < 50; i++) {
      await poll(gateway, customer, id);
      await poll(gateway, customer, id + 1_000);
    }
    gateway.wrapStore(() => store);
    expect(written).toEqual(['hold', 'settle']);
  });

  test('that fails to read a task for a while loses none', async () => {
    const { store, tasks } = gateway.running.gateway;
    // Tasks of a short queue are not read at all.
    const withoutCalls = { waiting: 0, add: (task: { taskId: number; accountId: string }) => tasks.add(task) };
    Object.assign(gateway.running.gateway, { tasks: withoutCalls });
    let failures = 0;
    gateway.wrapStore(
      (real) =>
        new Proxy(real, {
          get(target, name) {
            if (name !== 'findTaskWork' || failures >= 4) return Reflect.get(target, name).bind(target);
            return () => Promise.reject(new Error(`the database is away ${++failures}`));
          },
        }),
    );
    const id = await create(gateway, customer);
    expect((await ended(gateway, customer, id)).body).toMatchObject({ result: 'Да.' });
    gateway.wrapStore(() => store);
    Object.assign(gateway.running.gateway, { tasks });
    expect(failures).toBe(4);
  });
});

describe('tasks of several accounts', () => {
  test('run at once up to the bounds, in all and for one account', async () => {
    const door = await TestGateway.start({ config: { ...tasksConfig(CONCURRENCY, PER_ACCOUNT), timeouts: PATIENT } });
    const gate = Promise.withResolvers<void>();
    const running = new Map<string, number>();
    let most = 0;
    let mostOfOne = 0;
    door.upstream.answer = (call) => async (wire) => {
      const name = /account (\d)/.exec(call.text)?.[1] as string;
      running.set(name, (running.get(name) ?? 0) + 1);
      most = Math.max(most, sum(running.values()));
      mostOfOne = Math.max(mostOfOne, running.get(name) as number);
      await gate.promise;
      running.set(name, (running.get(name) as number) - 1);
      await json(completion('Да.'))(wire, call);
    };
    const { tasks } = door.running.gateway;
    const makeFor = async (owner: Customer, i: number) =>
      Promise.all(Array.from({ length: 20 }, async () => ({ owner, id: await create(door, owner, `account ${i}`) })));
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => door.customer('requests', { requests: 100 })));
    const made = [await makeFor(first as Customer, 0)];
    await until(() => sum(running.values()) === PER_ACCOUNT);
    expect(tasks.waiting).toBe(20 - PER_ACCOUNT);
    made.push(...(await Promise.all(others.map((owner, i) => makeFor(owner, i + 1)))));
    await until(() => sum(running.values()) === CONCURRENCY);
    expect(tasks.waiting).toBe(60 - CONCURRENCY);
    gate.resolve();
    for (const { owner, id } of made.flat())
      expect((await ended(door, owner, id)).body).toMatchObject({ success: true });
    expect({ most, mostOfOne }).toEqual({ most: CONCURRENCY, mostOfOne: PER_ACCOUNT });
    await door.stop();
  });

  test('take turns: 2 000 tasks of one account do not delay the one of another by more than a turn of each', async () => {
    const busy = await TestGateway.start({ config: { ...tasksConfig(4, 4), timeouts: PATIENT } });
    const greedy = await busy.customer('requests', { requests: 10_000 });
    const modest = await busy.customer('requests', { requests: 10 });
    const answers: (() => void)[] = [];
    const begun: string[] = [];
    busy.upstream.answer = (call) => async (wire) => {
      begun.push(call.text.includes('modest') ? 'modest' : 'greedy');
      await new Promise<void>((resolve) => answers.push(resolve));
      await json(completion('Да.'))(wire, call);
    };
    const client = async () => {
      for (let i = 0; i < 100; i++) await create(busy, greedy, 'greedy');
    };
    await Promise.all(Array.from({ length: 20 }, client));
    const { tasks } = busy.running.gateway;
    await until(() => begun.length === 4);
    expect(tasks.waiting).toBe(2_000 - 4);
    await create(busy, modest, 'modest');
    // Those that ran already end one after the other, and make room for one each.
    for (let room = 1; room <= 2; room++) {
      answers.shift()?.();
      await until(() => begun.length === 4 + room);
    }
    expect(begun.slice(4)).toContain('modest');
    await busy.stop();
  }, 20_000);
});

describe('a restart', () => {
  test('in order leaves the running and the waiting tasks to the next process, which ends each of them once', async () => {
    const upstream = await FaultUpstream.start();
    const folder = new GatewayFolder([upstream], tasksConfig(2, 2));
    upstream.answer = () => hang;
    const first = await folder.start();
    const owner = await first.customer('requests', { requests: 100 });
    const ids = await Promise.all(Array.from({ length: 10 }, () => create(first, owner)));
    first.signal('SIGTERM');
    expect(await first.child.exited).toBe(0);
    upstream.answer = () => json(completion('После.'));
    const second = await folder.start();
    for (const id of ids) expect((await ended(second, owner, id)).body).toMatchObject({ result: 'После.' });
    expect(await second.balance(owner)).toMatchObject({ requests: 80 });
    expect((await second.usage(owner)).map((row) => row.charge)).toEqual(Array(10).fill(2));
    expect(await second.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    await second.kill();
    await upstream.stop();
    folder.remove();
  }, 20_000);

  test('with other prices charges accepted tasks at the price of their acceptance, even where their plan is gone', async () => {
    const upstream = await FaultUpstream.start();
    const rate = { inputPerMTok: 1_000_000, outputPerMTok: 10_000_000 };
    const plan = (id: string, price: object) => ({ id, name: id, prices: [price] });
    const before = ['dearer', 'counted', 'gone'].map((id) => plan(id, { microRub: rate }));
    const after = [plan('dearer', { microRub: { outputPerMTok: 90_000_000 } }), plan('counted', { requests: 2 })];
    const folder = new GatewayFolder([upstream], { plans: before });
    upstream.answer = () => hang;
    const first = await folder.start();
    const owners = await Promise.all(before.map(({ id }) => first.customer(id, { rub: '10' })));
    const messages = [{ role: 'user', content: 'Да или нет?' }];
    for (const { key } of owners) {
      const task = { model: 'strict', max_tokens: 1_000, messages };
      expect((await first.ask('/v1/tasks', task, { authorization: `Bearer ${key}` })).status).toBe(202);
    }
    await first.kill();
    folder.configure([upstream], { plans: after });
    upstream.answer = () => json(completion('После.'));
    const second = await folder.start();
    for (const [i, owner] of owners.entries()) {
      await until(async () => (await second.usage(owner)).length > 0);
      const priceVersion = `${before[i]?.id}@1`;
      // 9 tokens in and 7 out, as the fake says.
      expect(await second.usage(owner)).toMatchObject([{ outcome: 'settled', charge: 79, priceVersion }]);
    }
    expect(await second.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    await second.kill();
    await upstream.stop();
    folder.remove();
  }, 20_000);
});

function afterGate(gate: Promise<void>): Script {
  return async (wire, call) => {
    await gate;
    await json(completion('Да.'))(wire, call);
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
