// How much of an answer the system takes in ahead of us. The runtime reads all that is there, half a megabyte at once,
// and cannot be told to take less; where a client stalls, that would lie in our memory for as long as it does. So the
// system is told to take in little of a stream, by the one call that the runtime has no word for.

import { dlopen, ptr } from 'bun:ffi';
import type { Socket } from 'bun';

/**
 * The system doubles these for its own needs. The first is a window for a stream: some hundred kilobytes a second from
 * the other side of the earth, and thousands of words. It is no smaller because packets of the machine's own network have
 * 64 KiB, and a smaller window makes them trickle. The second is cut to what the system allows at the most.
 */
const BYTES = { narrow: 64 * 1024, wide: 4 * 1024 * 1024 } as const;

type System = { readonly libraries: readonly string[]; readonly level: number; readonly option: number };

/** `SOL_SOCKET` and `SO_RCVBUF` of the systems' own headers. */
const SYSTEMS: Partial<Record<NodeJS.Platform, System>> = {
  linux: { libraries: ['libc.so.6', 'libc.so'], level: 1, option: 8 },
  darwin: { libraries: ['libSystem.B.dylib'], level: 0xffff, option: 0x1002 },
};

type SetSize = (fd: number, size: Int32Array) => void;

let setSize: SetSize | undefined;
const SIZES = { narrow: new Int32Array([BYTES.narrow]), wide: new Int32Array([BYTES.wide]) };

/** Where the system's library is not found, buffers stay as they are. */
export function setReceiveBuffer(socket: Socket<unknown>, size: keyof typeof BYTES): void {
  setSize ??= openSystem(SYSTEMS[process.platform]);
  // The types do not have it.
  setSize((socket as unknown as { readonly fd: number }).fd, SIZES[size]);
}

function openSystem(system: System | undefined): SetSize {
  for (const library of system?.libraries ?? []) {
    try {
      const { symbols } = dlopen(library, {
        setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
      });
      return (fd, size) => {
        symbols.setsockopt(fd, system?.level ?? 0, system?.option ?? 0, ptr(size), size.byteLength);
      };
    } catch {
      // Another name of it may be found.
    }
  }
  return () => undefined;
}
