// `node bin/bun.mjs bench/overload.ts [--quick] [places] [processor]`: many more calls than there are places for, in an
// open loop, with what is served, how late, how soon the rest is refused, and how soon all is well again. The gateway
// has one core, the load and the upstream the other.
//
// Two capacities are measured. Calls to models take long, so that a gateway is full when its places are taken:
// `places`. With an upstream that answers at once the processor is what there is too little of: `processor`; there a
// refusal costs a share of what a call costs, and far beyond the capacity refusals alone would fill the core.
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { OverloadCase, OverloadFigures } from './measures/overload.ts';
import { measureOverload } from './measures/overload.ts';
import { chooseCores, killAll } from './pinned-process.ts';
import { keep, readCircumstances } from './results.ts';
import { fixed, percent, table, whole } from './table.ts';
import { REPOSITORY } from './targets/tolmach.ts';

const TMPFS = 0x01021994;
const QUICK_SHARE = 0.2;

const CASES: readonly OverloadCase[] = [
  {
    capacity: 'places',
    openCalls: 500,
    upstreamMs: 500,
    peakRates: [800, 900, 1_000, 1_100, 1_300],
    overloads: [10],
    overloadMs: 60_000,
    connectionsMax: 6_000,
  },
  {
    capacity: 'processor',
    openCalls: 10_000,
    upstreamMs: 0,
    peakRates: [5_000, 7_000, 8_000, 9_000, 10_000, 11_000],
    overloads: [1.5, 2],
    overloadMs: 15_000,
    connectionsMax: 6_000,
  },
];

async function main(): Promise<void> {
  const quick = process.argv.includes('--quick');
  const parent = join(REPOSITORY, 'data');
  mkdirSync(parent, { recursive: true });
  if (statfsSync(parent).type === TMPFS) throw new Error(`${parent} is in memory; the ledger needs a real disk`);
  const workDir = mkdtempSync(join(parent, 'bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      killAll();
      rmSync(workDir, { recursive: true, force: true });
      process.exit(130);
    });
  try {
    const cores = chooseCores();
    const circumstances = await readCircumstances(cores.target !== undefined, quick);
    const figures: OverloadFigures[] = [];
    const named = CASES.filter(({ capacity }) => process.argv.includes(capacity));
    for (const one of named.length === 0 ? CASES : named)
      figures.push(...(await measureOverload(one, workDir, cores, quick ? QUICK_SHARE : 1)));
    keep('overload', figures, circumstances);
    process.stdout.write(`${report(figures)}load average ${circumstances.loadAverage}\n`);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

function report(figures: readonly OverloadFigures[]): string {
  const head = [
    'capacity',
    'peak/s',
    'overload',
    'goodput',
    'normal p99 ms',
    'accepted p99 ms',
    'refused p50 ms',
    'refused p99 ms',
    'recovery s',
    'slowest probe ms',
    'broken',
    'unsent',
    'core busy',
  ];
  const rows = figures.map((f) => [
    f.capacity,
    whole(f.peakPerSecond),
    `${fixed(f.overload)}x`,
    percent(f.goodput),
    fixed(f.normalP99Ms),
    fixed(f.acceptedP99Ms),
    fixed(f.refusedP50Ms),
    fixed(f.refusedP99Ms),
    fixed(f.recoveryS, 0),
    fixed(f.probeMaxMs),
    String(f.broken),
    String(f.unsent),
    percent(f.busy),
  ]);
  return table('Overload, open loop', head, rows);
}

await main();
