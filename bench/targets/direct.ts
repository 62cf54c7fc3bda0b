// No target at all: load straight against the upstream. Latencies of the others are given above this one.
import { UPSTREAM_MODEL } from '../workload.ts';
import type { Target } from './target.ts';
import { CHAT_PATH } from './target.ts';

export const direct: Target = {
  name: 'direct',
  async start(surroundings) {
    return {
      name: 'direct',
      port: surroundings.upstreamPort,
      callPath: CHAT_PATH,
      streamPath: CHAT_PATH,
      headers: {},
      model: UPSTREAM_MODEL,
      process: undefined,
    };
  },
};
