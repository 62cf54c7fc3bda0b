// What can happen next in a simulated history. Each action says how likely it is while it is possible; the seed chooses.
import type { GrantOperation } from '../../core/ledger.ts';
import type { DatabaseFault } from './faulty-database.ts';
import { CANCEL_TASK, CHAT, SHOW_TASK, SimulatedClient, SUBMIT_TASK } from './simulated-client.ts';
import { drawAnswer, goodAnswer, sendMore } from './simulated-provider.ts';
import type { Asked } from './simulated-upstream.ts';
import type { Customer, World } from './world.ts';

export type Action = {
  readonly name: string;
  readonly weight: number;
  isPossible(world: World): boolean;
  /** Answers what the history says of it. */
  run(world: World): string | Promise<string>;
};

const CLIENTS_MAX = 12;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const STEPS_MS = [0, 1, 9, 60, 400, 999, 1_000, 2_500, 6_000] as const;
const LEAPS_MS = [MINUTE_MS - 1, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 7 * HOUR_MS, DAY_MS] as const;

const always = () => true;
const isUp = (world: World) => !world.process.store.isWriterGone;

export const ACTIONS: readonly Action[] = [
  { name: 'call', weight: 14, isPossible: hasRoom, run: call },
  { name: 'task', weight: 6, isPossible: hasRoom, run: submitTask },
  { name: 'poll', weight: 3, isPossible: (world) => world.tasks.known.size > 0, run: poll },
  { name: 'cancel', weight: 1, isPossible: (world) => world.tasks.known.size > 0, run: cancel },
  { name: 'grant', weight: 3, isPossible: isUp, run: grant },
  { name: 'plan', weight: 0.5, isPossible: isUp, run: changePlan },
  { name: 'commit', weight: 20, isPossible: (world) => world.process.store.hasBatch, run: commit },
  { name: 'answer', weight: 25, isPossible: (world) => waitingForAnswer(world).length > 0, run: answer },
  { name: 'stream', weight: 20, isPossible: (world) => streaming(world).length > 0, run: stream },
  { name: 'read', weight: 20, isPossible: (world) => readers(world).length > 0, run: read },
  { name: 'leave', weight: 1.5, isPossible: (world) => world.clients.size > 0, run: leave },
  { name: 'time', weight: 10, isPossible: always, run: (world) => pass(world, world.random.pick(STEPS_MS)) },
  { name: 'alarm', weight: 4, isPossible: (world) => world.time.nextInMs !== undefined, run: wake },
  { name: 'leap', weight: 0.4, isPossible: always, run: (world) => pass(world, world.random.pick(LEAPS_MS)) },
  { name: 'wall', weight: 0.15, isPossible: always, run: setWall },
  { name: 'chores', weight: 0.5, isPossible: isUp, run: doChores },
  { name: 'webhooks', weight: 2, isPossible: isUp, run: sendWebhooks },
  { name: 'heal', weight: 4, isPossible: (world) => world.db.fault?.kind === 'down', run: heal },
  { name: 'crash', weight: 0.4, isPossible: always, run: crash },
  // Readiness fails without a writer, so whoever watches the process ends it.
  { name: 'restart', weight: 4, isPossible: (world) => world.process.store.isWriterGone, run: crash },
];

function hasRoom(world: World): boolean {
  return world.clients.size < CLIENTS_MAX;
}

function waitingForAnswer(world: World): Asked[] {
  return [...world.process.upstream.open].filter((asked) => asked.frames === undefined);
}

function streaming(world: World): Asked[] {
  return [...world.process.upstream.open].filter((asked) => asked.frames !== undefined);
}

function readers(world: World): SimulatedClient[] {
  return [...world.clients].filter((client) => client.canRead);
}

function bodyFor(callId: string, fields: Readonly<Record<string, unknown>> = {}) {
  const content = callId.replace('call', 'mark');
  return { model: 'both', messages: [{ role: 'user', content: `${content}.` }], ...fields };
}

function call(world: World): string {
  const customer = world.random.pick(world.customers);
  const callId = world.newCallId();
  const isStream = world.random.next() < 0.5;
  const request = { callId, key: customer.key, body: bodyFor(callId, { stream: isStream }) };
  const client = new SimulatedClient(world.process.gateway, CHAT, request, (seen) => {
    world.clients.delete(client);
    world.onSeen(callId, seen);
  });
  world.clients.add(client);
  return `${callId} of ${customer.accountId}${isStream ? ', streamed' : ''}`;
}

/** Some tasks have names, of which there are few, so that requests are repeated, at once and after crashes. */
function submitTask(world: World): string {
  const customer = world.random.pick(world.customers);
  const callId = world.newCallId();
  const isNamed = world.random.next() < 0.5;
  const name = `${customer.accountId} ${world.random.whole(1, 3)}`;
  const isSame = world.random.next() < 0.7;
  const webhook = world.random.next() < 0.4 ? { webhook_url: 'https://customer.test/' } : {};
  const body = bodyFor(callId, webhook);
  // What a name stands for is the same text each time, so its mark is the first call that used it.
  const named = isNamed ? { name, body: isSame ? world.tasks.bodyOf(name, body) : body } : undefined;
  const headers = named === undefined ? {} : { 'idempotency-key': name.replace(' ', '-') };
  const request = { callId, key: customer.key, body: named?.body ?? body, headers };
  const client = new SimulatedClient(world.process.gateway, SUBMIT_TASK, request, (seen) => {
    world.clients.delete(client);
    world.history.note(`  ${callId} ${seen.kind} ${seen.kind === 'failed' ? seen.code : seen.text}`);
    if (seen.kind !== 'complete') return;
    const { id } = JSON.parse(seen.text) as { id: number };
    world.check(() => world.tasks.seeAccepted(id, named));
  });
  world.clients.add(client);
  return `${callId} of ${customer.accountId}${named === undefined ? '' : ` as «${name}»`}`;
}

function poll(world: World): string {
  return ask(world, SHOW_TASK);
}

function cancel(world: World): string {
  return ask(world, CANCEL_TASK);
}

function ask(world: World, route: typeof SHOW_TASK): string {
  const taskId = world.random.pick([...world.tasks.known]);
  const customer = world.customers.find(({ accountId }) => accountId === world.tasks.accountOf(taskId)) as Customer;
  const request = { callId: world.newCallId(), key: customer.key, body: {}, rest: String(taskId) };
  const client = new SimulatedClient(world.process.gateway, route, request, (seen) => {
    world.clients.delete(client);
    world.history.note(`  task ${taskId} ${seen.kind} ${seen.kind === 'failed' ? seen.code : seen.text}`);
    if (seen.kind !== 'complete') return;
    const { status, result } = JSON.parse(seen.text) as { status: string; result: string | null };
    world.check(() => world.tasks.seeTold(taskId, status, result));
  });
  world.clients.add(client);
  return `${taskId}`;
}

/** Payments tell of themselves more than once. */
function grant(world: World): string {
  const { accountId } = world.random.pick(world.customers);
  const number = world.random.whole(1, 30);
  const isMoney = accountId === 'boris';
  const expiresInMs = [null, 5 * MINUTE_MS, 8 * HOUR_MS, 3 * DAY_MS][number % 4] as number | null;
  const operation: GrantOperation = {
    kind: 'grant',
    grantId: `${accountId}-${number}`,
    accountId,
    bucketKind: isMoney ? 'wallet' : 'pack',
    unit: isMoney ? 'microRub' : 'requests',
    amount: isMoney ? 40 : 6,
    expiresAtMs: isMoney || expiresInMs === null ? null : world.time.clock.nowMs() + expiresInMs,
  };
  world.write({ ...operation, source: 'simulation' });
  return operation.grantId;
}

function changePlan(world: World): string {
  const planId = world.random.pick(['requests', 'larger']);
  world.write({ kind: 'updateAccount', accountId: 'anna', planId });
  world.process.gateway.keys.forget();
  return planId;
}

/** The batch that waits goes to the disk, and now and then something goes wrong with it. */
async function commit(world: World): Promise<string> {
  const chance = world.isHealed ? 1 : world.random.next();
  if (chance < 0.01) return crashAtCommit(world);
  const fault = faultFor(world, chance);
  if (fault !== undefined) world.db.break(fault);
  const { committed, answer: tell } = world.process.store.commit();
  if (world.db.fault?.kind !== 'down') world.db.break(undefined);
  world.see(committed);
  const outcomes = 'failed' in committed.result ? committed.result.failed : namesOf(committed.result.outcomes);
  // The batch is on disk and the writer's thread ends before it can say so.
  const isLost = chance >= 0.05 && chance < 0.055;
  if (isLost) world.process.store.loseWriter();
  tell(isLost ? { failed: 'the writer thread is gone' } : undefined);
  return `${committed.operations.map(({ kind }) => kind).join(' ')}: ${outcomes}${fault === undefined ? '' : ` (${fault.kind})`}${isLost ? ' (lost)' : ''}`;
}

function namesOf(outcomes: readonly { readonly kind: string }[]): string {
  return outcomes.map(({ kind }) => kind).join(' ');
}

function faultFor(world: World, chance: number): DatabaseFault | undefined {
  if (chance < 0.03) return { kind: 'fails_once', atStatement: world.random.whole(1, 14) };
  if (chance < 0.045) return { kind: 'down' };
  return undefined;
}

/** The process dies in the middle of a batch, or when that is on disk and nobody has heard of it. */
async function crashAtCommit(world: World): Promise<string> {
  const isWhole = world.random.next() < 0.5;
  const atStatement = world.random.whole(1, 16);
  if (!isWhole) world.db.break({ kind: 'dies', atStatement });
  const { committed } = world.process.store.commit();
  world.db.break(undefined);
  world.see(committed);
  const fate = 'failed' in committed.result ? 'nothing' : namesOf(committed.result.outcomes);
  await world.start();
  return `and the process dies${isWhole ? '' : ` at statement ${atStatement}`}: ${fate}`;
}

function answer(world: World): string {
  const asked = world.random.pick(waitingForAnswer(world));
  const way = world.isHealed ? undefined : drawAnswer(world.random);
  (way?.answer ?? goodAnswer)(asked);
  if (way?.restMs !== undefined) world.resting.set(asked.host, world.process.gateway.clock.nowMs() + way.restMs);
  return `${asked.mark} of ${asked.host}: ${way?.name ?? 'well'}`;
}

function stream(world: World): string {
  const asked = world.random.pick(streaming(world));
  return `${asked.mark} of ${asked.host} ${sendMore(asked, world.random)}`;
}

function read(world: World): string {
  const client = world.random.pick(readers(world));
  client.read();
  return client.callId;
}

function leave(world: World): string {
  const client = world.random.pick([...world.clients]);
  world.clients.delete(client);
  client.leave();
  return client.callId;
}

export function pass(world: World, ms: number): string {
  world.time.advance(ms);
  world.process.watchdog.tick();
  return `${ms} ms`;
}

/** Time passes until somebody who sleeps has to wake. */
function wake(world: World): string {
  return pass(world, world.time.nextInMs ?? 0);
}

/** Somebody sets the machine's clock. */
function setWall(world: World): string {
  const byMs = world.random.pick([-1, 1]) * world.random.pick([900, 30_000, 5 * MINUTE_MS, 2 * HOUR_MS, 30 * HOUR_MS]);
  world.time.clock.setWall(world.time.clock.nowMs() + byMs);
  return `${byMs} ms`;
}

async function doChores(world: World): Promise<string> {
  const nowMs = world.process.gateway.clock.nowMs();
  world.write({ kind: 'purgeTasks', endedBeforeMs: nowMs - 7 * DAY_MS, keysBeforeMs: nowMs - DAY_MS });
  return '';
}

function sendWebhooks(world: World): string {
  world.process.webhooks.sendDue().catch(() => undefined);
  return '';
}

function heal(world: World): string {
  world.db.break(undefined);
  return '';
}

async function crash(world: World): Promise<string> {
  await world.start();
  return '';
}
