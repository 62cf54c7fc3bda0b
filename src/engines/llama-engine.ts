// One model file, run by llama.cpp in a child process: started, waited for until the model is in memory, started anew
// where it died, and ended with the gateway. The gateway speaks to it as to any provider, at an address of this machine.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('llama-server.mjs', import.meta.url));
/** Big models come from slow disks. */
const LOAD_MAX_MS = 600_000;
const RESTART_MS = 1_000;
const RESTART_MAX_MS = 60_000;
const LAST_WORDS_CHARS = 300;

export type EngineSettings = {
  readonly name: string;
  readonly file: string;
  readonly contextTokens: number;
  readonly parallel: number;
  /** As many as fit where absent. */
  readonly gpuLayers?: number;
  /** As it thinks best where absent. */
  readonly threads?: number;
};

/** Why an engine did not start; `missing` where the package that runs llama.cpp is not installed. */
export class EngineProblem extends Error {
  readonly kind: 'missing' | 'failed';

  constructor(kind: 'missing' | 'failed', detail: string) {
    super(detail);
    this.kind = kind;
  }
}

export type EngineHost = {
  /** The Node.js that runs it. */
  readonly node: string;
  /** All that the child gets to know of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly key: string;
  /** It died although nobody wanted it to, and is started anew. */
  onDeath(name: string, detail: string): void;
};

export class LlamaEngine {
  readonly #settings: EngineSettings;
  readonly #host: EngineHost;
  #child: ChildProcess | undefined;
  #port = 0;
  #isStopping = false;
  #restartMs = RESTART_MS;
  #restart: ReturnType<typeof setTimeout> | undefined;

  private constructor(settings: EngineSettings, host: EngineHost) {
    this.#settings = settings;
    this.#host = host;
  }

  /** Resolves once the model answers. Throws an `EngineProblem`. */
  static async start(settings: EngineSettings, host: EngineHost): Promise<LlamaEngine> {
    const engine = new LlamaEngine(settings, host);
    await engine.#run();
    return engine;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** The process that runs it now, if one does. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it at once: whoever waits for an answer has been told before. */
  stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    this.#child?.kill('SIGKILL');
  }

  async #run(): Promise<void> {
    const { node, environment, key } = this.#host;
    const child = spawn(node, [SERVER], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...environment } });
    this.#child = child;
    // Who is not there any more needs no settings.
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify({ ...this.#settings, key, port: this.#port })}\n`);
    const lastWords = tailOf(child);
    try {
      this.#port = await readPort(child, lastWords);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    this.#restartMs = RESTART_MS;
    child.once('exit', (code, signal) => this.#died(`${signal ?? `status ${code}`}: ${lastWords()}`));
  }

  #died(detail: string): void {
    this.#child = undefined;
    if (this.#isStopping) return;
    this.#host.onDeath(this.#settings.name, detail);
    this.#restart = setTimeout(() => {
      this.#run().catch((error) => this.#died(String(error)));
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MAX_MS);
  }
}

/** The end of what it wrote to its standard error, on one line. It never tells prompts. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-LAST_WORDS_CHARS);
  });
  return () => tail.replace(/\s+/g, ' ').trim();
}

/** The port that it tells; throws what it tells instead, or its end or its silence. Its library may write lines of its own. */
function readPort(child: ChildProcess, lastWords: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const give = setTimeout(() => reject(new EngineProblem('failed', 'the model was not loaded in time')), LOAD_MAX_MS);
    const refuse = (kind: 'missing' | 'failed', detail: string) => {
      clearTimeout(give);
      reject(new EngineProblem(kind, detail));
    };
    child.once('error', (error) => refuse('failed', error.message));
    child.once('exit', (code, signal) =>
      refuse('failed', `it ended with ${signal ?? `status ${code}`}: ${lastWords()}`),
    );
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { port, problem, detail = '' } = readLine(line);
      if (problem !== undefined) refuse(problem, detail);
      if (port === undefined) return;
      clearTimeout(give);
      resolve(port);
    });
  });
}

type ToldLine = { readonly port?: number; readonly problem?: 'missing' | 'failed'; readonly detail?: string };

function readLine(line: string): ToldLine {
  try {
    return (JSON.parse(line) as ToldLine | null) ?? {};
  } catch {
    return {};
  }
}
