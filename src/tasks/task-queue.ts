// Which task runs next. Accounts take turns, so that one account's ten thousand tasks do not delay another's one.
import type { TaskReference } from '../store/store.ts';

export class TaskQueue {
  /** Accounts with waiting tasks, in the order of their turns; a Map keeps insertion order. */
  readonly #turns = new Map<string, number[]>();
  readonly #running = new Map<string, number>();
  readonly #perAccountMax: number;
  #size = 0;

  /** @param perAccountMax how many tasks of one account may run at once. */
  constructor(perAccountMax: number) {
    this.#perAccountMax = perAccountMax;
  }

  get size(): number {
    return this.#size;
  }

  add({ taskId, accountId }: TaskReference): void {
    const waiting = this.#turns.get(accountId);
    if (waiting === undefined) this.#turns.set(accountId, [taskId]);
    else waiting.push(taskId);
    this.#size += 1;
  }

  /** The next task whose account has a free place; the account then goes to the end of the line. */
  take(): TaskReference | undefined {
    for (const [accountId, waiting] of this.#turns) {
      const running = this.#running.get(accountId) ?? 0;
      if (running >= this.#perAccountMax) continue;
      const taskId = waiting.shift() as number;
      this.#turns.delete(accountId);
      if (waiting.length > 0) this.#turns.set(accountId, waiting);
      this.#running.set(accountId, running + 1);
      this.#size -= 1;
      return { taskId, accountId };
    }
    return undefined;
  }

  /** A task of the account has stopped running, whatever came of it. */
  release(accountId: string): void {
    const running = (this.#running.get(accountId) ?? 1) - 1;
    if (running === 0) this.#running.delete(accountId);
    else this.#running.set(accountId, running);
  }
}
