// The configuration: everything has a default, every problem is told at once, and what is not known is refused.
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, loadSecrets } from '../../src/config.ts';
import { startGateway } from '../../src/main.ts';

const folder = mkdtempSync(join(tmpdir(), 'tolmach-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(yaml: string, env: Record<string, string> = {}) {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, yaml);
  return loadConfig({ CONFIG: path, ...env });
}

function problems(yaml: string, env: Record<string, string> = {}): readonly string[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('without anything', () => {
  test('everything has a default', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      timeZone: 'Europe/Moscow',
      logLevel: 'info',
      databaseUrl: undefined,
    });
    expect(config.publicUrl).toBe('http://127.0.0.1:8080');
    expect(config.dataDir).toEndWith('/data');
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('empty variables count as absent, and an empty file as no file', () => {
    expect(loadConfig({ PORT: '', HOST: '', CONFIG: '', DATABASE_URL: '' })).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
    });
    expect(load('')).toMatchObject({ port: 8080, models: [] });
  });
});

describe('every problem is told at once', () => {
  test('those of the environment and those of the file together', () => {
    const yaml = `
timeZone: Europe/Nowhere
surprise: 1
timeouts: { connectMs: -5, idleMs: soon, unknownMs: 1 }
providers:
  - { name: a }
  - { name: b, baseUrl: 'ftp://x' }
models:
  - { name: m, targets: [] }
plans:
  - { id: p, name: P, prices: [{ requests: 1, microRub: {} }, {}] }
`;
    const told = problems(yaml, { PORT: '70000', LOG_LEVEL: 'loud', PUBLIC_URL: 'example.org' }).join('\n');
    for (const part of [
      'PORT',
      'LOG_LEVEL',
      'PUBLIC_URL',
      'surprise',
      'timeouts.connectMs',
      'timeouts.idleMs',
      'unknownMs',
      'providers.1.baseUrl',
      'models.0.targets',
      'plans.0.prices.0',
      'plans.0.prices.1',
    ])
      expect(told).toContain(part);
  });

  test('names that are given twice, zones that do not exist, providers without an address', () => {
    const yaml = `
timeZone: Europe/Nowhere
providers:
  - { name: a }
  - { name: c, baseUrl: 'http://x' }
  - { name: c, baseUrl: 'http://y' }
models:
  - { name: m, targets: [{ provider: c, model: x }] }
  - { name: m, targets: [{ provider: c, model: x }] }
plans:
  - { id: p, name: P }
  - { id: p, name: Q }
`;
    expect(problems(yaml)).toHaveLength(5);
  });

  test('vendors and providers that are not there, before anything is started', async () => {
    const yaml = `
providers:
  - { name: b, vendor: no-such-vendor }
  - { name: demo, baseUrl: 'http://z' }
models:
  - { name: m, targets: [{ provider: nobody, model: x }, { provider: demo, model: x }, { provider: openai, model: x }] }
`;
    const config = load(yaml, { DATA_DIR: join(folder, 'never') });
    const error = await startGateway(config).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.problems).toEqual([
      'providers.0.vendor: there is no vendor "no-such-vendor"',
      'providers.1: "demo" is the name of the built-in provider',
      'models.0.targets.0: there is no provider "nobody"',
      'models.0.targets.2: there is no provider "openai"',
    ]);
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  test('keys, bounds, proxies and orders of routing that make no sense', async () => {
    expect(
      problems(`
providers:
  - { name: a, baseUrl: 'http://x', proxy: 'https://proxy', apiKeys: [], concurrency: 0, perMinute: 0, probeEveryMs: 1 }
models:
  - { name: m, order: cheapest, targets: [{ provider: a, model: x, cost: -1 }] }
`).map((problem) => problem.split(':')[0]),
    ).toEqual([
      'providers.0.apiKeys',
      'providers.0.concurrency',
      'providers.0.perMinute',
      'providers.0.proxy',
      'providers.0.probeEveryMs',
      'models.0.order',
      'models.0.targets.0.cost',
    ]);
    const config = load(`
providers:
  - { name: a, baseUrl: 'http://x', apiKey: key-1, apiKeys: [key-2] }
  - { name: b, baseUrl: 'http://x', apiKeys: [key-3, key-3, 'Schlüssel'] }
  - { name: c, vendor: stability, apiKey: key-4, probeEveryMs: 5000 }
models:
  - { name: m, order: price, targets: [{ provider: a, model: x, cost: 0 }, { provider: b, model: x }] }
`);
    const error = await startGateway(config).catch((thrown) => thrown);
    expect(error.problems).toEqual([
      'providers.1.apiKeys.2: has characters that no key can have',
      'providers.2.probeEveryMs: "stability" lists no models to ask for',
      'providers.0: give either apiKey or apiKeys',
      'providers.1.apiKeys: a key is given twice',
      'models.0: the order "price" needs the cost of every target',
    ]);
  });

  test('and the message lists them all', () => {
    expect(() => load('a: 1\nb: 2', { PORT: 'x' })).toThrow(/has 2 problems:\n {2}- .+\n {2}- .+/);
  });
});

describe('unknown keys are refused', () => {
  test.each([
    'modells: []',
    'bounds: { bodyByte: 1 }',
    'providers: [{ name: a, baseUrl: "http://x", key: b }]',
    'plans: [{ id: p, name: P, price: [] }]',
    'models: [{ name: m, targets: [{ provider: demo, model: x, weigth: 2 }] }]',
  ])('%s', (yaml) => {
    expect(problems(yaml).join('\n')).toMatch(/[Uu]nrecognized key/);
  });
});

describe('values of the environment', () => {
  test('replace ${NAME} and ${NAME:-default}; a missing one is a problem with its place', () => {
    const config = load(
      'providers: [{ name: a, baseUrl: "http://${HOST_OF_A:-localhost}:1", apiKey: "${KEY_OF_A}" }]',
      { KEY_OF_A: 'secret' },
    );
    expect(config.providers[0]).toMatchObject({ baseUrl: 'http://localhost:1', apiKey: 'secret' });
    expect(problems('providers: [{ name: a, baseUrl: "http://x", apiKey: "${KEY_OF_B}" }]')).toEqual([
      'providers.0.apiKey: the environment has no KEY_OF_B',
    ]);
  });

  test('a file that is not there or no YAML is one clear problem', () => {
    expect(() => loadConfig({ CONFIG: join(folder, 'absent.yaml') })).toThrow(/absent\.yaml/);
    expect(problems('a: [1')[0]).toContain('config.yaml');
    expect(problems('just text')).toHaveLength(1);
  });

  test('numbers are numbers: no port of 80.5, 1e9 or -1', () => {
    for (const PORT of ['80.5', '1e9', '-1', 'http', ' ']) expect(problems('', { PORT })).toHaveLength(1);
  });
});

describe('secrets', () => {
  test('are made once, kept, and readable by their owner alone', () => {
    const config = loadConfig({ DATA_DIR: join(folder, 'data') });
    const made = loadSecrets(config);
    expect(loadSecrets(config)).toEqual(made);
    expect(made.adminToken).not.toBe(made.masterSecret);
    expect(made.adminToken.length).toBeGreaterThanOrEqual(43);
    for (const name of ['secret', 'admin-token']) expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
  });

  test('that are too short are refused rather than used', () => {
    const config = loadConfig({ DATA_DIR: join(folder, 'short') });
    loadSecrets(config);
    writeFileSync(join(folder, 'short', 'secret'), 'abc\n');
    expect(() => loadSecrets(config)).toThrow(/too short/);
    expect(readFileSync(join(folder, 'short', 'secret'), 'utf8')).toBe('abc\n');
  });
});
