// Starts the bare Bun proxy.
import { join } from 'node:path';
import { freePort, isListening, PinnedProcess } from '../pinned-process.ts';
import { UPSTREAM_MODEL } from '../workload.ts';
import type { Target } from './target.ts';
import { CHAT_PATH, START_LIMIT_MS } from './target.ts';

/** Bun opens 256 outbound connections unless told otherwise; 1,000 streams need more. The gateway sets the same. */
export const BUN_ENVIRONMENT = { BUN_CONFIG_MAX_HTTP_REQUESTS: '16384' };

export const bare: Target = {
  name: 'bare',
  async start({ upstreamPort, workDir, cores }) {
    const port = freePort();
    const process_ = new PinnedProcess({
      name: 'bare proxy',
      command: [process.execPath, join(import.meta.dir, 'bare-proxy.ts'), String(port), String(upstreamPort)],
      core: cores.target,
      environment: BUN_ENVIRONMENT,
      logFile: join(workDir, 'bare.log'),
    });
    await process_.waitUntil(() => isListening(port), START_LIMIT_MS);
    const path = CHAT_PATH;
    const model = UPSTREAM_MODEL;
    return { name: 'bare', port, callPath: path, streamPath: path, headers: {}, model, process: process_ };
  },
};
