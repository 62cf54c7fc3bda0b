// Runs one seeded history of the whole program (pipeline, ledger, limits, routing, tasks, webhooks, store) and checks
// its promises after every step. At its end everything is healed, and all that was begun must come to its end.
import type { Action } from './actions.ts';
import { ACTIONS, pass } from './actions.ts';
import { promise } from './violation.ts';
import { World } from './world.ts';

/** Steps between two audits of the whole database; what a batch touches is compared after each batch. */
const AUDIT_STEPS = 50;
/** Steps to rest at the most; the longest task needs far fewer. */
const REST_STEPS_MAX = 20_000;

export type SimulatedRun = {
  readonly seed: number;
  /** Steps that were run: those asked for, or up to the one that broke a promise. */
  readonly steps: number;
  readonly hash: string;
  readonly lines: readonly string[];
  readonly violation: string | undefined;
  readonly calls: number;
};

export async function simulate(seed: number, steps: number, auditSteps = AUDIT_STEPS): Promise<SimulatedRun> {
  const world = await World.make(seed);
  let step = 0;
  while (step < steps && world.hasFailed === undefined) {
    step += 1;
    await act(world, step, choose(world, ACTIONS));
    if (step % auditSteps === 0) world.audit();
  }
  if (world.hasFailed === undefined) await bringToRest(world);
  const violation = world.hasFailed?.message;
  if (violation !== undefined) world.history.note(`violation: ${violation}`);
  world.db.close();
  const { lines } = world.history;
  return { seed, steps: step, hash: world.history.hash(), lines, violation, calls: world.ledger.calls.size };
}

/**
 * The shortest beginning of a seed's history that breaks a promise, found by running it again with an audit after each
 * step. Answers `undefined` where nothing is broken.
 */
export async function shortestFailure(seed: number, steps: number): Promise<SimulatedRun | undefined> {
  const run = await simulate(seed, steps, 1);
  return run.violation === undefined ? undefined : run;
}

async function act(world: World, step: number, action: Action): Promise<void> {
  try {
    world.history.note(`${step} ${action.name} ${await action.run(world)}`);
    await world.drain();
  } catch (error) {
    world.check(() => {
      throw error;
    });
  }
}

function choose(world: World, actions: readonly Action[]): Action {
  const possible = actions.filter((action) => action.isPossible(world));
  let left = world.random.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
  for (const action of possible) {
    left -= action.weight;
    if (left < 0) return action;
  }
  return possible.at(-1) as Action;
}

const RESTING = ['restart', 'heal', 'commit', 'answer', 'stream', 'read', 'webhooks'];

/** Nothing fails any more: every call and task ends, nothing stays held, and every message arrives. */
async function bringToRest(world: World): Promise<void> {
  world.isHealed = true;
  const actions = ACTIONS.filter(({ name }) => RESTING.includes(name));
  const [webhooks] = actions.filter(({ name }) => name === 'webhooks') as [Action];
  const others = actions.filter((action) => action !== webhooks);
  for (let step = 0; !isAtRest(world) && world.hasFailed === undefined; step++) {
    if (step > REST_STEPS_MAX) {
      world.check(() => promise(false, () => `no rest: ${world.clients.size} clients, ${world.tasks.queued} tasks`));
      return;
    }
    const next = others.find((action) => action.isPossible(world));
    if (next !== undefined) await act(world, -1, next);
    else await waitALittle(world, webhooks);
  }
  world.audit();
  world.check(() => {
    for (const [callId, { final }] of world.ledger.calls)
      promise(final !== undefined, () => `${callId} is still held when all has come to rest`);
    world.tasks.checkRest();
  });
}

async function waitALittle(world: World, webhooks: Action): Promise<void> {
  pass(world, world.time.nextInMs ?? 60_000_000);
  await world.drain();
  await act(world, -1, webhooks);
}

/** A process whose writer is gone may have left a hold that it was never told of, which the next start voids. */
function isAtRest(world: World): boolean {
  const { store, gateway } = world.process;
  const isEnded = world.clients.size === 0 && world.tasks.queued === 0 && gateway.open.size === 0;
  return isEnded && world.tasks.allTold && !store.isWriterGone;
}
