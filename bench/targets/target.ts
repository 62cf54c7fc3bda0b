// What is measured: a program that takes chat calls on one port and sends them to the upstream on another.
import type { Cores, PinnedProcess } from '../pinned-process.ts';

/** Where the targets of one run find each other. `workDir` lies on a real disk and is removed at the end. */
export type Surroundings = {
  readonly upstreamPort: number;
  readonly workDir: string;
  readonly cores: Cores;
};

/** A target that answers. A gateway may need other paths, headers or model names than the upstream. */
export type RunningTarget = {
  readonly name: TargetName;
  readonly port: number;
  readonly callPath: string;
  readonly streamPath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  /** Absent for `direct`, where there is nothing between load and upstream. */
  readonly process: PinnedProcess | undefined;
  /** Fails if the target did not do its work while it was measured, for instance if it charged wrongly. */
  readonly check?: () => Promise<void>;
};

export type TargetName = 'direct' | 'bare' | 'nginx' | 'portkey' | 'tolmach';

/** Thrown where a target cannot run on this machine; the bench says so and goes on without it. */
export class TargetMissing extends Error {}

export type Target = {
  readonly name: TargetName;
  /** Resolves when a first call would be answered. */
  start(surroundings: Surroundings): Promise<RunningTarget>;
};

export const CHAT_PATH = '/v1/chat/completions';
export const START_LIMIT_MS = 30_000;
