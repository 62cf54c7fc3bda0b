// Starts PyPI's `moto` as a server that speaks the S3 protocol. Where Python has not the package, it is installed in a
// virtual environment of the temporary folder, which later runs find again.
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = 'moto[server]==5.2.5';
const INSTALL_MS = 180_000;
const START_MS = 30_000;

export type S3Server = { readonly endpoint: string; stop(): Promise<void> };

/** `undefined` where it can be neither found nor installed, or does not start. */
export async function startMoto(): Promise<S3Server | undefined> {
  const python = findPython() ?? install();
  if (python === undefined) return undefined;
  const port = await freePort();
  const server = Bun.spawn([python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const stop = async () => {
    server.kill();
    await server.exited;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const untilMs = performance.now() + START_MS;
  while (performance.now() < untilMs && server.exitCode === null) {
    if (
      await fetch(endpoint).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { endpoint, stop };
    await Bun.sleep(100);
  }
  await stop();
  return undefined;
}

function findPython(): string | undefined {
  return [process.env['PYTHON'] ?? 'python3', venvPython()].find((python) => run(python, '-c', 'import moto.server'));
}

function install(): string | undefined {
  const python = venvPython();
  const isMade =
    (existsSync(python) || run('python3', '-m', 'venv', venv())) && run(python, '-m', 'pip', 'install', '-q', PACKAGE);
  return isMade ? python : undefined;
}

function venv(): string {
  return join(tmpdir(), 'tolmach-moto');
}

function venvPython(): string {
  return join(venv(), 'bin', 'python');
}

function run(...command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore', timeout: INSTALL_MS }).success;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
