// The models that a caller's plan sells.
import type { ModelKind } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { priceFor } from '../core/plan.ts';
import type { Dialect, PublicModel, Route } from '../dialects/dialect.ts';
import type { KeyOwner } from '../store/store.ts';
import { modelNotFound } from './admit.ts';
import type { Gateway } from './gateway.ts';
import type { Model } from './model-book.ts';

/** A fixed date: models have no creation time here that would mean anything to a client. */
const CREATED_AT_S = 1_767_225_600;

/** Those that some route of the dialect sells; another dialect may sell others. */
export function listModels(gateway: Gateway, owner: KeyOwner, dialect: Dialect): PublicModel[] {
  const plan = gateway.plans.find(owner.planId);
  if (plan === undefined) throw new CallError('api_not_in_plan');
  return gateway.models
    .list()
    .filter((model) => isSold(plan, model, dialect))
    .map(toPublic);
}

function isSold(plan: Plan, model: Model, dialect: Dialect): boolean {
  return dialect.routes.some(
    (route) =>
      kindOfRoute(route) === model.kind &&
      priceFor(plan, { dialect: dialect.name, endpoint: route.endpoint, model: model.name }) !== undefined,
  );
}

/** The kind of model that a route sells, if it sells any. */
function kindOfRoute(route: Route): ModelKind | undefined {
  if (route.action === 'work') return route.kind;
  if (route.action === 'image') return 'image';
  return route.action === 'call' ? 'text' : undefined;
}

export function findModel(gateway: Gateway, owner: KeyOwner, dialect: Dialect, name: string): PublicModel {
  const found = listModels(gateway, owner, dialect).find((model) => model.name === name && model.active);
  if (found === undefined) throw modelNotFound(name);
  return found;
}

function toPublic(model: Model): PublicModel {
  const { name, ownedBy, kind, routes } = model;
  return { name, ownedBy, kind, createdAtS: CREATED_AT_S, active: routes.length > 0 };
}
