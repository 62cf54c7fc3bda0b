// Embeddings by the official SDK, which asks for base64 by itself: every kind of input, exact charges, and every way in
// which a vendor's vectors can be wrong.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { demoVectors } from '../../src/core/demo-vectors.ts';
import { embeddings, json } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

/** Micro-roubles a token: 50 ₽ a million, as the plan `money` has it. */
const MICRO_RUB_A_TOKEN = 50;
const VECTOR = [0.25, -0.5, 0];

let gateway: TestGateway;
let customer: Customer;
let client: OpenAI;

beforeAll(async () => {
  const bound = { id: 'bound', name: 'Bound', maxInputChars: 10, prices: [{ requests: 2 }] };
  const models = [{ name: 'demo-vectors', kind: 'embedding', targets: [{ provider: 'demo', model: 'demo' }] }];
  const gatewayModels = ['vectors', 'ranks'].map((name) => ({
    name,
    kind: name === 'vectors' ? 'embedding' : 'rerank',
    targets: [{ provider: 'first', model: 'upstream-model' }],
  }));
  gateway = await TestGateway.start({
    config: { plans: [...TEST_PLANS, bound], models: [...gatewayModels, ...models] },
  });
  customer = await gateway.customer('money', { rub: '1' });
  client = clientOf(customer);
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const clientOf = ({ key }: Customer) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });

/** What a call cost in micro-roubles. */
async function paid(work: () => Promise<unknown>): Promise<number> {
  const before = (await gateway.balance(customer)).microRub;
  await work();
  return before - (await gateway.balance(customer)).microRub;
}

describe('POST /v1/embeddings', () => {
  test('answers the same vector as base64, which the SDK asks for unasked, and as numbers', async () => {
    for (const asked of [{}, { encoding_format: 'float' as const }, { encoding_format: 'base64' as const }]) {
      const { data, object, usage } = await client.embeddings.create({ model: 'vectors', input: 'Привет', ...asked });
      expect(object).toBe('list');
      expect(usage).toEqual({ prompt_tokens: 5, total_tokens: 5 });
      const vector: unknown = data[0]?.embedding;
      const numbers = typeof vector === 'string' ? [...new Float32Array(Buffer.from(vector, 'base64').buffer)] : vector;
      expect(asked.encoding_format === 'base64' ? (numbers as number[]).slice(-3) : numbers).toEqual(VECTOR);
    }
    expect(gateway.upstream.calls.map(({ body }) => body['encoding_format'])).toEqual(['base64', 'float', 'base64']);
  });

  test('takes a vendor’s numbers where base64 was asked for, and its base64 where numbers were', async () => {
    const other = { base64: 'float', float: 'base64' } as const;
    for (const asked of ['base64', 'float'] as const) {
      gateway.upstream.queue(json(embeddings({ input: 'a', encoding_format: other[asked] })));
      const body = { model: 'vectors', input: 'a', encoding_format: asked };
      const told = await gateway.ask('/v1/embeddings', body, { authorization: `Bearer ${customer.key}` });
      const [{ embedding }] = told.body['data'] as [{ embedding: unknown }];
      expect(embedding).toEqual(
        asked === 'float' ? VECTOR : Buffer.from(Float32Array.from(VECTOR).buffer).toString('base64'),
      );
    }
  });

  test('passes on batches, token ids and dimensions, and keeps the order of what comes', async () => {
    const inputs = ['a', ['a', 'b', 'c'], [1, 2, 3], [[1, 2], [3]]];
    for (const input of inputs) {
      await client.embeddings.create({ model: 'vectors', input, dimensions: 3, user: 'u-1' });
      expect(gateway.upstream.calls.at(-1)?.body).toEqual({
        model: 'upstream-model',
        input: input === 'a' ? ['a'] : Array.isArray(input) && typeof input[0] === 'number' ? [input] : input,
        encoding_format: 'base64',
        dimensions: 3,
        user: 'u-1',
      });
    }
    const whole = embeddings({ input: ['a', 'b', 'c'] });
    gateway.upstream.queue(json({ ...whole, data: (whole['data'] as unknown[]).toReversed() }));
    const { data } = await client.embeddings.create({ model: 'vectors', input: ['a', 'b', 'c'] });
    expect(data.map(({ index, embedding }) => [index, embedding[2]])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  test('charges the input tokens that the vendor counted, and an estimate where it counted none', async () => {
    const ask = () => client.embeddings.create({ model: 'vectors', input: ['one'] });
    gateway.upstream.queue(json(embeddings({ input: ['one'] }, 17)));
    expect(await paid(ask)).toBe(17 * MICRO_RUB_A_TOKEN);
    const { usage: _usage, ...uncounted } = embeddings({ input: [[1, 2, 3, 4]] });
    gateway.upstream.queue(json(uncounted));
    expect(await paid(() => client.embeddings.create({ model: 'vectors', input: [1, 2, 3, 4] }))).toBe(
      4 * MICRO_RUB_A_TOKEN,
    );
    const [last, first] = await gateway.usage(customer);
    expect(first).toMatchObject({
      endpoint: 'embedding',
      usage: { inputTokens: 17, outputTokens: 0, source: 'exact' },
    });
    expect(last).toMatchObject({
      endpoint: 'embedding',
      usage: { inputTokens: 4, outputTokens: 0, source: 'estimated' },
    });
  });

  test('charges one generation for a call where the price is in requests, and nothing for one that fails', async () => {
    const owner = await gateway.customer('requests', { requests: 2 });
    gateway.upstream.queue(json({ error: { message: 'no', type: 'server_error' } }, 500));
    const failed = await clientOf(owner)
      .embeddings.create({ model: 'vectors', input: 'a' })
      .catch((error) => error);
    expect(failed).toBeInstanceOf(OpenAI.InternalServerError);
    await clientOf(owner).embeddings.create({ model: 'vectors', input: ['a', 'b'] });
    expect(await gateway.balance(owner)).toMatchObject({ requests: 0 });
    const broke = await clientOf(owner)
      .embeddings.create({ model: 'vectors', input: 'a' })
      .catch((error) => error);
    expect(broke).toMatchObject({ status: 429, code: 'insufficient_quota' });
  });

  test('never answers vectors that are not what was asked for, and charges nothing for them', async () => {
    const whole = embeddings({ input: ['a', 'b'] });
    const [one, two] = whole['data'] as Record<string, unknown>[];
    const wrong: Record<string, unknown> = {
      'too few': [one],
      'too many': [one, two, two],
      'the same twice': [one, one],
      'without numbers': [one, { ...two, embedding: [] }],
      'of text': [one, { ...two, embedding: ['a'] }],
      'cut base64': [one, { ...two, embedding: 'AAAA' }],
      'of two lengths': [one, { ...two, embedding: [1] }],
      'numbered wrongly': [one, { ...two, index: 7 }],
      absent: undefined,
    };
    const charge = await paid(async () => {
      for (const [name, data] of Object.entries(wrong)) {
        gateway.upstream.queue(json({ ...whole, data }), json({ ...whole, data }));
        const error = await client.embeddings.create({ model: 'vectors', input: ['a', 'b'] }).catch((thrown) => thrown);
        expect([name, error.code]).toEqual([name, 'upstream_bad_response']);
        gateway.upstream.clear();
      }
      const other = await client.embeddings
        .create({ model: 'vectors', input: 'a', dimensions: 512 })
        .catch((thrown) => thrown);
      expect(other).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'dimensions' });
    });
    expect(charge).toBe(0);
  });

  test('refuses by name what no model could embed', async () => {
    for (const [param, fields] of Object.entries({
      input: { input: [] },
      'input[0]': { input: [''] },
      'input[1]': { input: [[1], [1.5]] },
      encoding_format: { encoding_format: 'int8' },
      dimensions: { dimensions: 0 },
      model: { model: 'strict' },
    })) {
      const error = await client.embeddings
        .create({ model: 'vectors', input: 'a', ...fields } as never)
        .catch((thrown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({ param });
    }
    const { status, body } = await gateway.ask(
      '/v1/embeddings',
      { model: 'vectors' },
      { authorization: `Bearer ${customer.key}` },
    );
    expect([status, body['error']]).toMatchObject([400, { param: 'input', code: 'missing_field' }]);
    expect(gateway.upstream.calls).toEqual([]);
  });

  test('refuses text beyond the plan’s bound rather than embedding another text', async () => {
    const owner = await gateway.customer('bound', { requests: 100 });
    await clientOf(owner).embeddings.create({ model: 'vectors', input: ['12345', '67890'] });
    for (const input of ['12345678901', ['12345', '678901'], [1, 2, 3]]) {
      const error = await clientOf(owner)
        .embeddings.create({ model: 'vectors', input })
        .catch((thrown) => thrown);
      expect(error).toMatchObject({ status: 413, code: 'body_too_large' });
    }
  });
});

describe('the demonstration’s vectors', () => {
  test('are the same every time, of length 1, and nearer for texts that share words', async () => {
    const input = ['красная машина едет', 'красная машина стоит', 'lorem ipsum dolor'];
    const [a, b] = await Promise.all([0, 1].map(() => client.embeddings.create({ model: 'demo-vectors', input })));
    expect(a?.data).toEqual(b?.data as never);
    const [one = [], two = [], three = []] = a?.data.map(({ embedding }) => embedding) ?? [];
    const dot = (x: readonly number[], y: readonly number[]) =>
      x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
    expect(dot(one, one)).toBeCloseTo(1, 5);
    expect(dot(one, two)).toBeGreaterThan(dot(one, three) + 0.3);
    expect(a?.usage.prompt_tokens).toBeGreaterThan(0);
  });

  test('have the asked dimensions, from texts without words as well', () => {
    for (const input of ['!!!', ' ', [7]]) {
      const [vector] = demoVectors([input], 8);
      expect(vector?.length).toBe(8);
      expect([...(vector ?? [])].some((value) => value !== 0)).toBe(true);
    }
  });
});
