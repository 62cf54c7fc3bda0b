// The metrics of the event loop: a computation that keeps everything else waiting is seen, waiting itself is not.
import { expect, test } from 'bun:test';
import { Registry } from 'prom-client';
import { watchLoopDelay } from '../../src/telemetry/loop-delay.ts';

async function above(registry: Registry, name: string, bound: string): Promise<number> {
  const text = await registry.metrics();
  const value = (suffix: string) => Number(text.split(`${name}${suffix} `)[1]?.split('\n')[0]);
  return value('_count') - value(`_bucket{le="${bound}"}`);
}

test('a computation of more than 100 ms counts as one delay, and 100 ms of waiting as none', async () => {
  const registry = new Registry();
  const stop = watchLoopDelay(registry, () => performance.now());
  await Bun.sleep(150);
  expect(await above(registry, 'tolmach_event_loop_busy_seconds', '0.1')).toBe(0);
  // A processor that is shared gives this thread less than the clock shows.
  for (const before = process.threadCpuUsage(); process.threadCpuUsage(before).user < 130_000; );
  await Bun.sleep(50);
  stop();
  expect(await above(registry, 'tolmach_event_loop_busy_seconds', '0.1')).toBe(1);
  expect(await above(registry, 'tolmach_event_loop_delay_seconds', '0.1')).toBeGreaterThan(0);
});
