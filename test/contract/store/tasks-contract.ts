// What every store guarantees about tasks: accepted with their hold, ended with their charge, each once.
import { expect, test } from 'bun:test';
import type { TaskEnd, WriteOperation } from '../../../src/store/store.ts';
import type { OpenStore } from './operations.ts';
import {
  account,
  CONTEXT,
  DAY_MS,
  everythingOf,
  hold,
  leftOf,
  NOON,
  pack,
  settle,
  voidCall,
  writeAll,
} from './operations.ts';

const REQUEST = '{"text":"Сколько будет 2 × 2?"}';
const DONE: TaskEnd = { status: 'completed', result: 'Четыре.', errorCode: null };
const FAILED: TaskEnd = { status: 'failed', result: null, errorCode: 'upstream_error' };

export function tasksContract(open: OpenStore): void {
  acceptanceContract(open);
  endContract(open);
  adoptionContract(open);
  namesContract(open);
  webhooksContract(open);
}

function acceptanceContract(open: OpenStore): void {
  test('a hold that brings a task accepts the task, which can be found and worked on', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const { taskId } = await t.store.write(task('c1', 4));
    if (taskId === undefined) throw new Error('no task was accepted');
    expect(await t.store.findTask(taskId)).toEqual({
      taskId,
      accountId: 'anna',
      callId: 'c1',
      status: 'queued',
      result: null,
      errorCode: null,
      createdAtMs: NOON,
      endedAtMs: null,
    });
    expect(await t.store.findTaskWork(taskId)).toEqual({
      taskId,
      accountId: 'anna',
      callId: 'c1',
      planId: 'prestige',
      request: REQUEST,
      context: CONTEXT,
      amount: 4,
      recoveries: 0,
      starts: 0,
    });
    expect(await t.store.findTask(taskId + 1)).toBeUndefined();
    expect(await t.store.findTaskWork(taskId + 1)).toBeUndefined();
  });

  test('a task that is given again, at once or later, even after its end, answers the same id and is accepted once', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const many = await Promise.all(Array.from({ length: 20 }, () => t.store.write(task('c1', 4))));
    const taskId = await acceptedId(t.store.write(task('c1', 4)));
    expect(many.map((outcome) => outcome.taskId)).toEqual(Array(20).fill(taskId));
    await t.store.write(end('c1', 4, DONE));
    expect(await t.store.write(task('c1', 4))).toMatchObject({ kind: 'final', taskId });
    expect(await t.store.findTask(taskId)).toMatchObject({ status: 'completed' });
    expect(await acceptedId(t.store.write(task('c2', 4)))).toBeGreaterThan(taskId);
  });

  test('a refused hold accepts no task', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3)]);
    expect(await t.store.write(task('c1', 4))).toEqual({
      kind: 'short',
      needed: 4,
      balance: { requests: 3, microRub: 0 },
    });
    const claims = [{ subject: 's', perMinute: 0, perDay: null }];
    expect((await t.store.write(task('c2', 1, { claims }))).kind).toBe('limited');
    await t.reopen();
    expect(await t.store.adoptTasks()).toEqual([]);
  });
}

function endContract(open: OpenStore): void {
  test('a task ends in the commit of its charge, and what it was asked is wiped', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(task('c1', 4)));
    await t.setNow(NOON + 5_000);
    await t.store.write(end('c1', 2, DONE));
    const ended = { status: 'completed', result: 'Четыре.', errorCode: null, endedAtMs: NOON + 5_000 };
    expect(await t.store.findTask(taskId)).toMatchObject(ended);
    expect(await t.store.findTaskWork(taskId)).toBeUndefined();
    expect(await leftOf(t)).toEqual({ 'p:g': 7 });
    await t.run(`INSERT INTO plan (plan_id, version, body) SELECT 'wiped' || request, 1, '{}' FROM task`);
    expect(await t.store.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 1 } });
    await t.run("DELETE FROM plan WHERE plan_id <> 'wiped'");
    expect(await t.store.listPlans()).toHaveLength(1);
  });

  test('a task ends once: a second end changes neither what was told nor the charge', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(task('c1', 4)));
    const ends = [end('c1', 2, DONE), end('c1', 4, { ...DONE, result: 'Пять.' }), failure('c1')];
    await Promise.all(ends.map((operation) => t.store.write(operation)));
    for (const operation of ends) await t.store.write(operation);
    expect(await t.store.findTask(taskId)).toMatchObject({ status: 'completed', result: 'Четыре.' });
    expect(await leftOf(t)).toEqual({ 'p:g': 7 });
  });

  test('a failed task gives its hold back and tells why', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(task('c1', 4)));
    await t.store.write(failure('c1'));
    expect(await t.store.findTask(taskId)).toMatchObject({
      status: 'failed',
      result: null,
      errorCode: 'upstream_error',
    });
    expect(await leftOf(t)).toEqual({ 'p:g': 9 });
  });

  test('an audit finds a task that has ended while its hold is open', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), task('c1', 4)]);
    expect((await t.store.audit()).findings).toEqual([]);
    await t.run("UPDATE task SET status = 'failed'");
    const [finding] = (await t.store.audit()).findings;
    expect(finding?.invariant).toBe('a task that waits or runs has an open hold, one that has ended has none');
    await t.run("UPDATE task SET status = 'queued'");
  });

  test('a task is accepted and ended within one commit', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const [{ taskId = 0 }] = await Promise.all([t.store.write(task('c1', 4)), t.store.write(end('c1', 4, DONE))]);
    expect(await t.store.findTask(taskId)).toMatchObject({ status: 'completed', result: 'Четыре.' });
  });

  test('a result is kept character for character, whatever a model says', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(task('c1', 4)));
    const result = `\u0000 \u001f "\\" \\u0000 'кавычки' 🤖 ${'длинно '.repeat(20_000)}\u2028\r\n\t%s $1`;
    await t.store.write(end('c1', 2, { ...DONE, result }));
    expect((await t.store.findTask(taskId))?.result).toBe(result);
  });

  test('tasks that ended before a time are forgotten, their charges and later tasks are not', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 30)]);
    const old = await acceptedId(t.store.write(task('c1', 4)));
    const queued = await acceptedId(t.store.write(task('c2', 4)));
    await t.store.write(end('c1', 3, DONE));
    await t.setNow(NOON + 60_000);
    const late = await acceptedId(t.store.write(task('c3', 4)));
    await t.store.write(end('c3', 3, DONE));
    expect(await t.store.write({ kind: 'purgeTasks', endedBeforeMs: NOON + 60_000 })).toEqual({ kind: 'written' });
    expect(await t.store.findTask(old)).toBeUndefined();
    expect(await t.store.findTask(queued)).toMatchObject({ status: 'queued' });
    expect(await t.store.findTask(late)).toMatchObject({ status: 'completed' });
    expect(await t.store.listUsage('anna', 9)).toHaveLength(2);
    expect(await leftOf(t)).toEqual({ 'p:g': 20 });
    // An id is not used again, or a client could read another's answer.
    await t.store.write({ kind: 'purgeTasks', endedBeforeMs: NOON + 90_000 });
    expect(await acceptedId(t.store.write(task('c4', 1)))).toBeGreaterThan(late);
  });

  test('thousands of old tasks are forgotten in several goes', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 6_000)]);
    const ids = Array.from({ length: 5_200 }, (_, i) => `c${i}`);
    await Promise.all(ids.map((id) => t.store.write(task(id, 1))));
    await Promise.all(ids.map((id) => t.store.write(end(id, 1, DONE))));
    const purge = { kind: 'purgeTasks', endedBeforeMs: NOON + 1 } as const;
    expect(await t.store.write(purge)).toEqual({ kind: 'written', isMoreLeft: true });
    expect(await t.store.write(purge)).toEqual({ kind: 'written' });
    expect((await t.store.audit()).counted.calls).toBe(5_200);
  });
}

function adoptionContract(open: OpenStore): void {
  test('a restart keeps the hold of a queued task, and the tasks are adopted in their order', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), account('boris'), pack('g', 9), pack('b', 9, null, 'boris')]);
    const first = await acceptedId(t.store.write(task('c1', 4)));
    const ended = await acceptedId(t.store.write(task('c2', 1)));
    const last = await acceptedId(t.store.write(task('c3', 4, { accountId: 'boris' })));
    await t.store.write(end('c2', 1, DONE));
    expect(await t.store.adoptTasks()).toEqual([]);
    const before = await everythingOf(t);
    await t.reopen();
    expect(await everythingOf(t)).toEqual(before);
    expect(await t.store.adoptTasks()).toEqual([
      { taskId: first, accountId: 'anna' },
      { taskId: last, accountId: 'boris' },
    ]);
    expect(await t.store.adoptTasks()).toEqual([]);
    await writeAll(t.store, [
      { kind: 'startTask', taskId: first },
      { kind: 'startTask', taskId: ended },
    ]);
    expect(await t.store.findTaskWork(first)).toMatchObject({ amount: 4, recoveries: 1, starts: 1, request: REQUEST });
    expect(await t.store.findTask(ended)).toMatchObject({ status: 'completed' });
    await t.store.write(end('c1', 4, DONE));
    expect(await t.store.findTask(first)).toMatchObject({ status: 'completed' });
    expect(await leftOf(t)).toEqual({ 'p:g': 4 });
  });
}

function namesContract(open: OpenStore): void {
  const named = (callId: string, fingerprint = 'f', accountId = 'anna') => ({
    ...task(callId, 4, { accountId }),
    idempotency: { key: 'order 17', fingerprint },
  });

  test('of requests with one name exactly one makes a task, at once and later, and the others are told that task', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 900)]);
    const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const outcomes = await Promise.all(ids.map((id) => t.store.write(named(id))));
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['held', ...Array(19).fill('repeated')]);
    expect(new Set(outcomes.map((outcome) => outcome.taskId)).size).toBe(1);
    const { taskId } = outcomes[0] as { taskId: number };
    await t.store.write(end('c0', 4, DONE));
    await t.reopen();
    expect(await t.store.write(named('later'))).toEqual({ kind: 'repeated', taskId });
    expect(await t.store.write(named('c0'))).toMatchObject({ kind: 'final', taskId });
    expect(await leftOf(t)).toEqual({ 'p:g': 896 });
  });

  test('a name with another content is refused, and nothing is held', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), named('c1')]);
    expect(await t.store.write(named('c2', 'another'))).toEqual({ kind: 'mismatched' });
    expect(await leftOf(t)).toEqual({ 'p:g': 5 });
  });

  test('a name belongs to one account', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9), account('boris'), pack('h', 9, null, 'boris')]);
    const first = await acceptedId(t.store.write(named('c1')));
    expect(await acceptedId(t.store.write(named('c2', 'f', 'boris')))).toBeGreaterThan(first);
  });

  test('a name that a refused request brought is free', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 3)]);
    expect((await t.store.write(named('c1'))).kind).toBe('short');
    await t.store.write(pack('h', 9));
    expect((await t.store.write(named('c2', 'another'))).kind).toBe('held');
  });

  test('a name is remembered for a day and then free again', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const first = await acceptedId(t.store.write(named('c1')));
    await t.setNow(NOON + DAY_MS - 1);
    await t.store.write({ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON });
    expect(await t.store.write(named('c2'))).toEqual({ kind: 'repeated', taskId: first });
    await t.setNow(NOON + DAY_MS);
    await t.store.write({ kind: 'purgeTasks', endedBeforeMs: 0, keysBeforeMs: NOON });
    expect(await acceptedId(t.store.write(named('c3', 'another')))).toBeGreaterThan(first);
  });
}

function webhooksContract(open: OpenStore): void {
  const url = 'https://example.org/hook';
  const hooked = (callId: string) => ({
    ...task(callId, 1),
    task: { request: REQUEST, webhook: { url, keyId: 'key-1' } },
  });

  test('a webhook is due from the end of its task until it is delivered', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(hooked('c1')));
    await t.store.write(task('c2', 1));
    expect(await t.store.listDueWebhooks(NOON + DAY_MS, 10)).toEqual([]);
    await writeAll(t.store, [end('c1', 1, DONE), end('c2', 1, DONE)]);
    expect(await t.store.listDueWebhooks(NOON - 1, 10)).toEqual([]);
    await t.reopen();
    const due = { taskId, keyId: 'key-1', url, tries: 0, dueAtMs: NOON };
    expect(await t.store.listDueWebhooks(NOON, 10)).toEqual([due]);
    await t.store.write({ kind: 'endWebhook', taskId });
    expect(await t.store.listDueWebhooks(NOON + DAY_MS, 10)).toEqual([]);
  });

  test('of several that take a due webhook one gets it, and it is due again where that one says nothing', async () => {
    const t = await open();
    await writeAll(t.store, [account('anna'), pack('g', 9)]);
    const taskId = await acceptedId(t.store.write(hooked('c1')));
    await t.store.write(end('c1', 1, DONE));
    const claim = { kind: 'claimWebhook', taskId, dueAtMs: NOON, nextDueAtMs: NOON + 10_000 } as const;
    const claims = await Promise.all(Array.from({ length: 10 }, () => t.store.write(claim)));
    expect(claims.filter((outcome) => outcome.kind === 'written')).toHaveLength(1);
    expect(await t.store.listDueWebhooks(NOON + 9_999, 10)).toEqual([]);
    expect(await t.store.listDueWebhooks(NOON + 10_000, 10)).toMatchObject([{ taskId, tries: 1 }]);
  });
}

type Hold = WriteOperation & { kind: 'hold' };

function task(callId: string, amount: number, changes: Partial<Hold> = {}): Hold {
  return { ...hold(callId, amount, changes), task: { request: REQUEST } };
}

function end(callId: string, charge: number, taskEnd: TaskEnd) {
  return { ...settle(callId, charge), taskEnd };
}

function failure(callId: string) {
  return { ...voidCall(callId), taskEnd: FAILED };
}

async function acceptedId(outcome: Promise<{ readonly taskId?: number | undefined }>): Promise<number> {
  const { taskId } = await outcome;
  if (taskId === undefined) throw new Error('no task was accepted');
  return taskId;
}
