// A task's call between its acceptance and its end: kept as text with its hold, and resumed by whichever process runs
// the task.
import type { ChatCall } from '../core/call.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';
import type { Price } from '../core/price.ts';
import type { CallContext, TaskWork } from '../store/store.ts';
import type { Admission } from './admit.ts';
import { admitStored } from './admit.ts';
import type { Gateway } from './gateway.ts';

/** What is kept of a task until it ends: the call as it was admitted, its text already cut, and its price. */
export type StoredCall = {
  readonly dialect: string;
  readonly endpoint: string;
  readonly price: Price;
  readonly call: ChatCall;
};

/** A call that is held and can run: what was admitted a moment ago, or what is resumed from the store. */
export type ReadyCall = { readonly callId: string; readonly admission: Admission; readonly context: CallContext };

/** The text of an admitted call, for its task. */
export function storeCall({ dialect, endpoint, price, call }: StoredCall): string {
  return JSON.stringify({ dialect, endpoint, price, call } satisfies StoredCall);
}

/** The call of a task as it was accepted. Throws where this version cannot read what another has stored. */
export function resumeCall(gateway: Gateway, work: TaskWork): ReadyCall {
  const { dialect, endpoint, price, call } = JSON.parse(work.request) as StoredCall;
  if (price === undefined) throw new CallError('gateway_restarted', { detail: 'the stored task has no price' });
  const owner = {
    keyId: work.context.keyId,
    accountId: work.accountId,
    planId: work.planId,
    revoked: false,
    accountStatus: 'active' as const,
    usesCache: false,
  };
  const { amount, context } = work;
  const accepted = { call, modelName: context.model, price, amount };
  const admission = admitStored(gateway, { owner, dialect, endpoint }, accepted);
  return { callId: work.callId, admission, context };
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
    unpaidAttempts: 0,
    costMicroRub: 0,
    countedTokens: null,
    firstByteMs: null,
    durationMs: Math.max(0, gateway.clock.nowMs() - context.admittedAtMs),
  };
  const taskEnd = { status: 'failed', result: null, errorCode } as const;
  await gateway.store.write({ kind: 'settle', callId, accountId, outcome: 'void', charge: 0, record, taskEnd });
}
