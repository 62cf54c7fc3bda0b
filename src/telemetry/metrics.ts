// Counters and histograms in Prometheus text. Labels come from closed lists or from the operator's own names, never
// from a customer's text, so their number is bounded.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const DURATION_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export type Metrics = ReturnType<typeof makeMetrics>;

export function makeMetrics(openCalls: () => number) {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  new Gauge({
    name: 'tolmach_open_calls',
    help: 'Calls that hold something now.',
    registers,
    collect() {
      this.set(openCalls());
    },
  });
  measureProcess(registers);
  return {
    registry,
    calls: new Counter({
      name: 'tolmach_calls_total',
      help: 'Ended calls.',
      labelNames: ['dialect', 'endpoint', 'provider', 'code'],
      registers,
    }),
    refusals: new Counter({
      name: 'tolmach_refusals_total',
      help: 'Calls refused before anything was held.',
      labelNames: ['dialect', 'code'],
      registers,
    }),
    attempts: new Counter({
      name: 'tolmach_attempts_total',
      help: 'Upstream requests.',
      labelNames: ['provider', 'code'],
      registers,
    }),
    unpaidAttempts: new Counter({
      name: 'tolmach_unpaid_attempts_total',
      help: 'Upstream requests that the provider may bill and that no customer was charged for.',
      labelNames: ['provider'],
      registers,
    }),
    tokens: new Counter({
      name: 'tolmach_tokens_total',
      help: 'Counted tokens.',
      labelNames: ['direction'],
      registers,
    }),
    charged: new Counter({
      name: 'tolmach_charged_total',
      help: 'Charged requests and micro-roubles.',
      labelNames: ['unit'],
      registers,
    }),
    alarms: new Counter({
      name: 'tolmach_alarms_total',
      help: 'Things an operator should look at.',
      labelNames: ['event'],
      registers,
    }),
    duration: new Histogram({
      name: 'tolmach_call_duration_seconds',
      help: 'From the hold to the settle.',
      labelNames: ['endpoint'],
      buckets: DURATION_SECONDS,
      registers,
    }),
    firstByte: new Histogram({
      name: 'tolmach_first_byte_seconds',
      help: 'From the hold to the first byte of a stream.',
      labelNames: ['endpoint'],
      buckets: DURATION_SECONDS,
      registers,
    }),
  };
}

function measureProcess(registers: Registry[]): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time.',
    registers,
    collect() {
      this.set(cpuSeconds());
    },
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
