// Turns figures into the tables that the bench prints.
import type { CallsFigures } from './measures/calls.ts';
import type { CrossingFigures } from './measures/crossing.ts';
import type { FramesFigures } from './measures/frames.ts';
import type { LedgerFigures } from './measures/ledger.ts';
import type { MemoryFigures } from './measures/memory.ts';
import type { StartFigures } from './measures/start.ts';
import { fixed, percent, table, times, whole } from './table.ts';

export function reportCalls(figures: readonly CallsFigures[]): string {
  const first = figures[0];
  const head = ['target', 'CPU us/call', '+-', 'to bare', 'to nginx', 'calls/s', 'core busy', '+p50 us', '+p99 us'];
  const rows = figures.map((f) => {
    const own = f.target === 'direct';
    const cpu = own ? ['-', '-'] : [fixed(f.cpuUsPerCall), percent(f.cpuSpread)];
    const busy = own ? '-' : percent(f.busy);
    const ratios = [times(f.cpuToBare), times(f.cpuToNginx)];
    return [f.target, ...cpu, ...ratios, whole(f.callsPerSecond), busy, whole(f.addedP50Us), whole(f.addedP99Us)];
  });
  const paced = figures.map((f) => {
    const cpu = f.target === 'direct' ? '-' : fixed(f.pacedCpuUsPerCall);
    return [f.target, cpu, times(f.pacedCpuToBare), whole(f.pacedAddedP50Us), whole(f.pacedAddedP99Us)];
  });
  return (
    table(`Calls, ${first?.connections} at once, latency above direct`, head, rows) +
    table(
      `Calls at ${first?.pacedPerSecond} a second, latency above direct`,
      ['target', 'CPU us/call', 'to bare', '+p50 us', '+p99 us'],
      paced,
    )
  );
}

export function reportFrames(figures: readonly FramesFigures[]): string {
  const first = figures[0];
  const title = `SSE frames, ${first?.streams} streams of ${first?.framesEach} frames, ${first?.gapMs} ms apart`;
  const head = ['target', 'CPU us/frame', '+-', 'to bare', 'to nginx', 'reads/frame'];
  const rows = figures.map((f) => {
    const cpu = [fixed(f.cpuUsPerFrame), percent(f.cpuSpread)];
    return [f.target, ...cpu, times(f.cpuToBare), times(f.cpuToNginx), fixed(f.readsPerFrame, 2)];
  });
  return table(title, head, rows);
}

export function reportCrossing(figures: readonly CrossingFigures[]): string {
  const first = figures[0];
  const title = `Streams of words through Tolmach, ${first?.streams} of ${first?.framesEach} words`;
  const rows = figures.map((f) => {
    const cpu = [fixed(f.cpuUsPerFrame), percent(f.cpuSpread), times(f.cpuToRelay)];
    return [f.client, f.vendor, ...cpu];
  });
  return table(title, ['client', 'vendor', 'CPU us/word', '+-', "to the vendor's relay"], rows);
}

export function reportMemory(figures: readonly MemoryFigures[]): string {
  const head = ['target', 'idle MB', `${whole(figures[0]?.openStreams ?? 0)} streams MB`];
  const rows = figures.map((f) => [f.target, fixed(f.idleMb), fixed(f.streamingMb)]);
  return table('Resident memory of a fresh process', head, rows);
}

export function reportStart(figures: readonly StartFigures[]): string {
  const rows = figures.map((f) => [f.way, String(f.starts), whole(f.medianMs), whole(f.slowestMs)]);
  return table('Process start to /readyz 200', ['way', 'starts', 'median ms', 'slowest ms'], rows);
}

export function reportLedger(figures: readonly LedgerFigures[]): string {
  const { fsyncUs = 0, fsyncAfterPauseUs = 0 } = figures[0] ?? {};
  const disk = `one fsync here takes ${whole(fsyncUs)} us, after a pause ${whole(fsyncAfterPauseUs)} us`;
  const title = `Durable holds and settles through the store; ${disk}`;
  const head = ['in flight', 'accounts', 'operations/s', 'hold+settle/s', 'p50 us', 'p99 us', 'CPU us/pair'];
  const rows = figures.map((f) => {
    const rates = [whole(f.operationsPerSecond), whole(f.callsPerSecond)];
    return [String(f.inFlight), String(f.accounts), ...rates, whole(f.p50Us), whole(f.p99Us), fixed(f.cpuUsPerCall)];
  });
  return table(title, head, rows);
}
