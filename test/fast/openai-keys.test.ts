// Where a key may be carried, and what browsers are told.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;
let other: Customer;

beforeAll(async () => {
  gateway = await TestGateway.start();
  customer = await gateway.customer('requests', { requests: 1000 });
  other = await gateway.customer('requests', { requests: 1000 });
});
afterAll(() => gateway.stop());

const body = { model: 'strict', messages: [{ role: 'user', content: 'Hello' }] };

async function answerTo(
  headers: Record<string, string>,
  query = '',
): Promise<{ status: number; code: string | undefined }> {
  const response = await fetch(`${gateway.url}/v1/chat/completions${query}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers,
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: error?.code };
}

describe('a key', () => {
  test('is taken from Authorization with or without Bearer, x-api-key and api-key', async () => {
    const { key } = customer;
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key}` },
      { authorization: key },
      { 'x-api-key': key },
      { 'api-key': key },
      { authorization: `Bearer ${key}`, 'x-api-key': key },
    ])
      expect((await answerTo(headers as Record<string, string>)).status).toBe(200);
  });

  test('that is missing is 401', async () => {
    for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer ' }])
      expect(await answerTo(headers as Record<string, string>)).toEqual({ status: 401, code: 'missing_api_key' });
  });

  test('beside another one is 400, in whatever order', async () => {
    const headers = { authorization: `Bearer ${customer.key}`, 'x-api-key': other.key };
    expect(await answerTo(headers)).toEqual({ status: 400, code: 'conflicting_keys' });
    expect(await answerTo({ authorization: `Bearer ${customer.key}`, 'api-key': 'rubbish' })).toMatchObject({
      status: 400,
    });
  });

  test('in the address is 400, even a right one beside a right header', async () => {
    for (const name of ['key', 'api_key', 'api-key', 'apikey', 'KEY', 'access_token', 'token'])
      expect(await answerTo({ authorization: `Bearer ${customer.key}` }, `?a=1&${name}=${customer.key}`)).toEqual({
        status: 400,
        code: 'key_in_query',
      });
  });

  test('is checked before the body is looked at', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: 'rubbish',
      headers: { authorization: 'Bearer x' },
    });
    expect(response.status).toBe(401);
  });
});

describe('a browser', () => {
  const preflight = (headers: string, path = '/v1/chat/completions') =>
    fetch(`${gateway.url}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': headers,
      },
    });

  test('is allowed what the SDK asks for, without a key', async () => {
    const asked =
      'authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-os,x-stainless-retry-count,x-stainless-timeout';
    for (const path of ['/v1/chat/completions', '/v1/models', '/v1/models/strict']) {
      const response = await preflight(asked, path);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-headers')).toBe(asked);
      expect(response.headers.get('access-control-allow-methods')).toContain('POST');
      expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(0);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('is not answered with what it did not properly ask for', async () => {
    const response = await preflight('x: y; injected');
    expect(response.headers.get('access-control-allow-headers')).toMatch(/^authorization, content-type/);
  });

  test('can read answers, errors and the headers that SDKs need', async () => {
    for (const key of [customer.key, 'wrong']) {
      const response = await gateway.chat({ ...customer, key }, body);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      const exposed = (response.headers.get('access-control-expose-headers') ?? '').split(', ');
      for (const name of [
        'x-request-id',
        'retry-after',
        'retry-after-ms',
        'x-should-retry',
        'x-ratelimit-remaining-requests',
        'x-tolmach-charge',
      ])
        expect(exposed).toContain(name);
    }
  });

  test('cannot reach the operator’s interface from a page', async () => {
    const response = await fetch(`${gateway.url}/admin/v1/accounts`, { headers: { origin: 'https://page.example' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
