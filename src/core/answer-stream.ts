// The pure middle of a streamed answer: bytes or events from a provider go in, text for the client comes out.
import type { ChatCall } from './call.ts';
import type { CallError } from './errors.ts';
import type { Meter } from './meter.ts';

export interface AnswerStream {
  /**
   * What these bytes give the client now: the very same bytes where nothing had to change, or text; empty is nothing
   * yet. It does not throw: what came whole before a failure still goes to the client, and the failure to `fault`.
   */
  push(bytes: Uint8Array): Uint8Array | string;
  /** Set when the provider reported a failure or sent what cannot be an answer. What comes after is not read. */
  readonly fault: CallError | undefined;
  /** Whether the provider has said that the answer is complete. What comes after is not read. */
  readonly isComplete: boolean;
  /** The frames that make the answer complete for the client, sent only after the charge is durable. */
  end(): string;
  /** The frame that tells the client of a failure. */
  error(error: CallError): string;
}

/** What a relay needs to know of the call. */
export type RelayContext = { readonly callId: string; readonly call: ChatCall; readonly meter: Meter };
