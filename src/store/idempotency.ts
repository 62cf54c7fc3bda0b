// Decides what becomes of a task that brings the client's own name for the request. Both stores ask it inside their
// write transaction, before anything is held.
import type { IdempotencyKey } from './store.ts';

/** For how long a name is remembered. */
export const REMEMBER_KEY_MS = 86_400_000;

/** What is remembered of the request that used a name first. */
export type RememberedKey = { readonly callId: string; readonly fingerprint: string; readonly createdAtMs: number };

/** `new` is free to be accepted, `same` is this very call, `repeated` another one with the same content. */
export type KeyUse = 'new' | 'same' | 'repeated' | 'mismatched';

export function useOfKey(
  callId: string,
  { fingerprint }: IdempotencyKey,
  remembered: RememberedKey | undefined,
  nowMs: number,
): KeyUse {
  if (remembered === undefined || remembered.createdAtMs <= nowMs - REMEMBER_KEY_MS) return 'new';
  if (remembered.callId === callId) return 'same';
  return remembered.fingerprint === fingerprint ? 'repeated' : 'mismatched';
}
