// Tells the operations on plain records (accounts, keys, plans) from those of the ledger.
import type { WriteOperation } from './store.ts';

export type LedgerWrite = Extract<WriteOperation, { kind: 'hold' | 'settle' | 'grant' }>;
export type RecordOperation = Exclude<WriteOperation, LedgerWrite>;

export function isRecordOperation(operation: WriteOperation): operation is RecordOperation {
  return operation.kind !== 'hold' && operation.kind !== 'settle' && operation.kind !== 'grant';
}

/** Tasks that one operation forgets, so that it does not keep others waiting. */
export const PURGE_MAX = 5_000;

/** The account that an operation belongs to. */
export function accountOf(operation: WriteOperation): string | undefined {
  switch (operation.kind) {
    case 'createAccount':
      return operation.account.accountId;
    case 'createKey':
      return operation.key.accountId;
    case 'updateKey':
    case 'revokeKey':
    case 'purgeTasks':
    case 'startTask':
    case 'claimWebhook':
    case 'endWebhook':
    case 'putPlan':
    case 'addCostBook':
      return undefined;
    default:
      return operation.accountId;
  }
}

/** Whether the amounts of an operation are what the ledger reckons in: safe integers that are not negative. */
export function hasSoundAmounts(operation: WriteOperation): boolean {
  switch (operation.kind) {
    case 'hold':
      return isAmount(operation.amount) && isAmount(operation.dailyRequests);
    case 'settle':
      return isAmount(operation.charge);
    case 'grant':
      return isAmount(operation.amount);
    default:
      return true;
  }
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
