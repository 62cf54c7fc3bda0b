#!/usr/bin/env node
// The `tolmach` command: finds the pinned Bun and hands the arguments to the CLI.
import { fileURLToPath } from 'node:url';
import { runBun } from './bun.mjs';

// Bun opens at most 256 outbound connections unless told otherwise before it starts.
const environment = { BUN_CONFIG_MAX_HTTP_REQUESTS: '16384', ...process.env };
runBun([fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)), ...process.argv.slice(2)], environment);
