// One Ctrl+C reaches the gateway several times, from the terminal, from npm and from the launcher. It still is one
// request to stop, and a running stream is waited for.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '..', '..', 'src', 'cli', 'main.ts');
const TOKEN = 'a token for this test alone, long enough';

test('a signal that arrives three times within moments lets a running stream end', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-stop-'));
  const gateway = Bun.spawn([process.execPath, MAIN, 'start'], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, TOLMACH_ADMIN_TOKEN: TOKEN, LOG_LEVEL: 'silent' },
    stdout: 'pipe',
  });
  try {
    const url = await readyAddress(gateway.stdout);
    const { id } = await admin(url, 'accounts', { email: 'a@example.com', plan: 'prestige' });
    const { key } = await admin(url, `accounts/${id}/keys`, {});
    const messages = [{ role: 'user', content: 'word '.repeat(30) }];
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'demo', stream: true, messages }),
    });
    for (let i = 0; i < 3; i++) {
      gateway.kill('SIGINT');
      // The system merges signals that the process has not yet seen.
      await Bun.sleep(30);
    }
    expect(await response.text()).toEndWith('data: [DONE]\n\n');
    expect(await gateway.exited).toBe(0);
  } finally {
    gateway.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('a gateway whose output nobody reads any more still stops in order', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tolmach-stop-'));
  const gateway = Bun.spawn([process.execPath, MAIN, 'start'], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, TOLMACH_ADMIN_TOKEN: TOKEN, LOG_LEVEL: 'silent' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  try {
    await readyAddress(gateway.stdout);
    await gateway.stdout.cancel();
    gateway.kill('SIGTERM');
    expect(await new Response(gateway.stderr).text()).toBe('');
    expect(await gateway.exited).toBe(0);
  } finally {
    gateway.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
});

async function readyAddress(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of output.values({ preventCancel: true })) {
    text += new TextDecoder().decode(chunk);
    const address = /ready at (\S+)/.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`the gateway did not start: ${text}`);
}

async function admin(url: string, path: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(`${url}/admin/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, string>;
}
