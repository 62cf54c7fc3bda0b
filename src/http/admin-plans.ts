// The operator's side of plans: which there are, and a new version of one.
import { toPlan } from '../config.ts';
import { planSchema } from '../config-plan-schema.ts';
import { CallError } from '../core/errors.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { AdminRoute, Params } from './admin-route.ts';

export const PLAN_ROUTES: readonly AdminRoute[] = [
  { method: 'GET', path: /^plans$/, handle: async (gateway) => ({ plans: gateway.plans.list() }) },
  { method: 'PUT', path: /^plans\/(?<plan>[\w.-]+)$/, handle: putPlan },
];

async function putPlan(gateway: Gateway, { plan: planId = '' }: Params, body: unknown): Promise<unknown> {
  const parsed = planSchema.parse(body);
  if (parsed.id !== planId)
    throw new CallError('invalid_field', { param: 'id', message: `The plan's id must be ${planId}.` });
  if (gateway.plans.isPinned(planId))
    throw conflict(`The configuration file pins the plan ${planId}; change it there.`);
  const plan = toPlan(parsed, (gateway.plans.find(planId)?.version ?? 0) + 1);
  const outcome = await gateway.store.write({ kind: 'putPlan', plan });
  // Another process may have put a newer version that this one has not read yet.
  gateway.plans.load(await gateway.store.listPlans());
  if (outcome.kind === 'conflict')
    throw conflict(`The plan ${planId} was changed by somebody else meanwhile; look at it again.`);
  return plan;
}

function conflict(message: string): CallError {
  return new CallError('invalid_field', { param: 'id', status: 409, message });
}

/** Throws where there is no such plan. */
export function requirePlan(gateway: Gateway, planId: string): void {
  if (gateway.plans.find(planId) !== undefined) return;
  const known = gateway.plans
    .list()
    .map((plan) => plan.id)
    .join(', ');
  throw new CallError('invalid_field', { param: 'plan', message: `There is no plan ${planId}. Plans: ${known}.` });
}
