// The runtime shares a port between processes unless told not to, and then each gets a part of the calls.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { startGateway } from '../../src/main.ts';

test('a second gateway on the same port is refused', async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'tolmach-port-')));
  const environment = (i: number, port: string) => ({ PORT: port, DATA_DIR: folders[i] ?? '', LOG_LEVEL: 'silent' });
  const first = await startGateway(loadConfig(environment(0, '0')));
  try {
    const { port } = new URL(first.url);
    const second = startGateway(loadConfig(environment(1, port)));
    const outcome = await second.then(() => 'it started', String);
    expect(outcome).toContain(`port ${port} in use`);
  } finally {
    await first.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
});
