// Routes that cost nothing and write nothing: balance, models and tokens. Their limits are counted in memory,
// so that fifteen thousand polls a minute cost no write.
import { sumBalance } from '../core/ledger.ts';
import type { BalanceRoute, Dialect, ModelRoute, ModelsRoute, Route, TokenizeRoute } from '../dialects/dialect.ts';
import type { KeyOwner } from '../store/store.ts';
import type { Asked } from './admit.ts';
import { askedBy, claimsOf, planOf } from './admit.ts';
import { authenticateBody, authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { findModel, listModels } from './list-models.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';
import { limited } from './take-hold.ts';

export async function serveBalance(
  gateway: Gateway,
  dialect: Dialect,
  route: BalanceRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateBody(gateway, incoming, route.readKey(await incoming.readBody()));
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  const plan = planOf(gateway, owner);
  const buckets = await gateway.store.listBuckets(owner.accountId, plan.dailyRequests, gateway.clock.nowMs());
  return jsonReply(route.render(sumBalance(buckets)));
}

export async function serveModels(
  gateway: Gateway,
  dialect: Dialect,
  route: ModelsRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  return jsonReply(route.render(listModels(gateway, owner, dialect), incoming.headers));
}

export async function serveModel(
  gateway: Gateway,
  dialect: Dialect,
  route: ModelRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  const name = route.method === 'GET' ? incoming.rest : route.readName(await incoming.readBody(owner.accountId));
  return jsonReply(route.render(findModel(gateway, owner, dialect, name), incoming.headers));
}

export async function serveTokens(
  gateway: Gateway,
  dialect: Dialect,
  route: TokenizeRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  return jsonReply(await route.answer(await incoming.readBody(owner.accountId)));
}

/** Who uses a free route, counted. Throws the refusals of keys, plans and limits. */
export async function admitFree(
  gateway: Gateway,
  dialect: Dialect,
  route: Route,
  incoming: Incoming,
  bodyKey?: string,
): Promise<KeyOwner> {
  const owner = await authenticateBody(gateway, incoming, bodyKey);
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  return owner;
}

/** Counts a free request against the plan's limits. Throws `api_not_in_plan` and `rate_limit_exceeded`. */
export function countFree(gateway: Gateway, asked: Asked): void {
  const plan = planOf(gateway, asked.owner);
  const nowMs = gateway.clock.nowMs();
  const claims = claimsOf(gateway, plan, asked, '');
  const retryAtMs = gateway.freeLimits.admit(claims, nowMs, gateway.calendar.dayAt(nowMs));
  if (retryAtMs === undefined) return;
  throw limited(retryAtMs, nowMs, undefined);
}
