// Every refusal arrives as the exception that the official SDK throws for OpenAI's own, with a stable code, and costs
// nothing.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { bytes, frame, head, json, stream } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const limits = [{ name: 'chat', perMinute: 1 }];
  const unpriced = { id: 'unpriced', name: 'Unpriced', prices: [{ models: ['loose'], requests: 1 }] };
  const slow = { id: 'slow', name: 'Slow', prices: [{ requests: 0 }], limits };
  gateway = await TestGateway.start({ config: { plans: [...TEST_PLANS, unpriced, slow] } });
  customer = await gateway.customer('requests', { requests: 1000 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const messages = [{ role: 'user' as const, content: 'Hello' }];

function clientOf(key: string, maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries });
}

/** The exception that a call throws, streamed or not. */
async function thrown(key: string, body: Record<string, unknown> = {}): Promise<InstanceType<typeof OpenAI.APIError>> {
  try {
    const answer = await clientOf(key).chat.completions.create({ model: 'strict', messages, ...body } as never);
    const frames = [];
    if (body['stream'] === true) for await (const one of answer as never as AsyncIterable<unknown>) frames.push(one);
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

describe('the exception', () => {
  test('for a field out of range is BadRequestError and names the field', async () => {
    const error = await thrown(customer.key, { temperature: 3 });
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_field',
      param: 'temperature',
      type: 'invalid_request_error',
    });
    expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('for a made-up key is AuthenticationError', async () => {
    for (const key of [
      'sk-wrong',
      `${customer.key.slice(0, -1)}${customer.key.endsWith('x') ? 'y' : 'x'}`,
      'sk-tolmach-'.padEnd(49, 'a'),
    ]) {
      const error = await thrown(key);
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
      expect(error.message).not.toContain(key);
    }
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test('for an unknown model is NotFoundError, in the words that clients look for', async () => {
    const error = await thrown(customer.key, { model: 'gpt-99' });
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    expect(error.message).toContain('The model `gpt-99` does not exist');
  });

  test('for a model without a price is PermissionDeniedError, and no provider is asked', async () => {
    const unpriced = await gateway.customer('unpriced', { requests: 10 });
    const error = await thrown(unpriced.key);
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'model_not_priced' });
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test('for a plan without the API is PermissionDeniedError and names the plan', async () => {
    const error = await thrown((await gateway.customer('no-api', { requests: 10 })).key);
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'api_not_in_plan' });
    expect(error.message).toContain('No API');
  });

  test('for an empty balance is RateLimitError insufficient_quota, which the SDK does not retry', async () => {
    const poor = await gateway.customer('requests', { requests: 1 });
    let requests = 0;
    const counting: typeof fetch = Object.assign((...request: Parameters<typeof fetch>) => {
      requests += 1;
      return fetch(...request);
    }, fetch);
    const error = await clientOf(poor.key, 2)
      .withOptions({ fetch: counting })
      .chat.completions.create({ model: 'strict', messages })
      .then(
        () => undefined,
        (e) => e,
      );
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'insufficient_quota', type: 'insufficient_quota' });
    expect(error.headers.get('x-should-retry')).toBe('false');
    expect(requests).toBe(1);
    expect(gateway.upstream.calls.length).toBe(0);
    expect(await gateway.balance(poor)).toMatchObject({ requests: 1 });
  });

  test('for a limit is RateLimitError with a Retry-After that is true', async () => {
    const limited = await gateway.customer('slow');
    await clientOf(limited.key).chat.completions.create({ model: 'strict', messages });
    const error = await thrown(limited.key);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(Number(error.headers?.get('retry-after'))).toBeWithin(59, 61);
    expect(error.headers?.get('x-should-retry')).toBeNull();
    expect(error.headers?.get('x-ratelimit-limit-requests')).toBe('1');
    expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(gateway.upstream.calls.length).toBe(1);
  });

  test('for a blocked account is PermissionDeniedError at once', async () => {
    const blocked = await gateway.customer('requests', { requests: 10 });
    await clientOf(blocked.key).chat.completions.create({ model: 'strict', messages });
    await gateway.admin('PATCH', `accounts/${blocked.accountId}`, { status: 'blocked' });
    expect(await thrown(blocked.key)).toMatchObject({ status: 403, code: 'account_blocked' });
  });

  test('for a revoked key is AuthenticationError at once', async () => {
    const revoked = await gateway.customer('requests', { requests: 10 });
    await clientOf(revoked.key).chat.completions.create({ model: 'strict', messages });
    await gateway.admin('DELETE', `keys/${revoked.keyId}`);
    expect(await thrown(revoked.key)).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(gateway.upstream.calls.length).toBe(1);
  });
});

const HTML = '<html><body>502 Bad Gateway</body></html>';
const vendorError = (
  code: string,
  message = 'secret words of the vendor at https://vendor.example/key/sk-abcdef123456',
) => ({
  error: { message, type: code, param: null, code },
});

/** What the provider does, and what the customer sees of it. */
const FAULTS: readonly (readonly [fault: string, script: ReturnType<typeof json>, status: number, code: string])[] = [
  ['401 about our key', json(vendorError('invalid_api_key'), 401), 503, 'provider_unavailable'],
  ['402 about our money', json(vendorError('payment_required'), 402), 503, 'provider_unavailable'],
  ['403 about our key', json(vendorError('forbidden'), 403), 503, 'provider_unavailable'],
  ['429 about our quota', json(vendorError('insufficient_quota'), 429), 503, 'provider_unavailable'],
  ['429', json(vendorError('rate_limit_exceeded'), 429, { 'retry-after': '7' }), 503, 'upstream_rate_limited'],
  ['500', json(vendorError('server_error'), 500), 502, 'upstream_error'],
  ['502 in HTML', json(HTML, 502, { 'content-type': 'text/html' }), 502, 'upstream_error'],
  ['503', json('', 503), 503, 'upstream_overloaded'],
  ['529', json(vendorError('overloaded_error'), 529), 503, 'upstream_overloaded'],
  ['504', json('', 504), 504, 'upstream_timeout'],
  ['400', json(vendorError('invalid_request_error', 'bad thing'), 400), 400, 'upstream_rejected'],
  ['404', json(vendorError('model_not_found', 'no such model'), 404), 404, 'upstream_rejected'],
  ['413', json('', 413), 413, 'upstream_rejected'],
  ['422', json(vendorError('unprocessable', 'bad thing'), 422), 422, 'upstream_rejected'],
  ['a refusal of the content', json(vendorError('content_filter'), 400), 400, 'content_refused'],
  ['a redirect', json('', 302, { location: 'http://127.0.0.1:9/steal' }), 502, 'upstream_redirect'],
  [
    'an unasked compression',
    bytes(head(200, { 'content-encoding': 'gzip', 'content-length': '3' }), 'abc'),
    502,
    'upstream_bad_response',
  ],
  ['HTML in a 200', json(HTML, 200, { 'content-type': 'text/html' }), 502, 'upstream_bad_response'],
  ['an error object in a 200', json(vendorError('server_error')), 502, 'upstream_error'],
  ['a rate limit in a 200', json(vendorError('rate_limit_exceeded')), 503, 'upstream_rate_limited'],
  ['a 200 about our quota', json(vendorError('insufficient_quota')), 503, 'provider_unavailable'],
];

const ONLY_WHOLE: typeof FAULTS = [
  ['broken JSON', json('{"choices":[{"mess'), 502, 'upstream_bad_response'],
  ['an empty body', json(''), 502, 'upstream_bad_response'],
  ['JSON that is no object', json('[1,2]'), 502, 'upstream_bad_response'],
  ['an object without choices', json({ id: 'x', choices: [] }), 502, 'upstream_bad_response'],
];

const ONLY_STREAM: typeof FAULTS = [
  ['an empty body', stream([]), 502, 'upstream_truncated'],
  ['a first event that is no JSON', stream(['data: <html>\n\n']), 502, 'upstream_bad_response'],
  ['a first event with an error', stream([frame(vendorError('server_error'))]), 502, 'upstream_error'],
  [
    'a first event named error',
    stream([`event: error\n${frame({ message: 'x', type: 'overloaded_error' })}`]),
    503,
    'upstream_overloaded',
  ],
];

describe.each(['strict', 'loose'])('model %s: the customer sees of the provider’s', (model) => {
  async function check(
    script: ReturnType<typeof json>,
    status: number,
    code: string,
    isStream: boolean,
  ): Promise<void> {
    gateway.upstream.answer = () => script;
    const before = await gateway.balance(customer);
    const error = await thrown(customer.key, { model, stream: isStream });
    expect(error).toMatchObject({ status, code });
    expect(error.message).not.toMatch(/vendor\.example|sk-abcdef|secret words/);
    expect(error.headers?.get('x-request-id')).toBeTruthy();
    expect(error.headers?.get('access-control-allow-origin')).toBe('*');
    if (status === 503) expect(Number(error.headers?.get('retry-after') ?? 1)).toBeGreaterThan(0);
    expect(await gateway.balance(customer)).toEqual(before);
    expect((await gateway.usage(customer))[0]).toMatchObject({ outcome: 'void', charge: 0, errorCode: code });
  }

  test.each([...FAULTS, ...ONLY_WHOLE])('%s, a %p %s, whole', (_, script, status, code) =>
    check(script, status, code, false),
  );
  test.each([...FAULTS, ...ONLY_STREAM])('%s, a %p %s, streamed', (_, script, status, code) =>
    check(script, status, code, true),
  );
});

test('the provider’s Retry-After reaches the customer', async () => {
  gateway.upstream.answer = () => json('', 429, { 'retry-after': '7' });
  expect((await thrown(customer.key)).headers?.get('retry-after')).toBe('7');
});
