// The runtime makes a buffer for each read from a socket, and its collector does not know how large those are: a flood
// behind clients that stall left a gigabyte of them before it looked. So the large ones are counted here, and after some
// megabytes, or in the calm after a flood, the collector has to look; asked to look beside the program, it came too late
// (measured). Streams of words come in small reads, which it sees itself.

/** Single events are below this. */
const LARGE_BYTES = 4 * 1024;
const GARBAGE_BYTES_MAX = 64 * 1024 * 1024;
/** What is left of a flood may lie until the runtime finds it. */
const LEFT_BYTES_MAX = 8 * 1024 * 1024;
const CALM_MS = 1_000;

let largeBytes = 0;
let isCalmAwaited = false;

/** Counts one read. A collection takes some 30 ms, and comes only where tens of megabytes pass. */
export function countRead(bytes: number): void {
  if (bytes < LARGE_BYTES) return;
  largeBytes += bytes;
  if (largeBytes > GARBAGE_BYTES_MAX) collect();
  else if (largeBytes > LEFT_BYTES_MAX && !isCalmAwaited) awaitCalm();
}

function awaitCalm(): void {
  isCalmAwaited = true;
  const bytesBefore = largeBytes;
  setTimeout(() => {
    isCalmAwaited = false;
    if (largeBytes === bytesBefore) collect();
    else if (largeBytes > LEFT_BYTES_MAX) awaitCalm();
  }, CALM_MS).unref();
}

function collect(): void {
  largeBytes = 0;
  Bun.gc(true);
}
