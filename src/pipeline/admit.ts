// Decides what a call may do before anything is held: the plan, the model, the price, the limits and the input bound.
// It has no effects; every refusal here leaves nothing behind.
import type { Call, ChatCall, ImageCall } from '../core/call.ts';
import { generationsOf, kindOf } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import { estimateChargedTokens, inputTokensAtMost, uncutBytes } from '../core/input-size.ts';
import type { LimitClaim } from '../core/limits.ts';
import { Meter } from '../core/meter.ts';
import type { Plan } from '../core/plan.ts';
import { aliasOf, claimsFor, maxInputCharsOf, priceFor } from '../core/plan.ts';
import type { Price } from '../core/price.ts';
import { worstCost } from '../core/price.ts';
import { IMAGE_TOKENS_MAX } from '../core/tokens.ts';
import { truncateCall, truncateImage } from '../core/truncate.ts';
import type { WorkCall } from '../core/work.ts';
import { sizeOf } from '../core/work.ts';
import type { Dialect, Route as DialectRoute } from '../dialects/dialect.ts';
import { serves } from '../providers/provider.ts';
import type { KeyOwner } from '../store/store.ts';
import type { Place } from './call-gate.ts';
import type { Gateway } from './gateway.ts';
import type { Model, Route } from './model-book.ts';
import type { Incoming } from './reply.ts';

/** The public key as a whole is admitted as often as so many clients with keys of their own. */
const PUBLIC_CLIENTS = 100;

/** Bytes of uncuttable fields for each character of text that a plan allows: room for an agent's tools. */
const UNCUT_BYTES_A_CHAR = 10;

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
  /** The model's targets that can do this kind of work. */
  readonly routes: readonly Route[];
  readonly price: Price;
  /** How many answers one call makes; a request price is for each. */
  readonly generations: number;
  readonly amount: number;
  readonly claims: readonly LimitClaim[];
  readonly meter: Meter;
};

/** Who asks for what, and by which route: the plan's rules are about these. */
export type Asked = {
  readonly owner: KeyOwner;
  readonly dialect: string;
  readonly endpoint: string;
  /** Where the client is; asked for only where a limit counts addresses. */
  readonly address?: () => string;
  /** Messages of our own at the beginning, such as a mode's prompt, which are neither counted nor cut. */
  readonly ownMessages?: number;
};

export function askedBy(owner: KeyOwner, dialect: Dialect, route: DialectRoute, incoming: Incoming): Asked {
  return { owner, dialect: dialect.name, endpoint: route.endpoint, address: incoming.connection.address };
}

/** A place among the calls that run. Throws `overloaded`, `concurrency_limit_exceeded`, and where the plan has no API. */
export function takePlace(gateway: Gateway, owner: KeyOwner, { connection }: Incoming): Place {
  const { keyId, accountId } = owner;
  const key = gateway.keys.isPublic(keyId) ? `${keyId}@${connection.address()}` : keyId;
  return gateway.gate.enter({ key, accountId }, planOf(gateway, owner));
}

export function admitChat(gateway: Gateway, asked: Asked, wanted: ChatCall): Admission & { readonly call: ChatCall } {
  const plan = planOf(gateway, asked.owner);
  const maxInputChars = maxInputCharsOf(plan, asked.dialect);
  const { call, charsCut } = truncateCall(wanted, maxInputChars, asked.ownMessages);
  const uncut = uncutBytes(call);
  refuseUncut(uncut, maxInputChars);
  const { model, price, routes } = sell(gateway, plan, asked, call);
  const inputTokens = inputTokensAtMost(call, model.imageTokensMax, uncut);
  const generations = generationsOf(call);
  const outputTokens = (call.options.maxOutputTokens ?? model.maxOutputTokens) * generations;
  const amount = worstCost(price, { inputTokens, outputTokens, images: 0, generations });
  const meter = new Meter(inputTokens, () => estimateChargedTokens(call));
  const claims = claimsOf(gateway, plan, asked, model.name);
  return {
    owner: asked.owner,
    dialect: asked.dialect,
    endpoint: asked.endpoint,
    plan,
    call,
    charsCut,
    model,
    routes,
    price,
    generations,
    amount,
    claims,
    meter,
  };
}

/** A task's call as it was admitted when its hold was taken. */
export type Accepted = {
  readonly call: ChatCall;
  /** The model's own name, behind whatever alias it was asked for. */
  readonly modelName: string;
  readonly price: Price;
  /** What is held. */
  readonly amount: number;
};

/**
 * The admission of a task whose hold was taken when it was accepted. Its price is that of then, as its record will say:
 * whatever became of the plan meanwhile, the customer pays what was agreed. A model that is no longer there is told by
 * having no routes, which fails the task.
 */
export function admitStored(gateway: Gateway, asked: Asked, accepted: Accepted): Admission {
  const { owner, dialect, endpoint } = asked;
  const { call, modelName, price, amount } = accepted;
  const plan = gateway.plans.find(owner.planId) ?? NO_PLAN;
  const model = gateway.models.find(modelName) ?? removedModel(modelName);
  const routes = model.routes.filter((route) => serves(route.provider, 'chat'));
  const meter = new Meter(inputTokensAtMost(call, model.imageTokensMax), () => estimateChargedTokens(call));
  return {
    owner,
    dialect,
    endpoint,
    plan,
    call,
    charsCut: 0,
    model,
    routes,
    price,
    generations: 1,
    amount,
    claims: [],
    meter,
  };
}

/** Stands in for a model that was removed while a task of it waited. */
function removedModel(name: string): Model {
  return { name, ownedBy: '', kind: 'text', maxOutputTokens: 0, imageTokensMax: IMAGE_TOKENS_MAX, routes: [] };
}

/** Stands in for a plan that was removed while a task of it waited. */
const NO_PLAN: Plan = {
  id: '',
  name: '',
  api: false,
  dailyRequests: 0,
  maxInputChars: null,
  maxInputDialects: [],
  prices: [],
  limits: [],
  aliases: [],
  version: 0,
};

export function admitImage(
  gateway: Gateway,
  asked: Asked,
  wanted: ImageCall,
): Admission & { readonly call: ImageCall } {
  const plan = planOf(gateway, asked.owner);
  const { call, charsCut } = truncateImage(wanted, maxInputCharsOf(plan, asked.dialect));
  const { model, price, routes } = sell(gateway, plan, asked, call);
  const generations = generationsOf(call);
  const amount = worstCost(price, { inputTokens: 0, outputTokens: 0, images: generations, generations });
  return {
    owner: asked.owner,
    dialect: asked.dialect,
    endpoint: asked.endpoint,
    plan,
    call,
    charsCut,
    model,
    routes,
    price,
    generations,
    amount,
    claims: claimsOf(gateway, plan, asked, model.name),
    meter: new Meter(0, () => ''),
  };
}

/** Of work no text may be left out: what is too long for the plan is refused, since the result would be of another text. */
export function admitWork<C extends WorkCall>(
  gateway: Gateway,
  asked: Asked,
  call: C,
): Admission & { readonly call: C } {
  const plan = planOf(gateway, asked.owner);
  const { inputTokensAtMost: inputTokens, estimateInputTokens, chars, ...size } = sizeOf(call);
  const charsMax = maxInputCharsOf(plan, asked.dialect);
  if (charsMax !== null && chars > charsMax)
    throw new CallError('body_too_large', { message: `A call may have ${charsMax} characters of text in your plan.` });
  const { model, price, routes } = sell(gateway, plan, asked, call);
  const outputTokens = size.outputTokensAtMost ?? 0;
  const amount = worstCost(price, { inputTokens, outputTokens, images: 0, generations: 1, ...size.measuresAtMost });
  return {
    owner: asked.owner,
    dialect: asked.dialect,
    endpoint: asked.endpoint,
    plan,
    call,
    charsCut: 0,
    model,
    routes,
    price,
    generations: 1,
    amount,
    claims: claimsOf(gateway, plan, asked, model.name),
    meter: new Meter(inputTokens, estimateInputTokens, size.measures),
  };
}

/**
 * The counters of this call. A public key is everybody's: each client's address has the plan's limits to itself, so that
 * one client cannot use up what is meant for all, and the key as a whole has those of many clients, so that one person
 * with many addresses is bounded too.
 */
export function claimsOf(gateway: Gateway, plan: Plan, asked: Asked, model: string): LimitClaim[] {
  const { owner, dialect, endpoint } = asked;
  const question = { dialect, endpoint, model };
  const ofKey = claimsFor(plan, question, owner.keyId);
  if (!gateway.keys.isPublic(owner.keyId)) return ofKey;
  const ofClient = claimsFor(plan, question, `${owner.keyId}@${asked.address?.() ?? ''}`);
  return [...ofClient, ...ofKey.map((claim) => widened(claim, PUBLIC_CLIENTS))];
}

function widened(claim: LimitClaim, factor: number): LimitClaim {
  const { subject, perMinute, perDay } = claim;
  return {
    subject,
    perMinute: perMinute === null ? null : perMinute * factor,
    perDay: perDay === null ? null : perDay * factor,
  };
}

/** What the plan sells under the asked name. Throws `model_not_found` or `model_not_priced`. */
function sell(
  gateway: Gateway,
  plan: Plan,
  asked: Asked,
  call: Call,
): { model: Model; price: Price; routes: readonly Route[] } {
  const name = aliasOf(plan, call.model);
  const model = gateway.models.find(name);
  if (model?.kind !== kindOf(call)) throw modelNotFound(call.model);
  const price = priceFor(plan, { dialect: asked.dialect, endpoint: asked.endpoint, model: model.name });
  if (price === undefined) throw new CallError('model_not_priced', { param: 'model' });
  const routes = model.routes.filter((route) => serves(route.provider, call.endpoint));
  if (routes.length === 0) throw modelNotFound(call.model);
  return { model, price, routes };
}

/** The plan of a caller who may use the API. */
export function planOf(gateway: Gateway, owner: KeyOwner): Plan {
  const plan = gateway.plans.find(owner.planId);
  if (plan === undefined)
    throw new CallError('api_not_in_plan', { detail: `the account's plan "${owner.planId}" does not exist` });
  if (!plan.api) throw new CallError('api_not_in_plan', { planName: plan.name });
  return plan;
}

export function modelNotFound(name: string): CallError {
  const shown = name.slice(0, 100);
  return new CallError('model_not_found', {
    param: 'model',
    message: `The model \`${shown}\` does not exist or you do not have access to it.`,
    messageRu: `Модели ${shown} нет или у вас нет к ней доступа.`,
  });
}

/** At a price per request the plan's bound on text must not be got around by megabytes of tools or schemas. */
function refuseUncut(bytes: number, maxInputChars: number | null): void {
  if (maxInputChars === null || bytes <= UNCUT_BYTES_A_CHAR * maxInputChars) return;
  throw new CallError('body_too_large', {
    param: 'tools',
    message: `Tools, schemas and other fields beside the messages may have ${UNCUT_BYTES_A_CHAR * maxInputChars} bytes in your plan.`,
  });
}
