// How an outbound request is told to end. It does what an `AbortController` does with its signal, as one plain object:
// the runtime's own pair costs more than 2 us, and each attempt of each call needs one.

/** What a request needs to know of its end. An `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Why, once it is aborted. */
  readonly reason: unknown;
  /** Throws the reason if it is aborted. */
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: AbortListener): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** An object is called by its `handleEvent`, which saves a function for each request. */
export type AbortListener = (() => void) | { handleEvent(): void };

export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown;
  readonly #listeners: AbortListener[] = [];

  /** Calls the listeners once, in their order. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners.splice(0)) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
