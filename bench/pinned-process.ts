// Starts and stops the processes of the bench, each on the core it belongs to: targets on one, load and upstream on
// the other, so that they do not take time from what is measured.
import { readFileSync } from 'node:fs';
import { processTree } from './process-usage.ts';

/** `undefined` where the machine has one core or no `taskset`: then nothing is pinned, and the report says so. */
export type Cores = { readonly target: string | undefined; readonly load: string | undefined };

const STOP_MS = 10_000;
const LOG_TAIL = 2_000;

export function chooseCores(): Cores {
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = allowed.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
  if (cores.length < 2 || Bun.which('taskset') === null) return { target: undefined, load: undefined };
  return { target: cores[0], load: cores[1] };
}

export type Command = {
  readonly name: string;
  readonly command: readonly string[];
  readonly core: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard output and error go here, as they would in production: a pipe would need a reader. */
  readonly logFile: string;
};

const running = new Set<Bun.Subprocess>();

/** Ends every process of the bench at once, workers of targets too, for a bench that is itself told to stop. */
export function killAll(): void {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    for (const pid of processTree(child.pid)) process.kill(pid, 'SIGKILL');
  }
}

/** A process that runs until it is stopped. Use it with `await using`, so that none outlives the bench. */
export class PinnedProcess implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #command: Command;

  constructor(command: Command) {
    const log = Bun.file(command.logFile);
    this.#command = command;
    this.#child = Bun.spawn(pinned(command.core, command.command), {
      env: { ...process.env, ...command.environment },
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
    running.add(this.#child);
  }

  get pids(): number[] {
    return processTree(this.#child.pid);
  }

  /** Asks `isReady` until it says yes. Fails when the process ends or the time is over. */
  async waitUntil(isReady: () => Promise<boolean>, limitMs: number, everyMs = 20): Promise<void> {
    const until = performance.now() + limitMs;
    while (!(await isReady())) {
      const ended = this.#child.exitCode ?? this.#child.signalCode;
      if (ended !== null) throw new Error(`${this.#command.name} ended at once (${ended}): ${this.#tail()}`);
      if (performance.now() > until) throw new Error(`${this.#command.name} was not ready in time: ${this.#tail()}`);
      await Bun.sleep(everyMs);
    }
  }

  async stop(): Promise<void> {
    running.delete(this.#child);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#child.exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #tail(): string {
    return readFileSync(this.#command.logFile, 'utf8').slice(-LOG_TAIL);
  }
}

/** Runs a command to its end and answers its standard output; its failure is an error with what it said. */
export async function runToEnd(command: Omit<Command, 'logFile'> & { readonly limitMs: number }): Promise<string> {
  const child = Bun.spawn(pinned(command.core, command.command), {
    env: { ...process.env, ...command.environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: command.limitMs,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const status = await child.exited;
  if (status !== 0) throw new Error(`${command.name} failed (${status}): ${(error + out).slice(-LOG_TAIL)}`);
  return out;
}

function pinned(core: string | undefined, command: readonly string[]): string[] {
  return core === undefined ? [...command] : ['taskset', '-c', core, ...command];
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** Whether something accepts connections on `port`. */
export async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
