// How an operator switches Anthropic on: by a key in the environment, by an address with or without the version, by a
// provider in the file.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ModelBook } from '../../src/pipeline/model-book.ts';
import { MODEL_PRESETS } from '../../src/presets/models.ts';
import { message } from '../../src/testing/anthropic-fault-shapes.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

const KEY = 'sk-ant-test';

function targetOf(environment: Record<string, string>, name = 'claude-sonnet-5-5') {
  const route = new ModelBook({ providers: [], models: [] }, environment, MODEL_PRESETS).find(name)?.routes[0];
  return { provider: route?.provider.name, ...route?.target };
}

describe('by a key alone', () => {
  test('the built-in Claude models are answered by Anthropic, with the bound that their hold counts on', () => {
    expect(targetOf({ ANTHROPIC_API_KEY: KEY })).toMatchObject({
      provider: 'anthropic',
      providerName: 'anthropic',
      upstreamModel: 'claude-sonnet-5-5',
      baseUrl: 'https://api.anthropic.com/v1',
      apiKey: KEY,
      maxOutputTokens: MODEL_PRESETS.find(({ name }) => name === 'claude-sonnet-5-5')?.maxOutputTokens,
    });
    expect(targetOf({}).provider).toBe('demo');
  });

  test('names of the past are answered by a model that lives', () => {
    expect(targetOf({ ANTHROPIC_API_KEY: KEY }, 'claude-2').upstreamModel).toBe('claude-haiku-4-5');
    expect(targetOf({ OPENROUTER_API_KEY: KEY }, 'claude-sonnet-4-5').upstreamModel).toBe(
      'anthropic/claude-sonnet-4.6',
    );
  });
});

test.each(['http://proxy.example', 'http://proxy.example/', 'http://proxy.example/v1', 'http://proxy.example/v1/'])(
  'ANTHROPIC_BASE_URL may be %p, as Anthropic’s clients have it or as the others do',
  (url) => {
    const target = targetOf({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: url });
    expect(target.baseUrl).toBe('http://proxy.example/v1');
  },
);

describe('by an address', () => {
  const asked: { readonly path: string; readonly headers: Headers }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname: path } = new URL(request.url);
      asked.push({ path, headers: request.headers });
      return Response.json(
        path === '/v1/models' ? { data: [{ type: 'model', id: 'claude-found' }] } : message('Here.'),
      );
    },
  });
  let gateway: TestGateway;

  beforeAll(async () => {
    const named = {
      name: 'named',
      kind: 'anthropic',
      baseUrl: `http://127.0.0.1:${server.port}/v1`,
      apiKey: 'own-key',
    };
    const providers = [named];
    const models = [{ name: 'mine', maxOutputTokens: 55, targets: [{ provider: 'named', model: 'its-name' }] }];
    gateway = await TestGateway.start({
      config: { providers, models },
      env: { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: `http://127.0.0.1:${server.port}` },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await server.stop(true);
  });

  test('it is asked for its models in its own way, and what it names can be called', async () => {
    const { key } = await gateway.customer('requests', { requests: 10 });
    let status = 0;
    for (let tries = 0; status !== 200 && tries < 100; tries++) {
      const body = { model: 'claude-found', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
      status = (await gateway.ask('/v1/messages', body, { 'x-api-key': key })).status;
    }
    expect(status).toBe(200);
    const listing = asked.find(({ path }) => path === '/v1/models');
    expect(listing?.headers.get('x-api-key')).toBe(KEY);
    expect(listing?.headers.get('anthropic-version')).toBe('2023-06-01');
    expect(asked.at(-1)).toMatchObject({ path: '/v1/messages' });
  });

  test('a provider of the file may be of this kind without being the vendor', async () => {
    const { key } = await gateway.customer('requests', { requests: 10 });
    const body = { model: 'mine', messages: [{ role: 'user', content: 'Hi' }] };
    const told = await gateway.ask('/v1/chat/completions', body, { authorization: `Bearer ${key}` });
    expect(told.body).toMatchObject({ object: 'chat.completion' });
    expect(told.headers.get('x-tolmach-provider')).toBe('named');
    expect(asked.at(-1)?.headers.get('x-api-key')).toBe('own-key');
  });
});
