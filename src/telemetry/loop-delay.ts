// Watches how long the event loop is kept from its work. While one request is computed nothing else is served, so that
// this is what every other client feels.
import type { Registry } from 'prom-client';
import { Histogram } from 'prom-client';

/** Well below the delays that matter, and rare enough to cost nothing. */
const TICK_MS = 20;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Starts watching, and tells of every look. Answers what stops it. */
export function watchLoopDelay(
  registry: Registry,
  monotonicMs: () => number,
  onLook: (delayMs: number) => void = () => undefined,
): () => void {
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: SECONDS, registers: [registry] });
  const delay = histogram(
    'tolmach_event_loop_delay_seconds',
    'How late the event loop was, for whatever reason: also while other processes had the processor.',
  );
  const busy = histogram(
    'tolmach_event_loop_busy_seconds',
    "How long the event loop computed without looking up: the program's own part of its delays.",
  );
  let lookedAtMs = monotonicMs();
  let spent = process.threadCpuUsage();
  const timer = setInterval(() => {
    const nowMs = monotonicMs();
    const { user, system } = process.threadCpuUsage(spent);
    const delayMs = Math.max(0, nowMs - lookedAtMs - TICK_MS);
    delay.observe(delayMs / 1000);
    busy.observe((user + system) / 1e6);
    lookedAtMs = nowMs;
    spent = process.threadCpuUsage();
    onLook(delayMs);
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
