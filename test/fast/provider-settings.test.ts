// What an operator says of providers beside an address and a key: options of their kind, certificates, calls at once.
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { ModelBook } from '../../src/pipeline/model-book.ts';
import { modelProblems } from '../../src/pipeline/model-problems.ts';
import { MODEL_PRESETS } from '../../src/presets/models.ts';
import { TEST_CA } from '../../src/testing/test-certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'tolmach-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'ca.pem'), TEST_CA);
writeFileSync(join(folder, 'no.pem'), 'no certificate');

const TARGETS = { models: [{ name: 'm', targets: [{ provider: 'p', model: 'x' }] }] };

function load(provider: object, env: Record<string, string> = {}) {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, JSON.stringify({ providers: [{ name: 'p', ...provider }], ...TARGETS }));
  return loadConfig({ CONFIG: path, ...env });
}

function route(provider: object, env: Record<string, string> = {}) {
  const config = load(provider, env);
  expect(modelProblems(config, env)).toEqual([]);
  return new ModelBook(config, env, MODEL_PRESETS).find('m')?.routes[0];
}

const target = (provider: object, env: Record<string, string> = {}) => route(provider, env)?.target;

function problems(provider: object, env: Record<string, string> = {}): readonly string[] {
  try {
    return modelProblems(load(provider, env), env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const pathTo = (name: string, environment: Record<string, string>) =>
  new ModelBook({ providers: [], models: [] }, environment, MODEL_PRESETS)
    .find(name)
    ?.routes.map(({ target: { providerName, upstreamModel } }) => [providerName, upstreamModel]);

describe('options', () => {
  test('come from the file, then from the environment of the vendor, then from their fallback', () => {
    const env = { GIGACHAT_CREDENTIALS: 'key', GIGACHAT_SCOPE: 'GIGACHAT_API_CORP' };
    const options = { scope: 'GIGACHAT_API_B2B' };
    expect(target({ vendor: 'gigachat', options }, env)).toMatchObject({ apiKey: 'key', options });
    expect(target({ vendor: 'gigachat' }, env)?.options['scope']).toBe('GIGACHAT_API_CORP');
    expect(target({ vendor: 'gigachat', apiKey: 'a' })?.options).toEqual({
      scope: 'GIGACHAT_API_PERS',
      authUrl: 'https://ngw.devices.sberbank.ru:9443/api/v2/oauth',
    });
  });

  test('that are unknown, missing, or cannot stand in a header are told by name, and never their values', () => {
    expect(problems({ vendor: 'gigachat', options: { folder: 'x' } })).toEqual([
      'providers.0.options.folder: there is no such option of "gigachat"',
    ]);
    expect(problems({ vendor: 'fusionbrain', apiKey: 'a' })).toEqual([
      'providers.0.options.secret: "fusionbrain" needs it',
    ]);
    expect(problems({ vendor: 'fusionbrain', apiKey: 'a', options: { secret: 'a\r\nb' } })).toEqual([
      'providers.0.options.secret: has characters that it cannot have',
    ]);
    expect(problems({ vendor: 'openai' }, { YANDEX_API_KEY: 'key' })).toEqual([
      'YANDEX_FOLDER_ID: "yandexgpt" needs it',
    ]);
  });
});

describe('a model file', () => {
  test('has to be there, and what goes with it to be of its form', () => {
    const own = (options: object) => problems({ kind: 'llama-cpp', options });
    expect(own({})).toEqual(['providers.0.options.file: "llama-cpp" needs it']);
    expect(own({ file: 'absent.gguf' })).toEqual([
      `providers.0.options.file: there is no file ${join(folder, 'absent.gguf')}`,
    ]);
    expect(own({ file: 'config.yaml', parallel: 'many', gpuLayers: 'all' })).toEqual([
      'providers.0.options.parallel: is not of the form that "llama-cpp" takes',
      'providers.0.options.gpuLayers: is not of the form that "llama-cpp" takes',
    ]);
  });

  test('is seen from the configuration file, and may have any name', () => {
    writeFileSync(join(folder, 'крошка model.gguf'), '');
    const { options } = load({ kind: 'llama-cpp', options: { file: 'крошка model.gguf' } }).providers[0] ?? {};
    expect(options).toEqual({ file: join(folder, 'крошка model.gguf') });
  });
});

describe('certificates', () => {
  test.each([
    ['the text', TEST_CA],
    ['a path seen from the file', 'ca.pem'],
    ['a whole path', join(folder, 'ca.pem')],
  ])('may be %s', (_, ca) => {
    expect(target({ vendor: 'gigachat', apiKey: 'a', ca })?.ca).toBe(TEST_CA);
  });

  test('that are not there, or are none, are told at once', () => {
    expect(problems({ vendor: 'gigachat', ca: 'absent.pem' }).join()).toContain('providers.0.ca: ENOENT');
    expect(problems({ vendor: 'gigachat', ca: 'no.pem' })).toEqual(['providers.0.ca: no.pem is no PEM file']);
  });
});

describe('calls at once', () => {
  test.each([
    [{ vendor: 'gigachat' }, 1],
    [{ vendor: 'gigachat', options: { scope: 'GIGACHAT_API_CORP' } }, 10],
    [{ vendor: 'gigachat', concurrency: 7 }, 7],
    [{ vendor: 'automatic1111' }, 1],
    [{ vendor: 'comfyui' }, 1],
    [{ kind: 'llama-cpp', options: { file: 'ca.pem', parallel: '3' } }, 3],
    [{ vendor: 'openai' }, Number.POSITIVE_INFINITY],
    [{ vendor: 'openai', concurrency: 3 }, 3],
  ])('with each key of %j are %p', (provider, concurrency) => {
    const keys = route({ apiKey: 'a', ...provider })?.keys.all;
    expect(keys?.map(({ capacity }) => capacity.concurrency)).toEqual([concurrency]);
  });
});

describe('the services’ pictures', () => {
  test('are drawn by the vendors that are switched on, in order of preference', () => {
    const fusionbrain = { FUSIONBRAIN_API_KEY: 'a', FUSIONBRAIN_SECRET_KEY: 'b' };
    expect(pathTo('kandinsky', { ...fusionbrain, GIGACHAT_CREDENTIALS: 'c' })).toEqual([
      ['fusionbrain', 'kandinsky'],
      ['gigachat', 'GigaChat-2-Max'],
    ]);
    expect(pathTo('sdxl', { STABILITY_API_KEY: 'a', AUTOMATIC1111_BASE_URL: 'http://gpu:7860' })).toEqual([
      ['automatic1111', 'loaded'],
      ['stability', 'stable-diffusion-xl-1024-v1-0'],
    ]);
    expect(pathTo('sdxl', { COMFYUI_BASE_URL: 'http://gpu:8188' })).toEqual([['comfyui', 'default']]);
    expect(pathTo('kandinsky', {})).toEqual([['demo', 'kandinsky']]);
  });
});
