// The official SDKs, current and of older majors, against a running gateway whose demonstration answers: each calls every
// endpoint of its API that the gateway claims. Those that cannot be fetched are skipped, and their names say so.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayProcess } from './gateway-process.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { findToolchains, SDK_FOLDER } from './toolchains.ts';

const PROGRAMS = join(import.meta.dir, 'sdks');
const NODE = Bun.which('node') ?? 'node';
const toolchains = findToolchains();

let gateway: GatewayProcess;
let key: string;

beforeAll(async () => {
  gateway = await startGatewayProcess('a-public-key-that-nobody-uses');
  const { id } = await gateway.tolmach('account', 'create', '--email', 'sdks@example.com', '--plan', 'prestige');
  await gateway.tolmach('grant', '--account', String(id), '--requests', '1000');
  key = String((await gateway.tolmach('key', 'create', '--account', String(id))).key);
});
afterAll(() => gateway.stop());

const DEMO = expect.stringMatching(/^This is a demonstration answer from Tolmach: .*You wrote: "Hi"/);
const UNHEARD = 'This is a demonstration from T';

const OPENAI = {
  chat: DEMO,
  chatStream: DEMO,
  completion: DEMO,
  response: DEMO,
  responseStream: DEMO,
  responseHelper: DEMO,
  responseWithState: { status: 400, code: 'unsupported_parameter', param: 'previous_response_id' },
  embedding: [
    [4, 'number'],
    [4, 'number'],
  ],
  moderation: false,
  image: true,
  // The beginning of every PNG.
  imageInline: 'iVBORw0KGgo',
  imageEdit: { status: 400, code: 'unsupported_parameter', param: 'image' },
  speech: true,
  transcript: UNHEARD,
  subtitles: 'WEBVTT',
  translation: UNHEARD,
  models: true,
  absentModel: { status: 404, code: 'model_not_found', param: 'model' },
};

const GENAI_VERSION = {
  content: DEMO,
  stream: DEMO,
  chat: DEMO,
  call: 'weather',
  json: 'object',
  tokens: true,
  embedding: [4, 4],
  models: true,
  absentModel: { status: 404 },
};
const GENAI = { v1: GENAI_VERSION, v1beta: GENAI_VERSION };
const OLLAMA = {
  chat: DEMO,
  chatStream: DEMO,
  done: 'stop',
  counted: true,
  tools: 'assistant',
  generate: DEMO,
  generateStream: DEMO,
  json: true,
  bound: 'length',
  embed: [4, 4],
  embeddings: true,
  models: true,
  show: true,
  absentShow: { status: 404, told: true },
  absentModel: { status: 404, told: true },
};
const RANKED = { best: [1], absentModel: { status: 404 } };

async function run(command: readonly string[]): Promise<unknown> {
  const child = Bun.spawn([...command, gateway.url, key], { stdout: 'pipe', stderr: 'pipe' });
  const [output, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(complaint);
  return JSON.parse(output);
}

/** A package for Node.js, fetched under a name that tells its major version. */
function inNode(program: string, name: string, expected: unknown): void {
  const folder = join(SDK_FOLDER, 'node_modules', name);
  const about = join(folder, 'package.json');
  if (!existsSync(about)) {
    test.skip(`${name} is missing`, () => undefined);
    return;
  }
  const { name: real, version, main } = JSON.parse(readFileSync(about, 'utf8')) as Record<string, string>;
  test(`${real} ${version}`, async () => {
    expect(await run([NODE, join(PROGRAMS, program), join(folder, main ?? 'index.js')])).toEqual(expected);
  });
}

function inPython(program: string, python: string, what: string, expected: unknown): void {
  const isThere =
    existsSync(python) &&
    Bun.spawnSync([python, '-c', `import ${what}`], { stdout: 'ignore', stderr: 'ignore' }).success;
  if (!isThere) {
    test.skip(`${what} for Python is missing`, () => undefined);
    return;
  }
  const version = Bun.spawnSync([
    python,
    '-c',
    `from importlib.metadata import version as v; print(v('${what.replace('.', '-')}'))`,
  ])
    .stdout.toString()
    .trim();
  test(`${what} ${version} for Python`, async () => {
    expect(await run([python, join(PROGRAMS, program)])).toEqual(expected);
  });
}

const OLDER_PYTHON = join(SDK_FOLDER, 'python', 'bin', 'python');

describe('every endpoint that is claimed answers as documented', () => {
  for (const name of ['openai', 'openai-6', 'openai-4']) inNode('call-openai.mjs', name, OPENAI);
  inNode('call-genai.mjs', '@google/genai', GENAI);
  inNode('call-ollama.mjs', 'ollama', OLLAMA);
  if (toolchains.python.state === 'found') inPython('call-openai.py', toolchains.python.program, 'openai', OPENAI);
  inPython('call-openai.py', OLDER_PYTHON, 'openai', OPENAI);
  inPython('call-genai.py', OLDER_PYTHON, 'google.genai', GENAI);
  inPython('call-ollama.py', OLDER_PYTHON, 'ollama', OLLAMA);
  inPython('call-cohere.py', OLDER_PYTHON, 'cohere', { v1: RANKED, v2: RANKED });
});
