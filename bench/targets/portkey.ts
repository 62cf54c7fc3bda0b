// @portkey-ai/gateway, the best known gateway that npm can install, at one exact version. It checks no key, counts
// nothing and charges nothing; it routes and translates.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isListening, PinnedProcess, runToEnd } from '../pinned-process.ts';
import { UPSTREAM_KEY, UPSTREAM_MODEL } from '../workload.ts';
import type { Target } from './target.ts';
import { CHAT_PATH, START_LIMIT_MS, TargetMissing } from './target.ts';

const VERSION = '1.15.2';
/** With a newer server adapter this version answers every stream with 500 (its issue 1389), so the last good is taken. */
const ADAPTER_VERSION = '1.14.1';
const MANIFEST = JSON.stringify({
  private: true,
  dependencies: { '@portkey-ai/gateway': VERSION },
  overrides: { '@hono/node-server': ADAPTER_VERSION },
});
const INSTALL_LIMIT_MS = 120_000;

export const portkey: Target = {
  name: 'portkey',
  async start({ upstreamPort, workDir, cores }) {
    const script = await install();
    const port = freePort();
    const process_ = new PinnedProcess({
      name: 'portkey',
      command: ['node', script, `--port=${port}`, '--headless'],
      core: cores.target,
      environment: { NODE_ENV: 'production' },
      logFile: join(workDir, 'portkey.log'),
    });
    try {
      await process_.waitUntil(() => isListening(port), START_LIMIT_MS);
    } catch (error) {
      await process_.stop();
      throw new TargetMissing((error as Error).message);
    }
    const headers = {
      authorization: `Bearer ${UPSTREAM_KEY}`,
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    };
    const path = CHAT_PATH;
    const model = UPSTREAM_MODEL;
    return { name: 'portkey', port, callPath: path, streamPath: path, headers, model, process: process_ };
  },
};

/** Installs it once into a cache outside the repository, without running anybody's install scripts. */
async function install(): Promise<string> {
  const cache = join(tmpdir(), `tolmach-bench-portkey-${VERSION}`);
  const manifest = join(cache, 'package.json');
  const script = join(cache, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (existsSync(script) && existsSync(manifest) && readFileSync(manifest, 'utf8') === MANIFEST) return script;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  writeFileSync(manifest, MANIFEST);
  const command = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await runToEnd({ name: 'npm install', command, core: undefined, cwd: cache, limitMs: INSTALL_LIMIT_MS });
  } catch (error) {
    throw new TargetMissing(`cannot be installed: ${(error as Error).message}`);
  }
  return script;
}
