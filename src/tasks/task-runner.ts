// Runs accepted tasks: bounded, fair between accounts, each ended exactly once.
//
// A task's hold was taken when it was accepted, and its end is written in one commit with the charge. A process that dies
// leaves the task queued with its hold; whoever adopts it runs it again. Retries wait in memory, in the task's own place:
// while a provider is down its tasks wait for it instead of failing one after another.
import { CallError, toCallError } from '../core/errors.ts';
import { failureDetail } from '../core/failure-detail.ts';
import { retryClass } from '../core/routing.ts';
import { crashPoint } from '../crash-point.ts';
import { attemptWhole } from '../pipeline/attempt.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { HeldCall } from '../pipeline/held-call.ts';
import type { ReadyCall } from '../pipeline/stored-call.ts';
import { refuseCall, resumeCall } from '../pipeline/stored-call.ts';
import type { TaskReference } from '../store/store.ts';
import { TaskQueue } from './task-queue.ts';

/** Pauses between tries of one task, where its failure may pass and the provider surely did no work. */
const RETRY_MS = [500, 2_000, 8_000, 30_000] as const;
/** Tries again where the provider may have worked, at the operator's cost. */
const AMBIGUOUS_RETRIES_MAX = 2;
/** A provider may ask for longer pauses than these, but not for longer than this. */
const PAUSE_MAX_MS = 60_000;
/** Calls kept in memory; the tasks of a longer queue are read from the store when their turn comes. */
const READY_MAX = 1_000;
/** Pauses between tries of what the store could not do. */
const STORE_RETRY_MS = [100, 500, 2_000] as const;
/** From so many deaths of a process on, each beginning of a task is counted, in a commit of its own. */
const SUSPECT_RECOVERIES = 3;
/** A task that was begun so often after that is taken for the cause of the deaths. */
const STARTS_MAX = 10;

export class TaskRunner {
  readonly #gateway: () => Gateway;
  readonly #queue: TaskQueue;
  readonly #concurrency: number;
  /** All that wait or run, so that one which is added twice runs once. */
  readonly #known = new Set<number>();
  /** The calls of tasks that have just been accepted, so that a short queue costs no reading. */
  readonly #ready = new Map<number, ReadyCall>();
  readonly #held = new Map<number, HeldCall>();
  readonly #stopped = Promise.withResolvers<void>();
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
  add(task: TaskReference, ready?: ReadyCall): void {
    if (this.#known.has(task.taskId)) return;
    this.#known.add(task.taskId);
    if (ready !== undefined && this.#ready.size < READY_MAX) this.#ready.set(task.taskId, ready);
    this.#queue.add(task);
    this.#fill();
  }

  /** A task was ended from outside: what runs of it is broken off. One that waits is found to have ended by its turn. */
  drop(taskId: number): void {
    this.#ready.delete(taskId);
    this.#held.get(taskId)?.abandon(new CallError('task_cancelled'));
  }

  /** Starts no more tasks, and ends the pauses between tries: those tasks are left to the next process. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  /** Breaks off what still runs, and leaves it to the next process as well. */
  abandon(): void {
    for (const held of this.#held.values()) held.abandon(new CallError('shutting_down'));
  }

  #fill(): void {
    while (!this.#isStopped && this.#running < this.#concurrency) {
      const task = this.#queue.take();
      if (task === undefined) return;
      this.#running += 1;
      this.#run(task)
        .catch((error) => this.#alarm(task, error))
        .finally(() => {
          this.#running -= 1;
          this.#known.delete(task.taskId);
          this.#queue.release(task.accountId);
          this.#fill();
        });
    }
  }

  async #run(task: TaskReference): Promise<void> {
    const gateway = this.#gateway();
    const ready = this.#ready.get(task.taskId) ?? (await this.#resume(gateway, task));
    this.#ready.delete(task.taskId);
    if (ready === undefined || this.#isStopped) return;
    const { callId, admission, context } = ready;
    const held = new HeldCall(gateway, callId, admission, context, { balance: { requests: 0, microRub: 0 } });
    this.#held.set(task.taskId, held);
    crashPoint('task.begun');
    await this.#attempt(gateway, held).finally(() => this.#held.delete(task.taskId));
  }

  /** The call of a task from the store; `undefined` where there is nothing to run. */
  async #resume(gateway: Gateway, task: TaskReference): Promise<ReadyCall | undefined> {
    const work = await this.#insist(task, () => gateway.store.findTaskWork(task.taskId));
    // Cancelled meanwhile, or ended by a process that took this one for dead.
    if (work === undefined) return undefined;
    crashPoint('task.resumed');
    try {
      if (work.starts >= STARTS_MAX) throw new CallError('gateway_restarted');
      if (work.recoveries >= SUSPECT_RECOVERIES)
        await this.#insist(task, () => gateway.store.write({ kind: 'startTask', taskId: task.taskId }));
      return resumeCall(gateway, work);
    } catch (error) {
      this.#alarm(task, error);
      await this.#insist(task, () => refuseCall(gateway, work, toCallError(error).code));
      return undefined;
    }
  }

  async #attempt(gateway: Gateway, held: HeldCall): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.#answer(gateway, held);
        return;
      } catch (thrown) {
        const error = toCallError(thrown);
        if (held.interruption !== undefined) return;
        const pauseMs = pauseBefore(error, tries);
        if (pauseMs === undefined) {
          await fail(held, error);
          return;
        }
        crashPoint('task.pausing');
        const askedMs = Math.min((error.details.retryAfterS ?? 0) * 1000, PAUSE_MAX_MS);
        await this.#pause(Math.max(pauseMs, askedMs));
        if (this.#isStopped) return;
      }
    }
  }

  async #answer(gateway: Gateway, held: HeldCall): Promise<void> {
    const { call } = held.admission;
    if (call.endpoint !== 'chat') throw new CallError('internal_error', { detail: `a task for ${call.endpoint}` });
    const { answer } = await attemptWhole(gateway, held, call);
    crashPoint('task.answered');
    const text = answer.choices[0]?.text ?? answer.choices[0]?.refusal ?? '';
    // Asked again, a model that has nothing to say would hardly say more, and the operator would pay again.
    if (text === '') {
      await fail(held, new CallError('upstream_bad_response', { detail: 'the answer is empty' }));
      return;
    }
    held.isDelivered = true;
    await held.close(undefined, { status: 'completed', result: text, errorCode: null });
    crashPoint('task.ended');
  }

  /** Tries until the store has answered: a task that was forgotten here would wait until the next restart. */
  async #insist<T>(task: TaskReference, ask: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 0; !this.#isStopped; tries++) {
      try {
        return await ask();
      } catch (error) {
        this.#alarm(task, error);
        await this.#pause(STORE_RETRY_MS[Math.min(tries, STORE_RETRY_MS.length - 1)] as number);
      }
    }
    return undefined;
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([this.#gateway().sleep(ms), this.#stopped.promise]);
  }

  #alarm({ taskId }: TaskReference, error: unknown): void {
    this.#gateway().report.alarm('task_runner', { taskId, detail: failureDetail(error) });
  }
}

/** How long to wait before the next try; `undefined` is no other try. */
function pauseBefore(error: CallError, tries: number): number | undefined {
  const kind = retryClass(error.code);
  if (kind === 'final' || (kind === 'ambiguous' && tries >= AMBIGUOUS_RETRIES_MAX)) return undefined;
  return RETRY_MS[tries];
}

/** Ends the task with an error, and gives back what is held for it. */
async function fail(held: HeldCall, error: CallError): Promise<void> {
  held.isDelivered = false;
  await held.close(error, { status: 'failed', result: null, errorCode: error.code });
}
