// `tolmach start`: runs the gateway until it is told to stop. The first signal drains running calls, a second one
// ends the process at once; what was held is then voided at the next start.
import { ConfigError, loadConfig } from '../config.ts';
import { startGateway } from '../main.ts';
import { CommandError } from './admin-client.ts';
import type { Command } from './command.ts';

export const start: Command = {
  name: 'start',
  about: 'Run the gateway.',
  options: {
    port: { value: 'N', about: 'port (PORT, default 8080)' },
    host: { value: 'H', about: 'address to listen on (HOST, default 127.0.0.1)' },
    'data-dir': { value: 'DIR', about: 'data folder (DATA_DIR, default ./data)' },
    config: { value: 'FILE', about: 'configuration file (CONFIG)' },
    preset: { value: 'P', about: 'serve as chatinfo, textbot, nsp or sydney alone (PRESET, default all of them)' },
    'log-level': { value: 'L', about: 'debug, info, warn, error or silent (LOG_LEVEL)' },
  },
  async run({ options }) {
    const flags = Object.entries(options).map(([name, value]) => [name.replace('-', '_').toUpperCase(), value]);
    const running = await startGateway(readConfig({ ...process.env, ...Object.fromEntries(flags) }));
    // Whoever read the output may be gone. That must not end the process before its calls are done.
    process.stdout.on('error', () => undefined);
    // Who sees the line may send a signal the moment after.
    const stopped = stopSignal();
    process.stdout.write(`Tolmach is ready at ${running.url}\n`);
    await stopped;
    process.stdout.write('Stopping: running calls are waited for. A second signal ends at once.\n');
    await running.stop();
    return { json: { stopped: true }, lines: ['Stopped.'] };
  },
};

function readConfig(environment: Readonly<Record<string, string | undefined>>) {
  try {
    return loadConfig(environment);
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError(error.message) : error;
  }
}

/** One Ctrl+C arrives several times within moments: from the terminal, from npm and from the launcher. */
const ECHO_MS = 1_000;

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let state: 'running' | 'echoes' | 'stopping' = 'running';
    const onSignal = () => {
      if (state === 'stopping') process.exit(130);
      if (state === 'running') setTimeout(() => (state = 'stopping'), ECHO_MS).unref();
      state = 'echoes';
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
