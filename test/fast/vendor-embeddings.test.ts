// Vectors of vendors that embed in their own words, behind the running gateway, for clients of OpenAI and of Google: the
// vendor hears what was asked, and what is charged is what it counted.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { SwitchedOnVendors } from '../../src/testing/vendors/switched-on.ts';

const vendors = new SwitchedOnVendors();
const { gemini, yandex } = vendors;
/** Micro-roubles a token of input: 50 ₽ a million, as the plan `money` has it. */
const MICRO_RUB_A_TOKEN = 50;
let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start(vendors.gateway);
  customer = await gateway.customer('money', { rub: '100' });
});
afterEach(async () => {
  vendors.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(async () => {
  await gateway.stop();
  await vendors.stop();
});

const bearer = () => ({ authorization: `Bearer ${customer.key}` });
const asOpenai = (body: object) => gateway.ask('/v1/embeddings', body, bearer());
const asGoogle = (model: string, body: object) =>
  gateway.ask(`/v1beta/models/${model}:batchEmbedContents`, body, { 'x-goog-api-key': customer.key });
const content = (text: string) => ({ parts: [{ text }] });
const bodyOf = (asked: { readonly text: string } | undefined) => JSON.parse(asked?.text ?? '{}') as unknown;

/** Models that exist without configuration, and the tokens that the vendor's fake counts for two texts. */
const MODELS = [
  ['gemini-embedding-001', 9],
  ['EmbeddingsGigaR', 9],
  ['text-search-doc', 18],
] as const;

describe.each(MODELS)('%s', (model, tokens) => {
  test('embeds texts for a client of OpenAI, as numbers and as base64, by the vendor’s count', async () => {
    const { status, body } = await asOpenai({ model, input: ['Кот', 'Собака'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'list',
      model,
      data: [{ index: 0 }, { index: 1 }],
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
    const [first] = body['data'] as { embedding: number[] }[];
    expect(first?.embedding).toHaveLength(3);
    const told = await asOpenai({ model, input: ['Кот', 'Собака'], encoding_format: 'base64' });
    const [{ embedding }] = told.body['data'] as [{ embedding: string }];
    expect(Buffer.from(embedding, 'base64').readFloatLE(4)).toBe(first?.embedding[1] as number);
    const [row] = await gateway.usage(customer);
    expect(row).toMatchObject({
      endpoint: 'embedding',
      charge: tokens * MICRO_RUB_A_TOKEN,
      usage: { source: 'exact', inputTokens: tokens, outputTokens: 0 },
    });
  });

  test('embeds contents for a client of Google', async () => {
    const { status, body } = await asGoogle(model, {
      requests: ['Кот', 'Собака'].map((text) => ({ content: content(text) })),
    });
    expect(status).toBe(200);
    const { embeddings } = body as { embeddings: { values: number[] }[] };
    expect(embeddings.map(({ values }) => values.length)).toEqual([3, 3]);
  });

  test('refuses token ids by name, for nothing', async () => {
    const before = await gateway.balance(customer);
    const { status, body } = await asOpenai({ model, input: [[1, 2, 3]] });
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { code: 'unsupported_parameter', param: 'input' } });
    expect(await gateway.balance(customer)).toEqual(before);
  });

  test('tells a vendor’s failure by its code, for nothing', async () => {
    const before = await gateway.balance(customer);
    for (const [asked, code, status] of [
      ['400', 'upstream_rejected', 400],
      ['402', 'provider_unavailable', 503],
      ['429', 'upstream_rate_limited', 503],
      ['500', 'upstream_error', 502],
      ['a cut', 'upstream_bad_response', 502],
    ] as const) {
      const told = await asOpenai({ model, input: `Please fail with ${asked}.` });
      expect([told.status, (told.body['error'] as { code: string }).code]).toEqual([status, code]);
    }
    expect(await gateway.balance(customer)).toEqual(before);
  });
});

test('Gemini hears dimensions, and from Google’s clients what the vectors are for', async () => {
  await asOpenai({ model: 'gemini-embedding-001', input: 'Кот', dimensions: 5 });
  await asGoogle('gemini-embedding-001', {
    requests: [
      { content: content('a'), taskType: 'RETRIEVAL_DOCUMENT', title: 'About a' },
      { content: content('b'), taskType: 'RETRIEVAL_QUERY' },
    ],
  });
  const model = 'models/gemini-embedding-001';
  const [first, second] = gemini.askedFor(':batchEmbedContents').map(bodyOf);
  expect(first).toEqual({ requests: [{ model, content: content('Кот'), outputDimensionality: 5 }] });
  expect(second).toEqual({
    requests: [
      { model, content: content('a'), taskType: 'RETRIEVAL_DOCUMENT', title: 'About a' },
      { model, content: content('b'), taskType: 'RETRIEVAL_QUERY' },
    ],
  });
});

test('250 texts are three requests to Gemini and one call for the customer, in their order', async () => {
  const input = Array.from({ length: 250 }, (_, i) => `text ${i}`);
  const { status, body } = await asOpenai({ model: 'gemini-embedding-001', input });
  expect(status).toBe(200);
  const data = body['data'] as { index: number; embedding: number[] }[];
  // The fake tells by its first number where in its batch a text stood.
  expect(data.map(({ embedding }) => embedding[0])).toEqual(input.map((_, i) => i % 100));
  expect(gemini.askedFor(':batchEmbedContents')).toHaveLength(3);
  expect((await gateway.usage(customer))[0]).toMatchObject({ usage: { inputTokens: 27 }, attempts: 1 });
});

test('GigaChat refuses dimensions by name', async () => {
  const { status, body } = await asOpenai({ model: 'EmbeddingsGigaR', input: 'Кот', dimensions: 5 });
  expect([status, body]).toMatchObject([400, { error: { code: 'unsupported_parameter', param: 'dimensions' } }]);
});

test('a text that fails for no reason is asked for again, and those before it are not; the customer pays once', async () => {
  const { sleep } = gateway.running.gateway;
  Object.assign(gateway.running.gateway, { sleep: () => Bun.sleep(1) });
  yandex.stumblesAt = 3;
  const { status, body } = await asOpenai({ model: 'text-search-doc', input: ['a', 'b', 'c'] });
  Object.assign(gateway.running.gateway, { sleep });
  yandex.stumblesAt = undefined;
  expect([status, body['usage']]).toEqual([200, { prompt_tokens: 27, total_tokens: 27 }]);
  const asked = yandex.askedFor('/embeddings').map((one) => (bodyOf(one) as { input: string[] }).input[0]);
  expect(asked).toEqual(['a', 'b', 'c', 'c']);
  expect((await gateway.usage(customer))[0]).toMatchObject({ charge: 27 * MICRO_RUB_A_TOKEN, attempts: 1 });
});

test('Yandex gets one text at once, with the folder in the model’s address', async () => {
  const { status } = await asOpenai({ model: 'text-search-query', input: ['a', 'b', 'c'] });
  expect(status).toBe(200);
  const model = 'emb://b1gfolder/text-search-query/latest';
  expect(yandex.askedFor('/embeddings').map(bodyOf)).toEqual(
    ['a', 'b', 'c'].map((text) => ({ model, input: [text], encoding_format: 'float' })),
  );
});
