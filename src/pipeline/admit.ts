// Decides what a call may do before anything is held: the plan, the model, the price, the limits and the input bound.
// It has no effects; every refusal here leaves nothing behind.
import type { Call } from '../core/call.ts';
import { textsOf } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { LimitClaim } from '../core/limits.ts';
import { Meter } from '../core/meter.ts';
import type { Plan } from '../core/plan.ts';
import { claimsFor, priceFor } from '../core/plan.ts';
import type { Price } from '../core/price.ts';
import { worstCost } from '../core/price.ts';
import { IMAGE_TOKENS_MAX, tokensAtMost } from '../core/tokens.ts';
import { truncateCall } from '../core/truncate.ts';
import type { KeyOwner } from '../store/store.ts';
import type { Gateway } from './gateway.ts';
import type { Model } from './model-book.ts';

export type Admission = {
  readonly owner: KeyOwner;
  readonly plan: Plan;
  readonly dialect: string;
  readonly endpoint: string;
  /** The call with its text cut to the plan's bound. */
  readonly call: Call;
  /** Code points that were cut. */
  readonly charsCut: number;
  readonly model: Model;
  readonly price: Price;
  /** How many answers one call makes; a request price is for each. */
  readonly generations: number;
  readonly amount: number;
  readonly claims: readonly LimitClaim[];
  readonly meter: Meter;
};

export function admit(gateway: Gateway, owner: KeyOwner, dialect: string, endpoint: string, asked: Call): Admission {
  const plan = planOf(gateway, owner);
  const { call, charsCut } = truncateCall(asked, plan.maxInputChars);
  const model = gateway.models.find(call.model);
  if (model === undefined) throw modelNotFound(call.model);
  const question = { dialect, endpoint, model: model.name };
  const price = priceFor(plan, question);
  if (price === undefined) throw new CallError('model_not_priced', { param: 'model' });
  if (model.routes.length === 0) throw modelNotFound(call.model);
  const inputTokens = inputTokensAtMost(call);
  const generations = call.options.n ?? 1;
  const outputTokens = (call.options.maxOutputTokens ?? model.maxOutputTokens) * generations;
  const amount = worstCost(price, { inputTokens, outputTokens, images: 0, generations });
  const meter = new Meter(inputTokens, () => textsOf(call).join('\n'));
  return {
    owner,
    plan,
    dialect,
    endpoint,
    call,
    charsCut,
    model,
    price,
    generations,
    amount,
    claims: claimsFor(plan, question, owner.keyId),
    meter,
  };
}

/** The plan of a caller who may use the API. */
export function planOf(gateway: Gateway, owner: KeyOwner): Plan {
  const plan = gateway.plans.find(owner.planId);
  if (plan === undefined)
    throw new CallError('api_not_in_plan', { detail: `the account's plan "${owner.planId}" does not exist` });
  if (!plan.api)
    throw new CallError('api_not_in_plan', { message: `The plan "${plan.name}" does not include the API.` });
  return plan;
}

export function modelNotFound(name: string): CallError {
  const shown = name.slice(0, 100);
  return new CallError('model_not_found', {
    param: 'model',
    message: `The model \`${shown}\` does not exist or you do not have access to it.`,
  });
}

/** What vendors may read as input beside the messages' text: tools, schemas, names, and fields we do not know. */
function uncutTexts(call: Call): string[] {
  const { tools, responseFormat } = call.options;
  const texts = [tools, responseFormat].flatMap((value) => (value === undefined ? [] : [JSON.stringify(value)]));
  if (Object.keys(call.extra).length > 0) texts.push(JSON.stringify(call.extra));
  for (const { name, toolCalls, extra } of call.messages) {
    if (name !== undefined) texts.push(name);
    if (extra !== undefined) texts.push(JSON.stringify(extra));
    for (const made of toolCalls ?? []) texts.push(made.name + made.argumentsJson);
  }
  return texts;
}

function inputTokensAtMost(call: Call): number {
  let images = 0;
  let opaque = 0;
  for (const message of call.messages) {
    for (const part of message.parts) {
      if (part.kind === 'image') images += 1;
      if (part.kind === 'opaque') opaque += JSON.stringify(part.value).length;
    }
  }
  const texts = [...textsOf(call), ...uncutTexts(call)];
  return tokensAtMost(texts, call.messages.length) + images * IMAGE_TOKENS_MAX + opaque;
}
