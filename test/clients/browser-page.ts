// A program inside a real page: Chromium without a window, a page of another origin than the gateway's, and a console
// whose lines come back here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

const PAGE = `<!doctype html><meta charset="utf-8"><title>program</title>
<script>
const ask = window.fetch.bind(window);
const tell = (...parts) => ask('/console', { method: 'POST', body: parts.map(String).join(' ') });
for (const level of ['log', 'error']) console[level] = tell;
window.onerror = (message) => { tell('Uncaught', message); };
window.onunhandledrejection = (event) => { tell('Uncaught', event.reason); };
</script>
<script src="/program.js"></script>`;

/** Runs a program in a page until its console has so many lines, and returns them. */
export async function runInBrowser(
  chromium: string,
  program: string,
  linesWanted: number,
  timeoutMs: number,
): Promise<string[]> {
  const lines: string[] = [];
  const enough = Promise.withResolvers<void>();
  const site = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    routes: {
      '/': () => new Response(PAGE, { headers: { 'content-type': 'text/html' } }),
      '/program.js': () => new Response(program, { headers: { 'content-type': 'text/javascript; charset=utf-8' } }),
      '/console': async (request) => {
        lines.push(await request.text());
        if (lines.length >= linesWanted || lines.at(-1)?.startsWith('Uncaught')) enough.resolve();
        return new Response(null, { status: 204 });
      },
    },
    fetch: () => new Response(null, { status: 404 }),
  });
  const profile = mkdtempSync(join(tmpdir(), 'tolmach-chromium-'));
  const browser = Bun.spawn([chromium, ...FLAGS, `--user-data-dir=${profile}`, `http://localhost:${site.port}/`], {
    env: { PATH: process.env['PATH'], HOME: profile },
    stdout: 'ignore',
    stderr: 'ignore',
  });
  try {
    await Promise.race([enough.promise, Bun.sleep(timeoutMs)]);
    return lines;
  } finally {
    browser.kill();
    await browser.exited;
    await site.stop(true);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
