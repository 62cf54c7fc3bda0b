// Routes that cost nothing and write nothing: balance, models, moderation and tokens. Their limits are counted in memory,
// so that fifteen thousand polls a minute cost no write.
import { sumBalance } from '../core/ledger.ts';
import { claimsFor } from '../core/plan.ts';
import type {
  BalanceRoute,
  Dialect,
  ModelRoute,
  ModelsRoute,
  ModerateRoute,
  TokenizeRoute,
} from '../dialects/dialect.ts';
import type { KeyOwner } from '../store/store.ts';
import { planOf } from './admit.ts';
import { authenticateBody, authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { limited } from './held-call.ts';
import { findModel, listModels } from './list-models.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';

export async function serveBalance(
  gateway: Gateway,
  dialect: Dialect,
  route: BalanceRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateBody(gateway, incoming, route.readKey(await incoming.readBody()));
  countFree(gateway, owner, dialect.name, route.endpoint);
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
  return jsonReply(route.render(listModels(gateway, await authenticateHeaders(gateway, incoming), dialect)));
}

export async function serveModel(
  gateway: Gateway,
  dialect: Dialect,
  route: ModelRoute,
  incoming: Incoming,
): Promise<Reply> {
  return jsonReply(
    route.render(findModel(gateway, await authenticateHeaders(gateway, incoming), dialect, incoming.rest)),
  );
}

export async function serveModeration(
  gateway: Gateway,
  dialect: Dialect,
  route: ModerateRoute,
  incoming: Incoming,
): Promise<Reply> {
  await admitFree(gateway, dialect.name, route.endpoint, incoming);
  return jsonReply(route.answer(await incoming.readBody(), incoming.callId));
}

export async function serveTokens(
  gateway: Gateway,
  dialect: Dialect,
  route: TokenizeRoute,
  incoming: Incoming,
): Promise<Reply> {
  await admitFree(gateway, dialect.name, route.endpoint, incoming);
  return jsonReply(await route.answer(await incoming.readBody()));
}

async function admitFree(gateway: Gateway, dialect: string, endpoint: string, incoming: Incoming): Promise<void> {
  const owner = await authenticateHeaders(gateway, incoming);
  planOf(gateway, owner);
  countFree(gateway, owner, dialect, endpoint);
}

/** Counts a free request against the plan's limits. Throws `rate_limit_exceeded`. */
export function countFree(gateway: Gateway, owner: KeyOwner, dialect: string, endpoint: string): void {
  const plan = planOf(gateway, owner);
  const nowMs = gateway.clock.nowMs();
  const retryAtMs = gateway.freeLimits.admit(
    claimsFor(plan, { dialect, endpoint, model: '' }, owner.keyId),
    nowMs,
    gateway.calendar.dayAt(nowMs),
  );
  if (retryAtMs === undefined) return;
  throw limited(retryAtMs, nowMs, undefined);
}
