#!/usr/bin/env node
// Runs the pinned Bun that npm installed, whether or not install scripts were allowed.
//
// npm's `bun` package moves its binary into place in an install script. When scripts are refused the binary stays in
// `@oven/bun-<os>-<arch>/bin`, so both places are tried. Arguments, signals and the exit status pass through.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The stub that stands in for a missing binary is a few hundred bytes of text; the real one is about 100 MB. */
const SMALLEST_BINARY_BYTES = 1_000_000;

function candidates(modules) {
  const oven = join(modules, '@oven');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const packages = existsSync(oven)
    ? readdirSync(oven).filter((name) => name.startsWith(`bun-${platform}-${arch}`))
    : [];
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun';
  return [join(modules, 'bun', 'bin', 'bun.exe'), ...packages.map((name) => join(oven, name, 'bin', file))];
}

function isBinary(path) {
  return existsSync(path) && statSync(path).size > SMALLEST_BINARY_BYTES;
}

export function findBun() {
  // When Tolmach is itself a dependency, its modules lie beside it rather than below it.
  const found = [join(root, 'node_modules'), join(root, '..')].flatMap(candidates).find(isBinary);
  if (found !== undefined) return found;
  process.stderr.write('tolmach: the Bun runtime is missing; run `npm ci` in the project folder\n');
  process.exit(1);
}

/** Replaces this process by Bun where Node can do that, else stays as a thin parent that forwards signals. */
export function runBun(args, environment = process.env) {
  const bun = findBun();
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(bun, [bun, ...args], environment);
  }
  const child = spawn(bun, args, { stdio: 'inherit', env: environment });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) runBun(process.argv.slice(2));
