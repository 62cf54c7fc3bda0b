// What the operator's interface shows of rows, field by field, so that no row can leak what it should not show.
import type { Account, Key, TaskRow } from '../store/store.ts';

export function showAccount(account: Account): unknown {
  return {
    id: account.accountId,
    email: account.email,
    plan: account.planId,
    status: account.status,
    createdAt: new Date(account.createdAtMs).toISOString(),
  };
}

export function showKey(key: Key): Record<string, unknown> {
  return {
    id: key.keyId,
    account: key.accountId,
    name: key.name,
    display: key.display,
    cache: key.usesCache ? 'on' : 'off',
    createdAt: new Date(key.createdAtMs).toISOString(),
    revokedAt: key.revokedAtMs === null ? null : new Date(key.revokedAtMs).toISOString(),
  };
}

export function showTask(task: TaskRow): unknown {
  return {
    id: task.taskId,
    status: task.status,
    account: task.accountId,
    call: task.callId,
    error: task.errorCode,
    createdAt: new Date(task.createdAtMs).toISOString(),
    endedAt: task.endedAtMs === null ? null : new Date(task.endedAtMs).toISOString(),
  };
}
