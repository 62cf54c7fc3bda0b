// The targets, in the order in which they take turns.
import { bare } from './bare.ts';
import { direct } from './direct.ts';
import { nginx } from './nginx.ts';
import { portkey } from './portkey.ts';
import type { Target } from './target.ts';
import { tolmach } from './tolmach.ts';

export const TARGETS: readonly Target[] = [direct, bare, nginx, portkey, tolmach];
