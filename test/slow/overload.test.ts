// Ten times as many calls as there are places for, in an open loop, against a real gateway: a short slice of
// bench/overload.ts, which measures the figures. The bounds are those of the promise, which is about a machine that does
// nothing else; with SLICE=ci, beside other work, they are wider.
//
// SECONDS sets how long the overload lasts.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureOverload } from '../../bench/measures/overload.ts';
import { chooseCores } from '../../bench/pinned-process.ts';

const isSlice = process.env['SLICE'] === 'ci';
const SECONDS = Number(process.env['SECONDS'] ?? (isSlice ? 5 : 20));
const BOUNDS = isSlice ? { goodput: 0.7, p99Ratio: 3 } : { goodput: 0.9, p99Ratio: 2 };

test(
  `${SECONDS} s of ten times the capacity leave ${BOUNDS.goodput} of the goodput, at most ${BOUNDS.p99Ratio} times as late, and pass within 5 s`,
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
      expect(figures?.goodput).toBeGreaterThanOrEqual(BOUNDS.goodput);
      expect(figures?.p99Ratio).toBeLessThanOrEqual(BOUNDS.p99Ratio);
      expect(figures?.recoveryS).toBeLessThanOrEqual(5);
      expect(figures?.probeMaxMs).toBeLessThan(1_000);
    } finally {
      rmSync(workDir, { recursive: true, force: true });
    }
  },
  SECONDS * 1_000 + 120_000,
);
