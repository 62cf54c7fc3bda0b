// What a webhook says of a task's end, and how it is signed.
import { createHmac } from 'node:crypto';
import type { TaskRow } from '../store/store.ts';
import { taskBody } from '../wire/task-body.ts';
import type { Gateway } from './gateway.ts';
import { detailsOf } from './serve-submitted-task.ts';

export type WebhookMessage = { readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** The time is part of what is signed, so that a message which was overheard cannot be used again later. */
export function webhookMessage(gateway: Gateway, task: TaskRow, keyId: string): WebhookMessage {
  const told = taskBody(detailsOf(task));
  const body = JSON.stringify({ type: `task.${told.status}`, task: told });
  const atS = Math.floor(gateway.clock.nowMs() / 1000);
  const signature = createHmac('sha256', gateway.webhooks.secretOf(keyId)).update(`${atS}.${body}`).digest('hex');
  return {
    body,
    headers: { 'content-type': 'application/json', 'x-tolmach-signature': `t=${atS},v1=${signature}` },
  };
}
