// The models that run on this machine because the configuration names their files: one process each, all of them started
// before the gateway serves. From then on they are providers like others, so that their addresses go into its
// configuration.
import type { Config } from '../config.ts';
import { ConfigError } from '../config.ts';
import { optionsOf } from '../pipeline/model-book.ts';
import { llamaCpp } from '../providers/llama-cpp.ts';
import type { EngineHost } from './llama-engine.ts';
import { EngineProblem, LlamaEngine } from './llama-engine.ts';

/** It is no dependency of ours: it is big, brings binaries, and few need it. */
const PACKAGE = 'node-llama-cpp@3.22.1';
export const INSTALL = `npm install --no-save --ignore-scripts ${PACKAGE}`;
/** What native code and its drivers look for. The child gets nothing else, and no key above all. */
const PASSED_ON = /^(PATH|HOME|TMPDIR|TEMP|SystemRoot|LD_LIBRARY_PATH|(CUDA|GGML|HIP|ROCR|VK)_\w+)$/;

export type Engines = {
  /** The configuration, in which each of these providers has its address and key. */
  readonly config: Config;
  stop(): void;
};

/** Throws a `ConfigError` where one of them cannot run, and ends the others. */
export async function openEngines(config: Config, onDeath: EngineHost['onDeath']): Promise<Engines> {
  const engines: LlamaEngine[] = [];
  const stop = () => {
    for (const engine of engines) engine.stop();
  };
  const entries = Object.entries(config.environment).filter(([name]) => PASSED_ON.test(name));
  const environment = Object.fromEntries(
    entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const providers = [...config.providers];
  for (const [i, provider] of providers.entries()) {
    // One that has an address is run by somebody else.
    if (provider.kind !== llamaCpp.name || provider.baseUrl !== undefined) continue;
    const key = crypto.randomUUID();
    try {
      const engine = await LlamaEngine.start(settingsOf(provider), { node: 'node', environment, key, onDeath });
      engines.push(engine);
      providers[i] = { ...provider, baseUrl: engine.baseUrl, apiKey: key };
    } catch (error) {
      stop();
      throw new ConfigError([`providers.${i}: ${told(error)}`]);
    }
  }
  return { config: { ...config, providers }, stop };
}

function settingsOf({ name, options: given }: Config['providers'][number]) {
  const { file = '', contextTokens, parallel, gpuLayers, threads } = optionsOf(llamaCpp, given, {});
  return {
    name,
    file,
    contextTokens: Number(contextTokens),
    parallel: Number(parallel),
    ...(gpuLayers === 'auto' ? {} : { gpuLayers: Number(gpuLayers) }),
    ...(threads === 'auto' ? {} : { threads: Number(threads) }),
  };
}

function told(error: unknown): string {
  if (!(error instanceof EngineProblem)) return String(error);
  if (error.kind === 'missing') return `llama.cpp is not installed; run \`${INSTALL}\` in the project folder`;
  return `llama.cpp did not start: ${error.message}`;
}
