// The models that a caller's plan sells.
import { CallError } from '../core/errors.ts';
import { priceFor } from '../core/plan.ts';
import type { PublicModel } from '../dialects/dialect.ts';
import type { KeyOwner } from '../store/store.ts';
import { modelNotFound } from './admit.ts';
import type { Gateway } from './gateway.ts';
import type { Model } from './model-book.ts';

/** A fixed date: models have no creation time here that would mean anything to a client. */
const CREATED_AT_S = 1_767_225_600;

export function listModels(gateway: Gateway, owner: KeyOwner): PublicModel[] {
  const plan = gateway.plans.find(owner.planId);
  if (plan === undefined) throw new CallError('api_not_in_plan');
  return gateway.models
    .list()
    .filter((model) => priceFor(plan, { dialect: 'openai', endpoint: 'chat', model: model.name }) !== undefined)
    .map(toPublic);
}

export function findModel(gateway: Gateway, owner: KeyOwner, name: string): PublicModel {
  const found = listModels(gateway, owner).find((model) => model.name === name && model.active);
  if (found === undefined) throw modelNotFound(name);
  return found;
}

function toPublic(model: Model): PublicModel {
  return { name: model.name, ownedBy: model.ownedBy, createdAtS: CREATED_AT_S, active: model.routes.length > 0 };
}
