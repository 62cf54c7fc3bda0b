// Watches how late the process is, tells the gate of it, and shows both to the operator.
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { Clock } from '../core/clock.ts';
import type { CallGate } from '../pipeline/call-gate.ts';

/** How often it looks. Its own turn coming late is what it measures. */
const LOOK_MS = 50;

export type Watched = {
  readonly gate: CallGate;
  readonly clock: Clock;
  readonly store: { readonly writeDelayMs: number };
};

/** Answers how to stop. */
export function watchLoad({ gate, clock, store }: Watched, registry: Registry): () => void {
  const registers = [registry];
  const show = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  show('tolmach_running_calls', 'Calls that have a place, from before their body is read.', () => gate.running);
  show('tolmach_running_calls_limit', 'Calls that may have a place, as the process can bear it.', () => gate.limit);
  let lookedMs = clock.monotonicMs();
  let timer: Timer;
  const look = () => {
    const nowMs = clock.monotonicMs();
    const loopMs = Math.max(0, nowMs - lookedMs - LOOK_MS);
    lookedMs = nowMs;
    gate.observe({ loopMs, writeMs: store.writeDelayMs });
    timer = setTimeout(look, LOOK_MS);
  };
  timer = setTimeout(look, LOOK_MS);
  return () => clearTimeout(timer);
}
