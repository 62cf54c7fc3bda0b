// Tells the operations on plain records (accounts, keys, plans) from those of the ledger.
import type { WriteOperation } from './store.ts';

export type LedgerWrite = Extract<WriteOperation, { kind: 'hold' | 'settle' | 'grant' }>;
export type RecordOperation = Exclude<WriteOperation, LedgerWrite>;

export function isRecordOperation(operation: WriteOperation): operation is RecordOperation {
  return operation.kind !== 'hold' && operation.kind !== 'settle' && operation.kind !== 'grant';
}
