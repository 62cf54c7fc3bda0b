// How much of requests' bodies may lie in memory at once. Calls are bounded in number (pipeline/call-gate.ts), but two
// thousand bodies of 32 MB are more than a machine has, they may come as slowly as their senders like, and where the key
// is in the body nobody knows yet whose they are. A body has room from its first byte until its call is answered.
import { totalmem } from 'node:os';
import { CallError } from '../core/errors.ts';
import { Place } from '../pipeline/call-gate.ts';

/** What is smaller needs no room: there are only so many calls. */
export const FREE_BYTES = 64 * 1024;
/** The largest part of all room that is one account's, or that of all together who are not known yet. */
const SHARE = 1 / 4;
const RETRY_S = 1;
/** Of the process's memory: a body is there as text, as what was read in it, and as what is sent on. */
const PART_OF_MEMORY = 1 / 4;

/** The room where the operator has named none: every share takes the largest body. */
export function defaultRoomBytes(bodyBytes: number): number {
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(bodyBytes / SHARE, memoryBytes * PART_OF_MEMORY);
}

export class BodyRoom {
  readonly #bytesMax: number;
  readonly #bytesByOwner = new Map<string, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Throws `overloaded` where there is no room for anybody, `concurrency_limit_exceeded` where an account has its share. */
  take(owner: string, bytes: number): void {
    const ofOwner = (this.#bytesByOwner.get(owner) ?? 0) + bytes;
    if (this.#bytes + bytes > this.#bytesMax) throw new CallError('overloaded', { retryAfterS: RETRY_S });
    if (ofOwner > this.#bytesMax * SHARE)
      throw new CallError(owner === STRANGERS ? 'overloaded' : 'concurrency_limit_exceeded', { retryAfterS: RETRY_S });
    this.#bytes += bytes;
    this.#bytesByOwner.set(owner, ofOwner);
  }

  giveBack(owner: string, bytes: number): void {
    this.#bytes -= bytes;
    const left = (this.#bytesByOwner.get(owner) ?? 0) - bytes;
    if (left > 0) this.#bytesByOwner.set(owner, left);
    else this.#bytesByOwner.delete(owner);
  }
}

/** No account is called so. */
const STRANGERS = '';

/** The room that one request's body takes. */
export class BodyPlace extends Place {
  readonly #room: BodyRoom;
  #owner = STRANGERS;
  #bytes = 0;

  constructor(room: BodyRoom) {
    super(() => {
      if (this.#bytes > 0) room.giveBack(this.#owner, this.#bytes);
    });
    this.#room = room;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Whose the body is, where that is known. To be told before anything has come. */
  belongTo(accountId: string): void {
    this.#owner = accountId;
  }

  /** Takes room for what has come so far. Throws as `BodyRoom.take` does, and then has what it had. */
  growTo(bytes: number): void {
    const wanted = bytes <= FREE_BYTES ? 0 : bytes;
    if (wanted === this.#bytes) return;
    this.#room.take(this.#owner, wanted - this.#bytes);
    this.#bytes = wanted;
  }
}
