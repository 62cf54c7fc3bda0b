// The list of dialects. Order does not matter: their paths do not collide, which the contract suite checks.
import type { Dialect } from './dialect.ts';
import { openai } from './openai.ts';

export const DIALECTS: readonly Dialect[] = [openai];
