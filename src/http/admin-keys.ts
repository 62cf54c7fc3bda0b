// The operator's side of keys: they are made, shown without what opens the door, changed and revoked. What changes is in
// effect at once in this process, and within a second in others.
import { z } from 'zod';
import { CallError } from '../core/errors.ts';
import { displayKey, formatKey } from '../core/key-format.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { Key } from '../store/store.ts';
import type { AdminRoute, Params } from './admin-route.ts';
import { showKey } from './admin-views.ts';
import { findAccount, noAccount } from './find-account.ts';

/** Whether calls that say nothing of it may be answered from the response cache. */
const cache = z.enum(['on', 'off']);
const keyBody = z.strictObject({
  name: z.string().trim().min(1).max(200).default('default'),
  cache: cache.default('off'),
});
const keyChange = z.strictObject({ cache });

export const KEY_ROUTES: readonly AdminRoute[] = [
  { method: 'POST', path: /^accounts\/(?<account>[\w-]+)\/keys$/, handle: createKey },
  { method: 'GET', path: /^accounts\/(?<account>[\w-]+)\/keys$/, handle: listKeys },
  { method: 'PATCH', path: /^keys\/(?<key>[\w-]+)$/, handle: updateKey },
  { method: 'DELETE', path: /^keys\/(?<key>[\w-]+)$/, handle: revokeKey },
];

async function createKey(gateway: Gateway, { account = '' }: Params, body: unknown): Promise<unknown> {
  const { name, cache } = keyBody.parse(body ?? {});
  const secret = formatKey(crypto.getRandomValues(new Uint8Array(20)));
  const key: Key = {
    keyId: `key_${gateway.newCallId().replaceAll('-', '')}`,
    accountId: account,
    name,
    display: displayKey(secret),
    createdAtMs: gateway.clock.nowMs(),
    revokedAtMs: null,
    usesCache: cache === 'on',
  };
  const outcome = await gateway.store.write({ kind: 'createKey', key, hmac: gateway.keys.hmac(secret) });
  if (outcome.kind === 'missing') throw noAccount(account);
  gateway.keys.forget();
  // The only moment at which the key itself is shown.
  return { ...showKey(key), key: secret };
}

async function listKeys(gateway: Gateway, { account = '' }: Params): Promise<unknown> {
  await findAccount(gateway, account);
  return { keys: (await gateway.store.listKeys(account)).map(showKey) };
}

async function updateKey(gateway: Gateway, { key = '' }: Params, body: unknown): Promise<unknown> {
  const change = keyChange.parse(body);
  const outcome = await gateway.store.write({ kind: 'updateKey', keyId: key, usesCache: change.cache === 'on' });
  if (outcome.kind === 'missing') throw noKey(key);
  gateway.keys.forget();
  return { id: key, cache: change.cache };
}

async function revokeKey(gateway: Gateway, { key = '' }: Params): Promise<unknown> {
  const outcome = await gateway.store.write({ kind: 'revokeKey', keyId: key, revokedAtMs: gateway.clock.nowMs() });
  if (outcome.kind === 'missing') throw noKey(key);
  gateway.keys.forget();
  return { id: key, revoked: true };
}

function noKey(keyId: string): CallError {
  return new CallError('not_found', { message: `There is no key ${keyId}.` });
}
