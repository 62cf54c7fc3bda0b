// Tells the gate how late the process is, and shows the operator what the gate makes of it.
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { Clock } from '../core/clock.ts';
import type { CallGate } from '../pipeline/call-gate.ts';
import { watchLoopDelay } from './loop-delay.ts';

export type Watched = {
  readonly gate: CallGate;
  readonly clock: Clock;
  readonly store: { readonly writeDelayMs: number };
};

/** Answers how to stop. */
export function watchLoad({ gate, clock, store }: Watched, registry: Registry): () => void {
  const show = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  show('tolmach_running_calls', 'Calls that have a place, from before their body is read.', () => gate.running);
  show('tolmach_running_calls_limit', 'Calls that may have a place, as the process can bear it.', () => gate.limit);
  return watchLoopDelay(registry, clock.monotonicMs, (loopMs) => gate.observe({ loopMs, writeMs: store.writeDelayMs }));
}
