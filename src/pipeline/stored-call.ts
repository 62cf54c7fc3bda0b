// A task's call between its acceptance and its end: kept as text with its hold, and resumed by whichever process runs
// the task.
import type { ChatCall } from '../core/call.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';
import type { TaskWork } from '../store/store.ts';
import { admitStored } from './admit.ts';
import type { Gateway } from './gateway.ts';
import { HeldCall } from './held-call.ts';

/** What is kept of a task until it ends: the call as it was admitted, its text already cut. */
export type StoredCall = { readonly dialect: string; readonly endpoint: string; readonly call: ChatCall };

/** The held call of a task as it was accepted. Throws where this version cannot read what another has stored. */
export function resumeCall(gateway: Gateway, work: TaskWork): HeldCall {
  const stored = JSON.parse(work.request) as StoredCall;
  const owner = {
    keyId: work.context.keyId,
    accountId: work.accountId,
    planId: work.planId,
    revoked: false,
    accountStatus: 'active' as const,
  };
  const asked = { owner, dialect: stored.dialect, endpoint: stored.endpoint };
  const admission = admitStored(gateway, asked, stored.call, work.amount);
  return new HeldCall(gateway, work.callId, admission, work.context, { balance: { requests: 0, microRub: 0 } });
}

/** Ends a task that cannot even be resumed: its hold is voided, in the commit that tells why. */
export async function refuseCall(gateway: Gateway, work: TaskWork, errorCode: ErrorCode): Promise<void> {
  const { callId, accountId, context } = work;
  const record = {
    ...context,
    provider: null,
    upstreamModel: null,
    usage: null,
    status: new CallError(errorCode).status,
    errorCode,
    attempts: 0,
    firstByteMs: null,
    durationMs: Math.max(0, gateway.clock.nowMs() - context.admittedAtMs),
  };
  const taskEnd = { status: 'failed', result: null, errorCode } as const;
  await gateway.store.write({ kind: 'settle', callId, accountId, outcome: 'void', charge: 0, record, taskEnd });
}
