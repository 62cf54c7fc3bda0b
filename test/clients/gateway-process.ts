// A gateway as an operator runs it: its own process, its own folder, and the command line for everything else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMAND = ['node', join(import.meta.dir, '..', '..', 'bin', 'tolmach.mjs')];

export type GatewayProcess = {
  readonly url: string;
  /** Runs one command and returns what it prints. */
  tolmach(...args: string[]): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
};

/** No provider is configured, so that the demonstration answers. */
export async function startGatewayProcess(publicKey: string): Promise<GatewayProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-clients-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(dataDir, 'tolmach.yaml');
  await Bun.write(config, JSON.stringify({ publicKey }));
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: dataDir,
    PORT: String(port),
    PUBLIC_URL: url,
    LOG_LEVEL: 'warn',
    CONFIG: config,
  };
  const log = join(dataDir, 'start.log');
  let isWanted = true;
  const server = Bun.spawn([...COMMAND, 'start'], {
    env,
    // A file, since a pipe that nobody reads any more could break under the gateway.
    stdout: Bun.file(log),
    stderr: 'inherit',
    onExit(_, code, signal) {
      if (isWanted)
        process.stderr.write(`the gateway ended by itself: ${signal ?? code}
`);
    },
  });
  await untilReady(log);
  return {
    url,
    async tolmach(...args) {
      const command = Bun.spawn([...COMMAND, ...args, '--json'], { env, stdout: 'pipe', stderr: 'pipe' });
      const [output, complaint] = await Promise.all([
        new Response(command.stdout).text(),
        new Response(command.stderr).text(),
      ]);
      if ((await command.exited) !== 0) throw new Error(`tolmach ${args.join(' ')}: ${complaint}`);
      return JSON.parse(output) as Record<string, unknown>;
    },
    async stop() {
      isWanted = false;
      server.kill('SIGTERM');
      await server.exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The address has to be known before the start, since it is also the public one. */
async function freePort(): Promise<number> {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

async function untilReady(log: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await Bun.file(log).exists()) && (await Bun.file(log).text()).includes('ready at')) return;
    await Bun.sleep(100);
  }
  throw new Error(`the gateway did not start: ${await Bun.file(log).text()}`);
}
