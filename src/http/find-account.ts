// The account that a path of the operator's interface names.
import { CallError } from '../core/errors.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { Account } from '../store/store.ts';

export async function findAccount(gateway: Gateway, accountId = ''): Promise<Account> {
  const account = await gateway.store.findAccount(accountId);
  if (account === undefined) throw noAccount(accountId);
  return account;
}

export function noAccount(accountId: string): CallError {
  return new CallError('not_found', { message: `There is no account ${accountId}.` });
}
