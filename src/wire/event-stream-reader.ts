// Reads a vendor's stream into neutral events. What one event of the stream means is told by the classes that extend
// this one.
import type { CallEvent } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import { toCallError } from '../core/errors.ts';
import type { SseEvent } from '../core/sse.ts';
import { SseReader } from '../core/sse.ts';

export abstract class EventStreamReader {
  readonly #sse: SseReader;
  #isComplete = false;
  #fault: CallError | undefined;

  constructor(maxEventChars: number) {
    this.#sse = new SseReader(maxEventChars);
  }

  /** Throws what an error event means, or what cannot be read. */
  protected abstract read(event: SseEvent): readonly CallEvent[];

  /** Whether the vendor's last word was seen. Nothing after it is read. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get fault(): CallError | undefined {
    return this.#fault;
  }

  /** It does not throw: what came whole before a failure is answered, and the failure is `fault`. */
  push(bytes: Uint8Array): CallEvent[] {
    const events: CallEvent[] = [];
    try {
      for (const event of this.#sse.push(bytes)) {
        if (this.#isComplete) break;
        events.push(...this.read(event));
      }
    } catch (thrown) {
      this.#fault = toCallError(thrown);
    }
    return events;
  }

  protected complete(): void {
    this.#isComplete = true;
  }
}
