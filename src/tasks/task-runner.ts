// Runs accepted tasks: bounded, fair between accounts, each ended exactly once.
//
// A task's hold was taken when it was accepted, and its end is written in one commit with the charge. A process that dies
// leaves the task queued with its hold; whoever adopts it runs it again. Retries wait in memory: a restart only ends the
// wait early.
import { CallError, toCallError } from '../core/errors.ts';
import { retryClass } from '../core/routing.ts';
import { admitStored } from '../pipeline/admit.ts';
import { attemptWhole } from '../pipeline/attempt.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { HeldCall } from '../pipeline/held-call.ts';
import type { StoredCall } from '../pipeline/serve-task.ts';
import type { TaskReference, TaskWork } from '../store/store.ts';
import { TaskQueue } from './task-queue.ts';

/** Pauses between tries of one task, where its failure may pass. */
const RETRY_MS = [500, 2_000, 8_000, 30_000] as const;
/** A task that was running at so many deaths of a process is taken for their cause. */
const RECOVERIES_MAX = 50;

export class TaskRunner {
  readonly #gateway: () => Gateway;
  readonly #queue: TaskQueue;
  readonly #concurrency: number;
  #running = 0;
  #isStopped = false;

  constructor(gateway: () => Gateway, bounds: { readonly concurrency: number; readonly perAccount: number }) {
    this.#gateway = gateway;
    this.#queue = new TaskQueue(bounds.perAccount);
    this.#concurrency = bounds.concurrency;
  }

  /** Tasks that are accepted and do not run yet. */
  get waiting(): number {
    return this.#queue.size;
  }

  get running(): number {
    return this.#running;
  }

  /** Takes a task that has just been accepted, or one that a dead process left. */
  add(task: TaskReference): void {
    this.#queue.add(task);
    this.#fill();
  }

  /** Starts no more tasks. Those that run go on until the process ends, and are adopted by the next one. */
  stop(): void {
    this.#isStopped = true;
  }

  #fill(): void {
    while (!this.#isStopped && this.#running < this.#concurrency) {
      const task = this.#queue.take();
      if (task === undefined) return;
      this.#running += 1;
      this.#run(task)
        .catch((error) => this.#gateway().report.alarm('task_runner', { taskId: task.taskId, detail: String(error) }))
        .finally(() => {
          this.#running -= 1;
          this.#queue.release(task.accountId);
          this.#fill();
        });
    }
  }

  async #run({ taskId }: TaskReference): Promise<void> {
    const gateway = this.#gateway();
    const work = await gateway.store.findTaskWork(taskId);
    // Cancelled meanwhile, or ended by a process that was thought dead.
    if (work === undefined) return;
    await this.#attempt(gateway, resume(gateway, work), work);
  }

  async #attempt(gateway: Gateway, held: HeldCall, work: TaskWork): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        if (work.recoveries > RECOVERIES_MAX) throw new CallError('gateway_restarted');
        await this.#answer(gateway, held);
        return;
      } catch (thrown) {
        const error = toCallError(thrown);
        const pauseMs = RETRY_MS[tries];
        if (this.#isStopped) return;
        if (retryClass(error.code) === 'final' || pauseMs === undefined) {
          held.isDelivered = false;
          await held.close(error, { status: 'failed', result: null, errorCode: error.code });
          return;
        }
        await gateway.sleep(Math.max(pauseMs, (error.details.retryAfterS ?? 0) * 1000));
      }
    }
  }

  async #answer(gateway: Gateway, held: HeldCall): Promise<void> {
    const { call } = held.admission;
    if (call.endpoint !== 'chat') throw new CallError('internal_error', { detail: `a task for ${call.endpoint}` });
    const { answer } = await attemptWhole(gateway, held, call);
    const text = answer.choices[0]?.text ?? answer.choices[0]?.refusal ?? '';
    if (text === '') throw new CallError('upstream_bad_response', { detail: 'the answer is empty' });
    held.isDelivered = true;
    await held.close(undefined, { status: 'completed', result: text, errorCode: null });
  }
}

/** The held call of a task as it was accepted. */
function resume(gateway: Gateway, work: TaskWork): HeldCall {
  const stored = JSON.parse(work.request) as StoredCall;
  const owner = {
    keyId: work.context.keyId,
    accountId: work.accountId,
    planId: work.planId,
    revoked: false,
    accountStatus: 'active' as const,
  };
  const admission = admitStored(
    gateway,
    { owner, dialect: stored.dialect, endpoint: stored.endpoint },
    stored.call,
    work.amount,
  );
  return new HeldCall(gateway, work.callId, admission, work.context, { balance: { requests: 0, microRub: 0 } });
}
