// Routes that cost nothing and write nothing: balance, models and tokens. Their limits are counted in memory,
// so that fifteen thousand polls a minute cost no write.
import { sumBalance } from '../core/ledger.ts';
import type { BalanceRoute, Dialect, ModelRoute, ModelsRoute, TokenizeRoute } from '../dialects/dialect.ts';
import type { KeyOwner } from '../store/store.ts';
import type { Asked } from './admit.ts';
import { claimsOf, planOf } from './admit.ts';
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
  countFree(gateway, askedBy(owner, dialect.name, route.endpoint, incoming));
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

export async function serveTokens(
  gateway: Gateway,
  dialect: Dialect,
  route: TokenizeRoute,
  incoming: Incoming,
): Promise<Reply> {
  await admitFree(gateway, dialect.name, route.endpoint, incoming);
  return jsonReply(await route.answer(await incoming.readBody()));
}

/** Who may use a free route, counted. Throws the refusals of keys, plans and limits. */
export async function admitFree(
  gateway: Gateway,
  dialect: string,
  endpoint: string,
  incoming: Incoming,
): Promise<void> {
  const owner = await authenticateHeaders(gateway, incoming);
  countFree(gateway, askedBy(owner, dialect, endpoint, incoming));
}

function askedBy(owner: KeyOwner, dialect: string, endpoint: string, { connection }: Incoming): Asked {
  return { owner, dialect, endpoint, address: connection.address };
}

/** Counts a free request against the plan's limits. Throws `rate_limit_exceeded`. */
export function countFree(gateway: Gateway, asked: Asked): void {
  const plan = planOf(gateway, asked.owner);
  const nowMs = gateway.clock.nowMs();
  const retryAtMs = gateway.freeLimits.admit(claimsOf(gateway, plan, asked, ''), nowMs, gateway.calendar.dayAt(nowMs));
  if (retryAtMs === undefined) return;
  throw limited(retryAtMs, nowMs, undefined);
}
