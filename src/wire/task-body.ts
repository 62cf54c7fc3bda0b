// A task in our own shape, as `/v1/tasks` answers it and webhooks carry it.
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';

/** A task as its owner may see it. */
export type TaskDetails = {
  readonly taskId: number;
  readonly status: 'queued' | 'completed' | 'failed';
  readonly result: string | null;
  readonly errorCode: ErrorCode | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
};

export type TaskBody = {
  readonly id: number;
  readonly object: 'task';
  readonly status: 'queued' | 'completed' | 'failed' | 'cancelled';
  /** Seconds since 1970. */
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly result: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
};

export function taskBody(task: TaskDetails): TaskBody {
  return {
    id: task.taskId,
    object: 'task',
    // A task that was cancelled has failed for a reason of its own.
    status: task.errorCode === 'task_cancelled' ? 'cancelled' : task.status,
    created_at: Math.floor(task.createdAtMs / 1000),
    ended_at: task.endedAtMs === null ? null : Math.floor(task.endedAtMs / 1000),
    result: task.result,
    error: task.errorCode === null ? null : { code: task.errorCode, message: new CallError(task.errorCode).text('en') },
  };
}
