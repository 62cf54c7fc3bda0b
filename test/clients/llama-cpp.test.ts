// A model file run by llama.cpp itself, behind the whole gateway: a tiny model of random weights, whose noise is enough
// to see that answers stream, stop, are counted, are bound by a grammar, and end with whoever asked. The package that
// runs it is no dependency of ours; where it is not installed these tests are skipped, and the name says how to get it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { EngineProblem, LlamaEngine } from '../../src/engines/llama-engine.ts';
import { INSTALL, openEngines } from '../../src/engines/open-engines.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { writeTinyModel } from '../../src/testing/tiny-gguf.ts';

const ROOT = join(import.meta.dir, '..', '..');
const isInstalled = existsSync(join(ROOT, 'node_modules', 'node-llama-cpp', 'package.json'));
const WHY = isInstalled ? '' : ` (not installed: ${INSTALL})`;
const folder = mkdtempSync(join(tmpdir(), 'tolmach-llama-'));
const FILE = join(folder, 'крошка model.gguf');
const ASKED = [{ role: 'user', content: 'Say something.' }];
/** Of the whole answer that a test asks for. */
type Whole = {
  readonly choices: readonly [{ readonly message: { readonly content: string }; readonly finish_reason: string }];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
};

writeTinyModel(FILE);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!isInstalled)(`llama.cpp answers${WHY}`, () => {
  let gateway: TestGateway;
  let customer: Customer;

  beforeAll(async () => {
    const options = { file: FILE, contextTokens: '4096', parallel: '1', gpuLayers: '0', threads: '1' };
    gateway = await TestGateway.start({
      config: {
        providers: [{ name: 'own', kind: 'llama-cpp', options }],
        models: [{ name: 'tiny', targets: [{ provider: 'own', model: 'tiny' }] }],
        timeouts: { firstByteMs: 20_000, idleMs: 20_000, callMs: 60_000 },
      },
    });
    customer = await gateway.customer('requests', { requests: 1_000 });
  });
  afterAll(() => gateway.stop());

  const chat = (fields: object) =>
    gateway.chat(customer, { model: 'tiny', messages: ASKED, temperature: 0, ...fields });
  const whole = async (fields: object) => (await (await chat(fields)).json()) as Whole;
  const textOf = ({ choices: [{ message }] }: Whole) => message.content;

  test('with as many tokens as were asked for, counted by the model’s own tokenizer, and is charged', async () => {
    const before = (await gateway.balance(customer)).requests;
    const { choices, usage } = await whole({ max_tokens: 16 });
    expect(choices[0].finish_reason).toBe('length');
    expect(choices[0].message.content).not.toBe('');
    expect(usage).toMatchObject({ completion_tokens: 16, total_tokens: usage.prompt_tokens + 16 });
    // The tokenizer has one token for each character, and the chat's own frame comes on top.
    expect(usage.prompt_tokens).toBeGreaterThan('Say something.'.length);
    const longer = await whole({ max_tokens: 1, messages: [{ role: 'user', content: 'Say something!!!!!' }] });
    expect(longer.usage.prompt_tokens).toBe(usage.prompt_tokens + 4);
    expect((await gateway.balance(customer)).requests).toBe(before - 4);
  });

  test('in pieces that make up the whole answer, with the usage at the end', async () => {
    const expected = await whole({ max_tokens: 40 });
    const text = await (await chat({ max_tokens: 40, stream: true, stream_options: { include_usage: true } })).text();
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('data: {'));
    const chunks = frames.map((frame) => JSON.parse(frame.slice(6)) as { choices: { delta?: { content?: string } }[] });
    const pieces = chunks.flatMap(({ choices }) => choices[0]?.delta?.content ?? []);
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(5);
    expect(pieces.join('')).toBe(textOf(expected));
    expect(chunks.at(-1)).toMatchObject({ usage: { completion_tokens: 40 } });
    expect(text).toEndWith('data: [DONE]\n\n');
  });

  test('the same for the same seed, and other words for another', async () => {
    const draw = (seed: number) => whole({ max_tokens: 40, temperature: 1, seed }).then(textOf);
    const first = await draw(7);
    expect(await draw(7)).toBe(first);
    expect(await draw(8)).not.toBe(first);
  });

  test('up to a stop word', async () => {
    const text = textOf(await whole({ max_tokens: 40 }));
    const stop = [...text].slice(10, 12).join('');
    const stopped = await whole({ max_tokens: 40, stop: [stop] });
    expect(textOf(stopped)).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.choices[0].finish_reason).toBe('stop');
  });

  test('in the shape of a schema, whatever the model would rather say', async () => {
    const schema = {
      type: 'object',
      properties: { sure: { type: 'boolean' }, mood: { enum: ['good', 'bad'] } },
      required: ['sure', 'mood'],
      additionalProperties: false,
    };
    const format = { type: 'json_schema', json_schema: { name: 'mood', schema } };
    const answered = await whole({ max_tokens: 200, response_format: format });
    const { sure, mood, ...rest } = JSON.parse(textOf(answered)) as Record<string, unknown>;
    expect([typeof sure, ['good', 'bad'].includes(String(mood)), rest]).toEqual(['boolean', true, {}]);
    expect(answered.choices[0].finish_reason).toBe('stop');
  });

  test.each([
    ['n', { n: 2 }],
    ['tools', { tools: [{ type: 'function', function: { name: 'now' } }] }],
    ['logprobs', { logprobs: true }],
    ['messages', { messages: [{ role: 'user', content: 'word '.repeat(2_000) }] }],
  ])('nothing, and for nothing, where it cannot: %s', async (param, fields) => {
    const before = (await gateway.balance(customer)).requests;
    const response = await chat(fields);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
    expect((await gateway.balance(customer)).requests).toBe(before);
  });

  test('one after the other where there is one place', async () => {
    const answered = await Promise.all([1, 2, 3].map(() => whole({ max_tokens: 20 })));
    expect(new Set(answered.map(textOf)).size).toBe(1);
  });

  test('no longer than somebody listens: the place of who left is free within a second', async () => {
    const beganMs = performance.now();
    expect((await whole({ max_tokens: 2_000 })).choices[0].finish_reason).toBe('length');
    const aloneMs = performance.now() - beganMs;
    const controller = new AbortController();
    const left = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}` },
      body: JSON.stringify({ model: 'tiny', messages: ASKED, stream: true, max_tokens: 2_000, temperature: 0 }),
      signal: controller.signal,
    });
    const reader = left.body?.getReader();
    await reader?.read();
    controller.abort();
    const sinceMs = performance.now();
    expect((await whole({ max_tokens: 1 })).usage.completion_tokens).toBe(1);
    expect(performance.now() - sinceMs).toBeLessThan(Math.min(1_000, aloneMs / 2));
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
  });
});

describe.skipIf(!isInstalled)(`the process of llama.cpp${WHY}`, () => {
  const settings = { name: 'own', file: FILE, contextTokens: 256, parallel: 1, gpuLayers: 0, threads: 1 };
  const host = { node: 'node', environment: { PATH: process.env['PATH'] ?? '' }, key: 'engine-key' };
  const models = (baseUrl: string, key = 'engine-key') =>
    fetch(`${baseUrl}/models`, { headers: { authorization: `Bearer ${key}` } });

  test('wants its key, and is started anew at the same address when it dies', async () => {
    const died = Promise.withResolvers<string>();
    const engine = await LlamaEngine.start(settings, { ...host, onDeath: (_, detail) => died.resolve(detail) });
    try {
      const { baseUrl, pid = 0 } = engine;
      expect((await models(baseUrl, 'another')).status).toBe(401);
      expect((await models(baseUrl)).status).toBe(200);
      process.kill(pid, 'SIGKILL');
      expect(await died.promise).toContain('SIGKILL');
      await until(async () => (await models(baseUrl).catch(() => undefined))?.status === 200);
      expect(engine.pid).not.toBe(pid);
    } finally {
      engine.stop();
    }
    await until(async () => engine.pid === undefined);
  });

  test('ends when the gateway is gone, however that ended', async () => {
    const child = spawn('node', [join(ROOT, 'src', 'engines', 'llama-server.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    child.stdin.write(`${JSON.stringify({ ...settings, key: 'k', port: 0 })}\n`);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    child.stdin.end();
    expect(await exited).toBe(0);
  });

  test('that cannot read its file is told at the start', async () => {
    const wrong = { ...settings, file: join(ROOT, 'package.json') };
    const failure = await LlamaEngine.start(wrong, { ...host, onDeath: () => undefined }).catch((error) => error);
    expect(failure).toBeInstanceOf(EngineProblem);
    expect(failure.kind).toBe('failed');
  });
});

test.skipIf(isInstalled)('without llama.cpp the start is refused with the command that installs it', async () => {
  const path = join(folder, 'config.json');
  const provider = { name: 'own', kind: 'llama-cpp', options: { file: FILE } };
  await Bun.write(path, JSON.stringify({ providers: [provider] }));
  const config = loadConfig({ CONFIG: path, PATH: process.env['PATH'] });
  const failure: unknown = await openEngines(config, () => undefined).catch((error) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).toContain(INSTALL);
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error('it did not become so');
    await Bun.sleep(20);
  }
}
