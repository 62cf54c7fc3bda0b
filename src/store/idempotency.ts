// Decides what becomes of a request that brings the client's own name for it. Both stores ask it inside their write
// transaction, before anything is held.
import type { IdempotencyKey, StoredAnswer } from './store.ts';

/** For how long a name is remembered. */
export const REMEMBER_KEY_MS = 86_400_000;

/** What is remembered of the request that used a name first. */
export type RememberedKey = {
  readonly callId: string;
  readonly fingerprint: string;
  readonly state: 'running' | 'answered' | 'task';
  readonly createdAtMs: number;
};

/**
 * `free` is to be decided like any other: nobody has used the name, or this very call has, whose hold is given again.
 * `repeated` stands for a task that there is already.
 */
export type KeyUse = 'free' | 'mismatched' | 'running' | 'answered' | 'repeated';

export function useOfKey(
  callId: string,
  { fingerprint }: IdempotencyKey,
  remembered: RememberedKey | undefined,
  nowMs: number,
): KeyUse {
  if (remembered === undefined || remembered.createdAtMs <= nowMs - REMEMBER_KEY_MS) return 'free';
  if (remembered.callId === callId) return 'free';
  if (remembered.fingerprint !== fingerprint) return 'mismatched';
  return remembered.state === 'task' ? 'repeated' : remembered.state;
}

/** An answer as it is kept. Streams say the same field names in every frame, so that they shrink to a tenth. */
export function packAnswer(answer: StoredAnswer): Buffer {
  return Bun.zstdCompressSync(JSON.stringify(answer));
}

export function unpackAnswer(bytes: Uint8Array): StoredAnswer {
  return JSON.parse(Bun.zstdDecompressSync(bytes).toString('utf8')) as StoredAnswer;
}
