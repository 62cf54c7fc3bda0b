// Ten times as many calls as there are places for, in an open loop, against a real gateway: a short slice of
// bench/overload.ts, which measures the figures. The bounds here are those of the promise.
//
// SECONDS sets how long the overload lasts.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureOverload } from '../../bench/measures/overload.ts';
import { chooseCores } from '../../bench/pinned-process.ts';

const SECONDS = Number(process.env['SECONDS'] ?? (process.env['SLICE'] === 'ci' ? 5 : 20));

test(
  `${SECONDS} s of ten times the capacity leave nine tenths of the goodput, at most twice as late, and pass within 5 s`,
  async () => {
    const workDir = mkdtempSync(join(tmpdir(), 'tolmach-overload-'));
    const small = {
      capacity: 'places',
      openCalls: 100,
      upstreamMs: 500,
      peakRates: [150, 200, 250],
      overloads: [10],
      overloadMs: SECONDS * 1_000,
      connectionsMax: 2_000,
    } as const;
    try {
      const [figures] = await measureOverload(small, workDir, chooseCores(), 1);
      process.stdout.write(`overload: ${JSON.stringify(figures)}\n`);
      expect(figures).toMatchObject({ broken: 0, unsent: 0 });
      expect(figures?.goodput).toBeGreaterThanOrEqual(0.9);
      expect(figures?.p99Ratio).toBeLessThanOrEqual(2);
      expect(figures?.recoveryS).toBeLessThanOrEqual(5);
      expect(figures?.probeMaxMs).toBeLessThan(1_000);
    } finally {
      rmSync(workDir, { recursive: true, force: true });
    }
  },
  SECONDS * 1_000 + 120_000,
);
