// How a hold ends whose process can no longer end it: it is voided, nothing is charged, and a record says why.
import type { ErrorCode } from '../core/errors.ts';
import type { SettleOperation } from '../core/ledger.ts';
import type { CallContext, CallRecord, IdempotencyKey, NewTask, TaskEnd } from './store.ts';

const UNSERVED = {
  provider: null,
  upstreamModel: null,
  usage: null,
  status: 503,
  attempts: 0,
  firstByteMs: null,
} as const;

/** An open hold with what was known of its call. */
export type OrphanedHold = {
  readonly callId: string;
  readonly accountId: string;
  readonly context: CallContext;
  readonly task?: NewTask;
  /** The client's name for it, which is free again: also that of a task, where its client was told of a failure. */
  readonly idempotency?: IdempotencyKey;
};

/** The operation that voids it. */
export function voidOrphan(
  hold: OrphanedHold,
  nowMs: number,
  errorCode: ErrorCode = 'gateway_restarted',
): SettleOperation & { readonly record: CallRecord; readonly taskEnd?: TaskEnd } {
  const durationMs = Math.max(0, nowMs - hold.context.admittedAtMs);
  const { callId, accountId, idempotency } = hold;
  const name = idempotency === undefined ? {} : { idempotencyKey: idempotency.key };
  const record: CallRecord = { ...hold.context, ...name, ...UNSERVED, errorCode, durationMs };
  const voided = { kind: 'settle', callId, accountId, outcome: 'void', charge: 0, record } as const;
  return hold.task === undefined ? voided : { ...voided, taskEnd: { status: 'failed', result: null, errorCode } };
}
