// Waits in tests for what can be seen.

const LOOK_EVERY_MS = 2;

/**
 * Looks until it is so. The time is counted in looks, so that a machine which is busy with something else, and lets this
 * process look less often, fails no test.
 */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 3_000): Promise<void> {
  for (let looks = 0; !(await isSo()); looks++) {
    if (looks * LOOK_EVERY_MS > withinMs) throw new Error(`it did not become so within ${withinMs} ms`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
