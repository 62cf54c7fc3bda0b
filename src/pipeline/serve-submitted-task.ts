// Our own tasks: submitted with a name that makes repetitions harmless, shown, cancelled, and told of by webhook.
import { CallError, readErrorCode } from '../core/errors.ts';
import { crashPoint } from '../crash-point.ts';
import type {
  CancelTaskRoute,
  Dialect,
  ShowTaskRoute,
  SubmitTaskRoute,
  TaskSubmission,
  WebhookSecretRoute,
} from '../dialects/dialect.ts';
import type { NewTask, TaskRow } from '../store/store.ts';
import type { TaskDetails } from '../wire/task-body.ts';
import { admitChat, askedBy, planOf } from './admit.ts';
import { authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { chargeHeaders, limitHeaders } from './headers.ts';
import { holdTask } from './hold-task.ts';
import { nameOf, REPLAYED } from './idempotency.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';
import { countFree } from './serve-free.ts';
import { callOfMode } from './serve-task.ts';
import { refuseCall, storeCall } from './stored-call.ts';

export async function serveTaskSubmission(
  gateway: Gateway,
  dialect: Dialect,
  route: SubmitTaskRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  planOf(gateway, owner);
  const body = await incoming.readBody(owner.accountId);
  const submission = route.read(
    body,
    gateway.modes.map((mode) => mode.id),
  );
  if (gateway.tasks.waiting >= gateway.config.tasks.maxWaiting) throw new CallError('overloaded', { retryAfterS: 5 });
  const { call, ownMessages } = wantedCall(gateway, submission);
  const admission = admitChat(gateway, { ...askedBy(owner, dialect, route, incoming), ownMessages }, call);
  const task: NewTask = {
    request: storeCall(admission),
    ...webhookOf(gateway, submission, owner.keyId),
  };
  const name = nameOf(gateway, owner, dialect, route, incoming, body);
  const accepted = await holdTask(gateway, incoming.callId, admission, task, name);
  if ('isRepeated' in accepted) {
    const earlier = await gateway.store.findTask(accepted.taskId);
    if (earlier === undefined) throw new CallError('task_not_found');
    return jsonReply(route.render(detailsOf(earlier)), REPLAYED);
  }
  const { taskId, balance, limit, context } = accepted;
  gateway.tasks.add({ taskId, accountId: owner.accountId }, { callId: incoming.callId, admission, context });
  crashPoint('task.queued');
  const { admittedAtMs: createdAtMs } = context;
  const fresh = { taskId, status: 'queued', result: null, errorCode: null, createdAtMs, endedAtMs: null } as const;
  return jsonReply(
    { ...route.render(fresh), status: 202 },
    { ...chargeHeaders(admission, admission.amount, balance), ...limitHeaders(limit) },
  );
}

export async function serveTaskDetails(
  gateway: Gateway,
  dialect: Dialect,
  route: ShowTaskRoute,
  incoming: Incoming,
): Promise<Reply> {
  return jsonReply(route.render(detailsOf(await ownTask(gateway, dialect, route, incoming))));
}

/** Ends a task that has not ended. Whoever is first counts: a task that completes meanwhile stays completed. */
export async function serveTaskCancellation(
  gateway: Gateway,
  dialect: Dialect,
  route: CancelTaskRoute,
  incoming: Incoming,
): Promise<Reply> {
  const { taskId } = await ownTask(gateway, dialect, route, incoming);
  const work = await gateway.store.findTaskWork(taskId, 'anybody');
  if (work !== undefined) {
    crashPoint('task.cancelling');
    await refuseCall(gateway, work, 'task_cancelled');
    crashPoint('task.cancelled');
    gateway.tasks.drop(taskId);
  }
  const task = await gateway.store.findTask(taskId);
  if (task === undefined) throw new CallError('task_not_found');
  return jsonReply(route.render(detailsOf(task)));
}

export async function serveWebhookSecret(
  gateway: Gateway,
  dialect: Dialect,
  route: WebhookSecretRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  return jsonReply(route.render(gateway.webhooks.secretOf(owner.keyId)));
}

async function ownTask(
  gateway: Gateway,
  dialect: Dialect,
  route: ShowTaskRoute | CancelTaskRoute,
  incoming: Incoming,
): Promise<TaskRow> {
  const owner = await authenticateHeaders(gateway, incoming);
  countFree(gateway, askedBy(owner, dialect, route, incoming));
  const taskId = /^[1-9]\d{0,15}$/.test(incoming.rest) ? Number(incoming.rest) : Number.NaN;
  const task = Number.isSafeInteger(taskId) ? await gateway.store.findTask(taskId) : undefined;
  // Another account's task is told exactly as one that does not exist.
  if (task === undefined || task.accountId !== owner.accountId) throw new CallError('task_not_found');
  return task;
}

export function detailsOf(task: TaskRow): TaskDetails {
  return { ...task, errorCode: readErrorCode(task.errorCode) };
}

function wantedCall(gateway: Gateway, submission: TaskSubmission) {
  if ('asked' in submission) return callOfMode(gateway, submission.asked);
  return { call: submission.call, ownMessages: 0 };
}

function webhookOf(gateway: Gateway, { webhookUrl }: TaskSubmission, keyId: string): Pick<NewTask, 'webhook'> {
  if (webhookUrl === undefined) return {};
  const problem = gateway.webhooks.problemOf(webhookUrl);
  if (problem !== undefined) throw new CallError('invalid_field', { param: 'webhook_url', message: problem });
  return { webhook: { url: webhookUrl, keyId } };
}
