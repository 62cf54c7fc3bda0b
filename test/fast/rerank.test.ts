// Rerank over HTTP, in the shapes of Cohere's two versions and of Jina, in front of a vendor and of the demonstration.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { json } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start();
  customer = await gateway.customer('money', { rub: '1' });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const ASKED = { model: 'ranks', query: 'cats', documents: ['dogs', { text: 'birds' }, 'cats'] };
const ask = (body: unknown, path = '/v2/rerank') =>
  gateway.ask(path, body, { authorization: `Bearer ${customer.key}` });

describe.each(['/v1/rerank', '/v2/rerank'])('POST %s', (path) => {
  test('answers the best first, as Cohere and Jina do, and charges the tokens', async () => {
    const before = (await gateway.balance(customer)).microRub;
    const { status, body } = await ask({ ...ASKED, top_n: 2, return_documents: true }, path);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.any(String),
      object: 'list',
      model: 'ranks',
      results: [
        { index: 2, relevance_score: 0.03, document: { text: 'cats' } },
        { index: 1, relevance_score: 0.02, document: { text: 'birds' } },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    });
    expect(before - (await gateway.balance(customer)).microRub).toBe(7 * 50);
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      query: 'cats',
      documents: ['dogs', 'birds', 'cats'],
      top_n: 2,
    });
  });
});

describe('POST /v2/rerank', () => {
  test('estimates the tokens of a vendor that counts searches instead', async () => {
    const results = [{ index: 0, relevance_score: 0.5 }];
    gateway.upstream.queue(json({ id: 'x', results, meta: { billed_units: { search_units: 1 } } }));
    const { body } = await ask({ model: 'ranks', query: 'cats', documents: ['dogs'] });
    expect((body['usage'] as { total_tokens: number }).total_tokens).toBeGreaterThan(0);
    expect((await gateway.usage(customer))[0]).toMatchObject({ endpoint: 'rerank', usage: { source: 'estimated' } });
  });

  test('never answers a ranking that is not of these documents', async () => {
    const good = { index: 0, relevance_score: 0.5 };
    for (const results of [
      undefined,
      [],
      [good],
      [good, good],
      [good, { index: 9, relevance_score: 1 }],
      [good, { index: 1 }],
    ]) {
      gateway.upstream.queue(json({ results }), json({ results }));
      const { status, body } = await ask({ model: 'ranks', query: 'a', documents: ['a', 'b'] });
      expect([status, body['code']]).toEqual([502, 'upstream_bad_response']);
      gateway.upstream.clear();
    }
  });

  test('tells errors where the clients of both vendors look', async () => {
    const missing = await ask({ model: 'ranks', documents: ['a'] });
    expect(missing.status).toBe(400);
    expect(missing.body).toMatchObject({ message: "Missing required parameter: 'query'.", param: 'query' });
    expect(missing.body['detail']).toBe(missing.body['message']);
    for (const documents of [[], [1], Array(1_001).fill('a'), 'a'])
      expect((await ask({ ...ASKED, documents })).status).toBe(400);
    expect((await ask({ ...ASKED, model: 'vectors' })).status).toBe(404);
    expect((await gateway.ask('/v1/rerank', ASKED, {})).status).toBe(401);
    expect(gateway.upstream.calls).toEqual([]);
  });

  test('ranks by shared words where the demonstration answers', async () => {
    const { body } = await ask({
      model: 'demo-rerank',
      query: 'белый кот',
      documents: ['Рыжий пёс.', 'Белый кот спит.'],
    });
    const [first, second] = body['results'] as { index: number; relevance_score: number }[];
    expect(first?.index).toBe(1);
    expect(first?.relevance_score).toBeGreaterThan(second?.relevance_score ?? 1);
  });
});
