// Runs one job in a load process of its own and reads its result.
import { join } from 'node:path';
import { runToEnd } from '../pinned-process.ts';
import type { RunningTarget } from '../targets/target.ts';
import { callBody, streamBody } from '../workload.ts';
import type { Destination, Job, ResultOf } from './job.ts';

/** Longer than any job of the bench, so that a hung target ends the run with an error. */
const JOB_LIMIT_MS = 180_000;

export async function runJob<J extends Job>(job: J, core: string | undefined): Promise<ResultOf<J>> {
  const command = [process.execPath, join(import.meta.dir, 'main.ts'), JSON.stringify(job)];
  const out = await runToEnd({ name: `load (${job.kind})`, command, core, limitMs: JOB_LIMIT_MS });
  return JSON.parse(out) as ResultOf<J>;
}

export function callDestination(target: RunningTarget): Destination {
  return destination(target, target.callPath, callBody(target.model));
}

export function streamDestination(target: RunningTarget, frames: number, gapMs: number): Destination {
  return destination(target, target.streamPath, streamBody(target.model, frames, gapMs));
}

export function destination(target: RunningTarget, path: string, body: string): Destination {
  return { port: target.port, path, headers: target.headers, body, pids: target.process?.pids ?? [] };
}
