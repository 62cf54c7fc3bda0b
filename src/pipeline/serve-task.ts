// Tasks: a client creates one, then polls for its answer. Creating holds the price, keeps the call and answers at once;
// the task runner does the rest. Polling reads one row and writes nothing.
import type { ChatCall } from '../core/call.ts';
import { CallError, readErrorCode } from '../core/errors.ts';
import { findMode, messagesForMode } from '../core/modes.ts';
import type { CreateTaskRoute, Dialect, ReadTaskRoute, TaskRequest } from '../dialects/dialect.ts';
import { admitChat, askedBy, planOf } from './admit.ts';
import { authenticateBody, keyFromHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { chargeHeaders, limitHeaders } from './headers.ts';
import { holdTask } from './hold-task.ts';
import { balanceNow, nameOf, replayHeaders } from './idempotency.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';
import { countFree } from './serve-free.ts';
import { storeCall } from './stored-call.ts';

export async function serveTaskCreation(
  gateway: Gateway,
  dialect: Dialect,
  route: CreateTaskRoute,
  incoming: Incoming,
): Promise<Reply> {
  const body = await incoming.readBody();
  const key = route.readKey(body);
  const hasKey = key !== undefined || keyFromHeaders(incoming.headers) !== undefined;
  const asked = route.read(
    body,
    gateway.modes.map((mode) => mode.id),
    hasKey,
  );
  const owner = await authenticateBody(gateway, incoming, key);
  planOf(gateway, owner);
  if (gateway.tasks.waiting >= gateway.config.tasks.maxWaiting) throw new CallError('overloaded', { retryAfterS: 5 });
  const { call, ownMessages } = callOfMode(gateway, asked);
  const admission = admitChat(gateway, { ...askedBy(owner, dialect, route, incoming), ownMessages }, call);
  const name = nameOf(gateway, owner, dialect, route, incoming, body);
  const accepted = await holdTask(gateway, incoming.callId, admission, { request: storeCall(admission) }, name);
  if ('isRepeated' in accepted) {
    const balance = await balanceNow(gateway, admission);
    return jsonReply(route.render(accepted.taskId, balance), await replayHeaders(gateway, admission));
  }
  const { taskId, balance, limit, context } = accepted;
  const ready = { callId: incoming.callId, admission, context };
  gateway.tasks.add({ taskId, accountId: owner.accountId }, ready);
  return jsonReply(route.render(taskId, balance), {
    ...chargeHeaders(admission, admission.amount, balance),
    ...limitHeaders(limit),
  });
}

export async function serveTaskStatus(
  gateway: Gateway,
  dialect: Dialect,
  route: ReadTaskRoute,
  incoming: Incoming,
): Promise<Reply> {
  const body = await incoming.readBody();
  const owner = await authenticateBody(gateway, incoming, route.readKey(body));
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  const task = await gateway.store.findTask(route.readTaskId(body));
  // Another account's task is told exactly as one that does not exist.
  if (task === undefined || task.accountId !== owner.accountId) throw new CallError('task_not_found');
  return jsonReply(
    route.render({
      taskId: task.taskId,
      status: task.status,
      result: task.result,
      errorCode: readErrorCode(task.errorCode),
    }),
  );
}

/** The mode's prompt and the text, for the model that serves tasks. */
export function callOfMode(gateway: Gateway, asked: TaskRequest): { call: ChatCall; ownMessages: number } {
  const mode = findMode(gateway.modes, asked.modeId);
  if (mode === undefined) throw new CallError('invalid_field', { param: 'mode' });
  const messages = messagesForMode(mode, asked.text);
  const call: ChatCall = {
    endpoint: 'chat',
    model: gateway.config.tasks.model,
    messages,
    options: {},
    stream: false,
    includeUsage: false,
    extra: {},
  };
  return { call, ownMessages: messages.length - 1 };
}
