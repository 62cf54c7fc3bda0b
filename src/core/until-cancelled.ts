// Waiting for what goes on by itself, for as long as somebody wants it.
import type { CancelSignal } from './cancellation.ts';

/** The promise's value, or the signal's reason once that is aborted. The promise never counts as unhandled. */
export function untilCancelled<T>(promise: Promise<T>, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
