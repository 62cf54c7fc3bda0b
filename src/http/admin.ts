// The operator's HTTP interface under /admin/v1, which the CLI is a client of. One token opens it; it takes no cookies
// and no cross-origin calls. Every answer is built field by field, so that no row can leak what it should not show.
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { describeIssues } from '../config.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { sumBalance } from '../core/ledger.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { Account } from '../store/store.ts';
import { COST_ROUTES } from './admin-costs.ts';
import { KEY_ROUTES } from './admin-keys.ts';
import { PLAN_ROUTES, requirePlan } from './admin-plans.ts';
import type { AdminRoute, Params } from './admin-route.ts';
import { showAccount, showTask } from './admin-views.ts';
import { findAccount, noAccount } from './find-account.ts';
import { queryOf, readBody } from './request.ts';

const BODY_BYTES_MAX = 128 * 1024;
const MICRO_RUB_PER_RUB = 1_000_000;

const text = z.string().trim().min(1).max(200);
const accountBody = z.strictObject({ email: z.email().max(200), plan: text.default('free') });
const accountChange = z.strictObject({ plan: text.optional(), status: z.enum(['active', 'blocked']).optional() });
const grantBody = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000_000_000).optional(),
    /** Roubles as a decimal text, so that no kopeck is lost to binary fractions. */
    rub: z
      .string()
      .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be roubles such as 100 or 99.90')
      .optional(),
    expires: z.iso
      .date()
      .or(z.iso.datetime({ offset: true }))
      .optional(),
    grantId: z
      .string()
      .regex(/^[\w:.-]{1,100}$/)
      .optional(),
    source: text.default('admin'),
  })
  .refine((body) => (body.requests === undefined) !== (body.rub === undefined), 'give either requests or rub');

const ROUTES: readonly AdminRoute[] = [
  { method: 'POST', path: /^accounts$/, handle: createAccount },
  {
    method: 'GET',
    path: /^accounts$/,
    handle: async (gateway) => ({ accounts: (await gateway.store.listAccounts(1000)).map(showAccount) }),
  },
  {
    method: 'GET',
    path: /^accounts\/(?<account>[\w-]+)$/,
    handle: async (gateway, { account }) => showAccount(await findAccount(gateway, account)),
  },
  { method: 'PATCH', path: /^accounts\/(?<account>[\w-]+)$/, handle: updateAccount },
  { method: 'POST', path: /^accounts\/(?<account>[\w-]+)\/grants$/, handle: grant },
  { method: 'GET', path: /^accounts\/(?<account>[\w-]+)\/balance$/, handle: balance },
  { method: 'GET', path: /^accounts\/(?<account>[\w-]+)\/usage$/, handle: usage },
  ...PLAN_ROUTES,
  { method: 'GET', path: /^tasks\/(?<task>\d{1,15})$/, handle: findTask },
  { method: 'GET', path: /^models$/, handle: listModels },
  ...KEY_ROUTES,
  ...COST_ROUTES,
  { method: 'POST', path: /^audit$/, handle: (gateway) => gateway.store.audit() },
  { method: 'GET', path: /^status$/, handle: status },
];

export class AdminApi {
  readonly #gateway: Gateway;
  readonly #token: Uint8Array;

  constructor(gateway: Gateway, token: string) {
    this.#gateway = gateway;
    this.#token = digest(token);
  }

  /** @param path what follows `/admin/v1/`. */
  async answer(request: Request, path: string): Promise<Response> {
    try {
      const given = (request.headers.get('authorization') ?? '').replace(/^Bearer\s+/i, '');
      if (!timingSafeEqual(digest(given), this.#token)) throw new CallError('admin_only');
      for (const route of ROUTES) {
        const match = route.method === request.method ? route.path.exec(path) : null;
        if (match === null) continue;
        const query = queryOf(request.url);
        return reply(200, await route.handle(this.#gateway, match.groups ?? {}, await readJson(request), query));
      }
      throw new CallError('not_found');
    } catch (thrown) {
      const error =
        thrown instanceof z.ZodError
          ? new CallError('invalid_field', { message: describeIssues(thrown, 'the request').join('; ') })
          : toCallError(thrown);
      if (error.code === 'internal_error')
        this.#gateway.report.alarm('internal_error', { endpoint: `admin ${path}`, detail: error.details.detail });
      return reply(error.status, { error: { code: error.code, message: error.text('en') } });
    }
  }
}

async function createAccount(gateway: Gateway, _: Params, body: unknown): Promise<unknown> {
  const { email, plan } = accountBody.parse(body);
  requirePlan(gateway, plan);
  const account: Account = {
    accountId: `acc_${gateway.newCallId().replaceAll('-', '')}`,
    email,
    planId: plan,
    status: 'active',
    createdAtMs: gateway.clock.nowMs(),
  };
  const outcome = await gateway.store.write({ kind: 'createAccount', account });
  if (outcome.kind === 'conflict')
    throw new CallError('invalid_field', {
      param: 'email',
      status: 409,
      message: `There is an account with the e-mail ${email} already.`,
    });
  return showAccount(account);
}

async function updateAccount(gateway: Gateway, { account = '' }: Params, body: unknown): Promise<unknown> {
  const change = accountChange.parse(body);
  if (change.plan !== undefined) requirePlan(gateway, change.plan);
  const outcome = await gateway.store.write({
    kind: 'updateAccount',
    accountId: account,
    ...(change.plan === undefined ? {} : { planId: change.plan }),
    ...(change.status === undefined ? {} : { status: change.status }),
  });
  if (outcome.kind === 'missing') throw noAccount(account);
  gateway.keys.forget();
  return showAccount(await findAccount(gateway, account));
}

async function grant(gateway: Gateway, { account = '' }: Params, body: unknown): Promise<unknown> {
  const { requests, rub, expires, grantId, source } = grantBody.parse(body);
  if (rub !== undefined && expires !== undefined)
    throw new CallError('invalid_field', {
      param: 'expires',
      message: 'Money does not expire; give --expires with --requests only.',
    });
  await findAccount(gateway, account);
  const expiresAtMs = expires === undefined ? null : endOf(gateway, expires);
  const unit = rub === undefined ? 'requests' : 'microRub';
  const amount = rub === undefined ? (requests as number) : microRub(rub);
  if (amount === 0) throw new CallError('invalid_field', { param: 'rub', message: 'The amount must be more than 0.' });
  const id = grantId ?? gateway.newCallId();
  const bucketKind = rub === undefined ? 'pack' : 'wallet';
  const outcome = await gateway.store.write({
    kind: 'grant',
    grantId: id,
    accountId: account,
    bucketKind,
    unit,
    amount,
    expiresAtMs,
    source,
  });
  if (outcome.kind === 'grant_mismatch')
    throw new CallError('idempotency_mismatch', {
      param: 'grantId',
      message: 'This id is that of an earlier grant of something else, and nothing was added.',
    });
  if (outcome.kind !== 'granted') throw new CallError('internal_error', { detail: `a grant answered ${outcome.kind}` });
  return { id, ...(await balance(gateway, { account })) };
}

async function balance(
  gateway: Gateway,
  { account: accountId = '' }: Params,
): Promise<{ requests: number; units: number; microRub: number; buckets: unknown }> {
  const account = await findAccount(gateway, accountId);
  const dailyRequests = gateway.plans.find(account.planId)?.dailyRequests ?? 0;
  const buckets = await gateway.store.listBuckets(accountId, dailyRequests, gateway.clock.nowMs());
  const left = sumBalance(buckets);
  return { requests: left.requests, units: Math.floor(left.requests / 2), microRub: left.microRub, buckets };
}

async function usage(gateway: Gateway, { account = '' }: Params, _: unknown, query: URLSearchParams): Promise<unknown> {
  await findAccount(gateway, account);
  const limit = Math.min(1000, Math.max(1, Number(query.get('limit') ?? 50) || 50));
  return { calls: await gateway.store.listUsage(account, limit, query.get('before') ?? undefined) };
}

async function findTask(gateway: Gateway, { task: taskId = '' }: Params): Promise<unknown> {
  const task = await gateway.store.findTask(Number(taskId));
  if (task === undefined) throw new CallError('not_found', { message: `There is no task ${taskId}.` });
  return showTask(task);
}

async function listModels(gateway: Gateway): Promise<unknown> {
  return {
    models: gateway.models.list().map((model) => ({
      name: model.name,
      ownedBy: model.ownedBy,
      active: model.routes.length > 0,
      targets: model.routes.map((route) => ({
        provider: route.target.providerName,
        model: route.target.upstreamModel,
      })),
    })),
  };
}

async function status(gateway: Gateway): Promise<unknown> {
  return {
    providers: gateway.models.providerNames(),
    openCalls: gateway.open.size,
    stopping: gateway.isStopping,
    storeAnswers: await gateway.store.ping(),
    dataDir: gateway.config.dataDir,
    publicUrl: gateway.config.publicUrl,
    timeZone: gateway.config.timeZone,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** A date means the end of that day in the configured zone; a date with a time means that moment. */
function endOf(gateway: Gateway, expires: string): number {
  const atMs = expires.includes('T') ? Date.parse(expires) : gateway.calendar.endOf(expires);
  if (atMs <= gateway.clock.nowMs())
    throw new CallError('invalid_field', { param: 'expires', message: 'The expiry lies in the past.' });
  return atMs;
}

function microRub(rub: string): number {
  const [whole = '0', fraction = ''] = rub.split('.');
  return Number(whole) * MICRO_RUB_PER_RUB + Number(fraction.padEnd(6, '0'));
}

async function readJson(request: Request): Promise<unknown> {
  if (request.method === 'GET' || request.method === 'DELETE') return undefined;
  const body = (await readBody(request, { maxBytes: BODY_BYTES_MAX })).text;
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new CallError('invalid_json');
  }
}

/** Both sides of the comparison get one length, whatever was given. */
function digest(token: string): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(token).digest();
}

function reply(status: number, body: unknown): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
