// The OpenAI routes beside chat, as the official client sees them: text completions, moderations and pictures.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { CATEGORIES } from '../../src/core/moderation/index.ts';
import { json } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;
let client: OpenAI;

beforeAll(async () => {
  const image = (name: string, model: string) => ({ name, kind: 'image', targets: [{ provider: 'first', model }] });
  const models = [
    { name: 'strict', targets: [{ provider: 'first', model: 'upstream-model' }] },
    image('dall-e-3', 'dall-e-3'),
    image('gpt-image-1', 'gpt-image-1'),
    image('sdxl', 'sdxl'),
  ];
  gateway = await TestGateway.start({ config: { models, plans: TEST_PLANS } });
  customer = await gateway.customer('requests', { requests: 1000 });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key, maxRetries: 0 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

async function requestsPaid(call: () => Promise<unknown>): Promise<number> {
  const before = (await gateway.balance(customer)).requests;
  await call();
  return before - (await gateway.balance(customer)).requests;
}

describe('POST /v1/completions', () => {
  test('answers in the old shape, whole and streamed, for the price of a generation', async () => {
    const body = { model: 'strict', prompt: 'Hello' };
    const charge = await requestsPaid(async () => {
      const answer = await client.completions.create(body);
      expect(answer).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hello from upstream.' }] });
      let text = '';
      for await (const one of await client.completions.create({ ...body, stream: true }))
        text += one.choices[0]?.text ?? '';
      expect(text).toBe('Hello from upstream.');
    });
    expect(charge).toBe(4);
    expect(gateway.upstream.calls[0]?.body).toMatchObject({ max_completion_tokens: 16 });
  });
});

describe('POST /v1/engines/{engine}/completions', () => {
  test('is a text completion of the engine, whole and streamed, with slashes in its name as well', async () => {
    for (const engine of ['strict', 'vendor%2Fmodel', 'vendor/model']) {
      const headers = { authorization: `Bearer ${customer.key}` };
      const told = await gateway.ask(`/v1/engines/${engine}/completions`, { prompt: 'Hi' }, headers);
      if (engine === 'strict') expect(told.body).toMatchObject({ object: 'text_completion', model: 'strict' });
      else expect([told.status, told.body['error']]).toMatchObject([404, { code: 'model_not_found' }]);
    }
    const body = JSON.stringify({ prompt: 'Hi', stream: true });
    const init = { method: 'POST', body, headers: { authorization: `Bearer ${customer.key}` } };
    const streamed = await fetch(`${gateway.url}/v1/engines/strict/completions`, init);
    expect(await streamed.text()).toEndWith('data: [DONE]\n\n');
  });

  test('answers another method as its dialect does', async () => {
    const { status } = await fetch(`${gateway.url}/v1/engines/strict/completions`);
    expect(status).toBe(405);
    const other = await fetch(`${gateway.url}/v1/engines/strict/edits`, { method: 'POST' });
    expect(other.status).toBe(404);
  });
});

describe('POST /v1/moderations', () => {
  test('answers the thirteen categories and what they were applied to, for nothing', async () => {
    const charge = await requestsPaid(async () => {
      const input = [{ type: 'text' as const, text: 'I want to kill them.' }];
      for (const one of ['I want to kill them.', input]) {
        const { results } = await client.moderations.create({ model: 'omni-moderation-latest', input: one });
        expect(results.length).toBe(1);
        const [result] = results;
        expect(Object.keys(result?.categories ?? {})).toEqual([...CATEGORIES]);
        expect(Object.keys(result?.category_scores ?? {})).toEqual([...CATEGORIES]);
        expect(result?.category_applied_input_types).toEqual(
          Object.fromEntries(CATEGORIES.map((name) => [name, ['text']])) as never,
        );
        expect(result?.flagged).toBe(true);
      }
    });
    expect(charge).toBe(0);
  });
});

describe('POST /v1/images/generations', () => {
  const JPEG = Buffer.from('ffd8ffe000104a464946ffd9', 'hex').toString('base64');

  test('answers addresses of our own for every picture, and charges each', async () => {
    gateway.upstream.queue(json({ created: 1, data: [{ b64_json: JPEG }, { b64_json: JPEG }] }));
    const charge = await requestsPaid(async () => {
      const answer = await client.images.generate({ model: 'sdxl', prompt: 'a cat', n: 2, size: '1792x1024' });
      expect(answer.created).toEqual(expect.any(Number));
      for (const { url } of answer.data ?? []) {
        const file = await fetch(gateway.url + new URL(url ?? '').pathname);
        expect(file.headers.get('content-type')).toBe('image/jpeg');
      }
      expect(answer.data?.length).toBe(2);
    });
    expect(charge).toBe(4);
  });

  test('answers the pictures themselves where they are asked for, and from models that have no addresses', async () => {
    for (const asked of [{ model: 'sdxl', response_format: 'b64_json' as const }, { model: 'gpt-image-1' }]) {
      gateway.upstream.queue(json({ created: 1, data: [{ b64_json: JPEG }] }));
      expect(
        await requestsPaid(async () => {
          const { data } = await client.images.generate({ prompt: 'a cat', ...asked });
          expect(data).toEqual([{ b64_json: JPEG }]);
        }),
      ).toBe(2);
    }
  });

  test('asks each family of models in the sizes and fields that it knows', async () => {
    const asked = [
      { model: 'dall-e-3', size: '1792x1024' as const, sent: { size: '1792x1024', response_format: 'b64_json' } },
      { model: 'gpt-image-1', size: '1024x1536' as const, sent: { size: '1024x1536' } },
      { model: 'sdxl', size: '1792x1024' as const, sent: { size: '1344x768', response_format: 'b64_json' } },
      { model: 'sdxl', size: 'auto' as const, sent: { size: '1024x1024', response_format: 'b64_json' } },
    ];
    for (const { model, size, sent } of asked) {
      gateway.upstream.clear();
      gateway.upstream.queue(json({ created: 1, data: [{ b64_json: JPEG }] }));
      await client.images.generate({ model, prompt: 'a cat', size });
      expect(gateway.upstream.calls[0]?.path).toEndWith('/images/generations');
      expect(gateway.upstream.calls[0]?.body).toEqual({ model, prompt: 'a cat', n: 1, ...sent });
    }
  });

  test('refuses by name what cannot be done, and charges nothing', async () => {
    const charge = await requestsPaid(async () => {
      for (const [param, fields] of Object.entries({
        response_format: { response_format: 'png' },
        n: { model: 'dall-e-3', n: 2 },
        size: { size: 'large' },
        stream: { stream: true },
        prompt: { prompt: '' },
        model: { model: 'strict' },
      })) {
        const error = await client.images
          .generate({ model: 'sdxl', prompt: 'a cat', ...fields } as never)
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(OpenAI.APIError);
        expect(error).toMatchObject({ param });
      }
      gateway.upstream.queue(json({ created: 1, data: [{ url: 'https://vendor.example/secret.png' }] }));
      const unreadable = await client.images.generate({ model: 'sdxl', prompt: 'a cat' }).catch((thrown) => thrown);
      expect(unreadable).toMatchObject({ status: 502, code: 'upstream_bad_response' });
    });
    expect(charge).toBe(0);
  });

  test('lists picture models beside the others', async () => {
    const names = (await client.models.list()).data.map(({ id }) => id);
    expect(names).toContain('sdxl');
    expect(names).toContain('strict');
  });
});
