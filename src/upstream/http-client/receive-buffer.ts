// How much of an answer the system takes in ahead of us, which the runtime has no word for: one call of the system does.

import { dlopen, ptr } from 'bun:ffi';
import type { Socket } from 'bun';

type System = { readonly libraries: readonly string[]; readonly level: number; readonly option: number };

/** `SOL_SOCKET` and `SO_RCVBUF` of the systems' own headers. */
const SYSTEMS: Partial<Record<NodeJS.Platform, System>> = {
  linux: { libraries: ['libc.so.6', 'libc.so'], level: 1, option: 8 },
  darwin: { libraries: ['libSystem.B.dylib'], level: 0xffff, option: 0x1002 },
};

type SetSize = (fd: number, bytes: number) => void;

let setSize: SetSize | undefined;

/**
 * Sets it for good: the system then no longer fits it to the line. To be called before anything has come, for a sender
 * that knows of a larger buffer sends in large packets, and those trickle into a small one. Where the system's library is
 * not found, the buffer stays as it is.
 */
export function setReceiveBuffer(socket: Socket<unknown>, bytes: number): void {
  setSize ??= openSystem(SYSTEMS[process.platform]);
  // The types do not have it.
  setSize((socket as unknown as { readonly fd: number }).fd, bytes);
}

function openSystem(system: System | undefined): SetSize {
  for (const library of system?.libraries ?? []) {
    try {
      const { symbols } = dlopen(library, {
        setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
      });
      const size = new Int32Array(1);
      return (fd, bytes) => {
        size[0] = bytes;
        symbols.setsockopt(fd, system?.level ?? 0, system?.option ?? 0, ptr(size), size.byteLength);
      };
    } catch {
      // Another name of it may be found.
    }
  }
  return () => undefined;
}
