// Tells customers' servers of the ends of their tasks: at least once, again after growing pauses where a server did not
// take it, and no more after the last of them. What is due is in the store, so a restart forgets nothing.
import { crashPoint } from '../crash-point.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { webhookMessage } from '../pipeline/webhook-message.ts';
import type { DueWebhook } from '../store/store.ts';

/** Pauses before the next try, with the first one at the task's end: about a day in all. */
const PAUSES_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 57_600_000] as const;
const AT_ONCE_MAX = 32;
/** Pauses differ by up to so much, so that a server that was away is not met by all messages at once. */
const JITTER = 0.2;

export class WebhookSender {
  readonly #gateway: () => Gateway;
  #isRunning = false;

  constructor(gateway: () => Gateway) {
    this.#gateway = gateway;
  }

  /** Delivers what is due now. A round that is still running is not joined by a second one. */
  async sendDue(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      const gateway = this.#gateway();
      for (;;) {
        const due = await gateway.store.listDueWebhooks(gateway.clock.nowMs(), AT_ONCE_MAX);
        if (due.length === 0 || gateway.isStopping) return;
        await Promise.all(due.map((one) => this.#send(gateway, one)));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #send(gateway: Gateway, { taskId, keyId, url, tries, dueAtMs }: DueWebhook): Promise<void> {
    const pauseMs = PAUSES_MS[tries];
    const spreadMs = (pauseMs ?? 0) * (1 + JITTER * (2 * gateway.random() - 1));
    const nextDueAtMs = pauseMs === undefined ? null : Math.round(gateway.clock.nowMs() + spreadMs);
    const claimed = await gateway.store.write({ kind: 'claimWebhook', taskId, dueAtMs, nextDueAtMs });
    const task = claimed.kind === 'written' ? await gateway.store.findTask(taskId) : undefined;
    if (task === undefined) return;
    crashPoint('webhook.claimed');
    try {
      const status = await gateway.webhooks.post(url, webhookMessage(gateway, task, keyId));
      if (status < 200 || status >= 300) throw new Error(`it answered ${status}`);
    } catch (error) {
      // The customer's server is the customer's concern, so this is no alarm; what it said is not logged.
      if (nextDueAtMs === null) gateway.report.alarm('webhook_given_up', { taskId, detail: String(error) });
      return;
    }
    crashPoint('webhook.delivered');
    await gateway.store.write({ kind: 'endWebhook', taskId });
    crashPoint('webhook.ended');
  }
}
