// The real gateway as a process of its own, to be killed, stopped and measured.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import type { FaultUpstream } from './fault-upstream.ts';
import { GatewayClient } from './gateway-client.ts';
import { configFor, environmentFor } from './test-gateway.ts';

/** A process with what it wrote on its standard error. */
export type GatewayChild = Subprocess<'ignore', 'pipe', Bun.BunFile> & { told(): Promise<string> };

const MAIN = join(import.meta.dir, '..', 'cli', 'main.ts');

/** A data folder with its configuration; processes come and go on it. */
export class GatewayFolder {
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'tolmach-process-'));
  readonly #config = join(this.#dataDir, 'config.yaml');

  constructor(upstreams: readonly FaultUpstream[], settings: Readonly<Record<string, unknown>> = {}) {
    this.configure(upstreams, settings);
  }

  /** Puts another configuration in place, which the next process reads. */
  configure(upstreams: readonly FaultUpstream[], settings: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.#config, JSON.stringify(configFor(upstreams, settings)));
  }

  /** Starts the gateway here. Resolves when it says that it is ready. */
  start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    return GatewayProcess.ready(this.spawn(env));
  }

  /** Starts the gateway here and does not wait for it. */
  spawn(env: Readonly<Record<string, string>> = {}): GatewayChild {
    const errors = Bun.file(join(this.#dataDir, 'stderr.txt'));
    const child = Bun.spawn([process.execPath, MAIN, 'start'], {
      env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '16384', ...environmentFor(this.#dataDir, this.#config, env) },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: errors,
    });
    return Object.assign(child, { told: () => errors.text() });
  }

  /** All that the gateway keeps, with its configuration and what it wrote on its standard error. */
  get path(): string {
    return this.#dataDir;
  }

  /** The embedded database, to be looked into while no process runs. */
  get databasePath(): string {
    return join(this.#dataDir, 'tolmach.db');
  }

  remove(): void {
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

export class GatewayProcess extends GatewayClient {
  readonly child: GatewayChild;

  private constructor(child: GatewayChild, url: string) {
    super(url);
    this.child = child;
  }

  static async ready(child: GatewayChild): Promise<GatewayProcess> {
    let said = '';
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      said += decoder.decode(bytes);
      const url = /ready at (\S+)/.exec(said)?.[1];
      if (url !== undefined) return new GatewayProcess(child, url);
    }
    const code = await child.exited;
    throw new Error(
      `the gateway did not start (status ${code}, signal ${child.signalCode}): ${said}${await child.told()}`,
    );
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.child.exited;
  }

  signal(name: 'SIGTERM' | 'SIGINT'): void {
    this.child.kill(name);
  }

  /** Bytes of memory that the process keeps. */
  async residentBytes(): Promise<number> {
    const text = await Bun.file(`/proc/${this.child.pid}/status`).text();
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) * 1024;
  }
}
