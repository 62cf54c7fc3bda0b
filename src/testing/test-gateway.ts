// The real gateway in this process, on a free port with a temporary data folder, in front of fault upstreams. Waits are
// short, so that a test of a time limit takes no longer than the limit, and long enough for a provider that answers at
// once on a busy machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import type { RunningGateway } from '../main.ts';
import { startGateway } from '../main.ts';
import type { AuditReport, Store } from '../store/store.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { ADMIN_TOKEN, GatewayClient } from './gateway-client.ts';
import { until } from './until.ts';

export type { Customer } from './gateway-client.ts';

export const SHORT_TIMEOUTS = {
  connectMs: 1_000,
  firstByteMs: 1_000,
  idleMs: 1_000,
  callMs: 5_000,
  drainMs: 500,
  keepAliveMs: 10_000,
  stalledReaderMs: 500,
};

/** Plans of the tests: by requests, by money, and one that may not use the API. */
export const TEST_PLANS = [
  { id: 'requests', name: 'Requests', prices: [{ requests: 2 }] },
  {
    id: 'money',
    name: 'Money',
    prices: [{ microRub: { inputPerMTok: 50_000_000, cachedInputPerMTok: 5_000_000, outputPerMTok: 200_000_000 } }],
  },
  { id: 'no-api', name: 'No API', api: false, prices: [{ requests: 2 }] },
];

type Settings = Readonly<Record<string, unknown>>;

export type TestGatewayOptions = {
  /** Over the defaults, field by field: `timeouts` and `bounds` are merged, lists are replaced. */
  readonly config?: Settings | ((upstreams: readonly FaultUpstream[]) => Settings);
  readonly env?: Readonly<Record<string, string>>;
  /** Upstreams beside the first; they are the providers `second`, `third`. */
  readonly upstreams?: 1 | 2 | 3;
};

export class TestGateway extends GatewayClient {
  readonly running: RunningGateway;
  readonly upstreams: readonly FaultUpstream[];
  readonly #dataDir: string;
  #stopped: Promise<void> | undefined;

  private constructor(running: RunningGateway, upstreams: readonly FaultUpstream[], dataDir: string) {
    super(running.url);
    this.running = running;
    this.upstreams = upstreams;
    this.#dataDir = dataDir;
  }

  /**
   * Models: `strict` is relayed byte for byte, and so is `dear-pictures`, which counts 48 000 tokens for a picture;
   * `loose` is translated, `claude` speaks Anthropic's protocol, `both` has all upstreams as targets in order, and so
   * have `picture`, which draws, `vectors`, `ranks`, `voice` and `listener`.
   */
  static async start(options: TestGatewayOptions = {}): Promise<TestGateway> {
    const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-test-'));
    const upstreams = await Promise.all(Array.from({ length: options.upstreams ?? 1 }, () => FaultUpstream.start()));
    const settings = typeof options.config === 'function' ? options.config(upstreams) : options.config;
    const config = configFor(upstreams, settings ?? {});
    const path = join(dataDir, 'config.yaml');
    writeFileSync(path, JSON.stringify(config));
    const running = await startGateway(loadConfig(environmentFor(dataDir, path, options.env)));
    return new TestGateway(running, upstreams, dataDir);
  }

  get upstream(): FaultUpstream {
    return this.upstreams[0] as FaultUpstream;
  }

  /** Puts something between the gateway and its store, for instance slowness. */
  wrapStore(wrap: (store: Store) => Store): void {
    Object.assign(this.running.gateway, { store: wrap(this.running.gateway.store) });
  }

  /** The audit once no call is open any more. Throws if calls stay open. */
  async auditAtRest(withinMs = 2_000): Promise<AuditReport> {
    const { open, gate } = this.running.gateway;
    // A call whose hold is being written has its place, and is not open yet.
    await until(() => open.size === 0 && gate.running === 0, withinMs).catch(() => {
      throw new Error(`${open.size} calls are still open, and ${gate.running} places taken`);
    });
    return this.audit();
  }

  /** Stops once, however often it is asked to. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.running.stop();
    await Promise.all(this.upstreams.map((upstream) => upstream.stop()));
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

const NAMES = ['first', 'second', 'third'] as const;

/** The configuration of a test gateway, as its file would say it. */
export function configFor(upstreams: readonly FaultUpstream[], settings: Settings): Settings {
  const { timeouts, bounds, ...rest } = settings;
  const provider = (i: number) => NAMES[i] as string;
  const target = (i: number) => ({ provider: provider(i), model: 'upstream-model', priority: i });
  return {
    providers: [
      ...upstreams.map(({ baseUrl }, i) => ({
        name: provider(i),
        vendor: 'openai',
        baseUrl,
        apiKey: `upstream-key-${i}`,
      })),
      { name: 'claude', vendor: 'anthropic', baseUrl: upstreams[0]?.baseUrl, apiKey: 'upstream-key-claude' },
      { name: 'untidy', baseUrl: upstreams[0]?.baseUrl, apiKey: 'upstream-key-loose' },
    ],
    models: [
      { name: 'strict', targets: [target(0)] },
      { name: 'dear-pictures', imageTokensMax: 48_000, targets: [target(0)] },
      { name: 'loose', targets: [{ provider: 'untidy', model: 'upstream-model' }] },
      { name: 'claude', targets: [{ provider: 'claude', model: 'upstream-model' }] },
      { name: 'both', targets: upstreams.map((_, i) => target(i)) },
      { name: 'picture', kind: 'image', targets: upstreams.map((_, i) => target(i)) },
      { name: 'vectors', kind: 'embedding', targets: upstreams.map((_, i) => target(i)) },
      { name: 'ranks', kind: 'rerank', targets: upstreams.map((_, i) => target(i)) },
      { name: 'voice', kind: 'speech', targets: upstreams.map((_, i) => target(i)) },
      { name: 'listener', kind: 'transcription', targets: upstreams.map((_, i) => target(i)) },
    ],
    plans: TEST_PLANS,
    ...rest,
    timeouts: { ...SHORT_TIMEOUTS, ...(timeouts as Settings | undefined) },
    // Tests of one failure after another would take their provider for one that is out.
    bounds: { failuresInRow: 1_000_000, ...(bounds as Settings | undefined) },
  };
}

/** The environment of a test gateway; nothing of the machine's own gets in. */
export function environmentFor(dataDir: string, config: string, more: Readonly<Record<string, string>> = {}) {
  // A port on which nothing listens, so that no Ollama of this machine is found.
  const base = {
    PORT: '0',
    DATA_DIR: dataDir,
    CONFIG: config,
    LOG_LEVEL: 'silent',
    OLLAMA_BASE_URL: 'http://127.0.0.1:9/v1',
  };
  return { ...base, TOLMACH_ADMIN_TOKEN: ADMIN_TOKEN, ...more };
}
