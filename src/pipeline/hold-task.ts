// Takes the hold of a task and accepts the task, in one commit.
import { CallError } from '../core/errors.ts';
import type { Balance } from '../core/ledger.ts';
import type { LimitState } from '../core/limits.ts';
import { crashPoint } from '../crash-point.ts';
import type { CallContext, IdempotencyKey, NewTask } from '../store/store.ts';
import type { Admission } from './admit.ts';
import type { Gateway } from './gateway.ts';
import { contextOf, writeHold } from './take-hold.ts';

/** A task that an earlier request with the same name has made. Nothing was held. */
export type RepeatedTask = { readonly isRepeated: true; readonly taskId: number };

export type AcceptedTask = {
  readonly taskId: number;
  readonly balance: Balance;
  readonly limit: LimitState | undefined;
  readonly context: CallContext;
};

/** Takes the hold of a task and accepts the task, in one commit. */
export async function holdTask(
  gateway: Gateway,
  callId: string,
  admission: Admission,
  task: NewTask,
  name: IdempotencyKey | undefined,
): Promise<AcceptedTask | RepeatedTask> {
  const context = contextOf(gateway, admission);
  const outcome = await writeHold(gateway, callId, admission, context, { task, name });
  if (outcome.kind === 'answered')
    throw new CallError('internal_error', { detail: 'the name of a task stands for a call' });
  if (outcome.kind === 'repeated') {
    // The earlier task may have been forgotten sooner than the name.
    if (outcome.taskId === undefined) throw new CallError('task_not_found');
    return { isRepeated: true, taskId: outcome.taskId };
  }
  crashPoint('task.accepted');
  const { taskId, balance, limit } = outcome;
  if (taskId === undefined) throw new CallError('internal_error', { detail: 'a task was held but not accepted' });
  return { taskId, balance, limit, context };
}
