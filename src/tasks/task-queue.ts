// Which task runs next. Accounts take turns, so that one account's ten thousand tasks do not delay another's one.
import type { TaskReference } from '../store/store.ts';

export class TaskQueue {
  readonly #waiting = new Map<string, Fifo>();
  /** Accounts that have both a waiting task and a free place, in the order of their turns. */
  readonly #turns = new Set<string>();
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
    let waiting = this.#waiting.get(accountId);
    if (waiting === undefined) {
      waiting = new Fifo();
      this.#waiting.set(accountId, waiting);
    }
    waiting.add(taskId);
    this.#size += 1;
    this.#lineUp(accountId);
  }

  /** The next task whose account has a free place; the account then goes to the end of the line. */
  take(): TaskReference | undefined {
    const [accountId] = this.#turns;
    if (accountId === undefined) return undefined;
    this.#turns.delete(accountId);
    const waiting = this.#waiting.get(accountId) as Fifo;
    const taskId = waiting.take();
    if (waiting.size === 0) this.#waiting.delete(accountId);
    this.#running.set(accountId, (this.#running.get(accountId) ?? 0) + 1);
    this.#size -= 1;
    this.#lineUp(accountId);
    return { taskId, accountId };
  }

  /** A task of the account has stopped running, whatever came of it. */
  release(accountId: string): void {
    const running = (this.#running.get(accountId) ?? 1) - 1;
    if (running === 0) this.#running.delete(accountId);
    else this.#running.set(accountId, running);
    this.#lineUp(accountId);
  }

  #lineUp(accountId: string): void {
    if (this.#waiting.has(accountId) && (this.#running.get(accountId) ?? 0) < this.#perAccountMax)
      this.#turns.add(accountId);
  }
}

/** Numbers in their order. Taking the first of a long array would move all the others each time. */
class Fifo {
  #items: number[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  add(item: number): void {
    this.#items.push(item);
  }

  take(): number {
    const item = this.#items[this.#taken] as number;
    this.#taken += 1;
    if (this.#taken >= 1_024 && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }
}
