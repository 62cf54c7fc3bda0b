// Every refusal arrives as the exception that Anthropic's SDK throws for the vendor's own, with a stable code, and costs
// nothing; so does every failure of a provider, in the words of the caller's family.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  message,
  messageError,
  messageEvent,
  messageStart,
  textFrames,
} from '../../src/testing/anthropic-fault-shapes.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { bytes, cutJson, hang, head, json, resetAtOnce, stream } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const limits = [{ name: 'chat', perMinute: 1 }];
  const unpriced = { id: 'unpriced', name: 'Unpriced', prices: [{ models: ['loose'], requests: 1 }] };
  const slow = { id: 'slow', name: 'Slow', prices: [{ requests: 0 }], limits };
  gateway = await TestGateway.start({ config: { plans: [...TEST_PLANS, unpriced, slow] } });
  customer = await gateway.customer('requests', { requests: 100_000 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const messages = [{ role: 'user' as const, content: 'Hello' }];

/** The exception that a call throws, streamed or not. */
async function thrown(key: string, body: Record<string, unknown> = {}, maxRetries = 0) {
  const client = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries });
  try {
    const asked = { model: 'claude', max_tokens: 100, messages, ...body };
    const answer = await client.messages.create(asked as never);
    if (body['stream'] === true) for await (const _ of answer as never as AsyncIterable<unknown>);
  } catch (error) {
    if (error instanceof Anthropic.APIError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

describe('the exception', () => {
  test('for a field out of range is BadRequestError and names the field', async () => {
    const error = await thrown(customer.key, { temperature: 3 });
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', errorCode: 'invalid_field' });
    expect(error.message).toContain('temperature');
    expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
    expect((error.error as { request_id?: string }).request_id).toBe(error.requestID ?? '');
  });

  test('for a made-up key is AuthenticationError', async () => {
    for (const key of ['sk-ant-api03-wrong', 'sk-tolmach-'.padEnd(49, 'a')]) {
      const error = await thrown(key);
      expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
      expect(error).toMatchObject({ status: 401, type: 'authentication_error', errorCode: 'invalid_api_key' });
      expect(error.message).not.toContain(key);
    }
  });

  test('for an unknown model is NotFoundError', async () => {
    const error = await thrown(customer.key, { model: 'claude-99' });
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(error).toMatchObject({ status: 404, type: 'not_found_error', errorCode: 'model_not_found' });
  });

  test('for a model without a price, and a plan without the API, is PermissionDeniedError', async () => {
    for (const [plan, code] of [
      ['unpriced', 'model_not_priced'],
      ['no-api', 'api_not_in_plan'],
    ] as const) {
      const error = await thrown((await gateway.customer(plan, { requests: 10 })).key);
      expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
      expect(error).toMatchObject({ status: 403, type: 'permission_error', errorCode: code });
    }
  });

  test('for an empty balance is one of payment, and is not tried again', async () => {
    const error = await thrown((await gateway.customer('requests')).key, {}, 2);
    expect(error).toMatchObject({ status: 402, type: 'billing_error', errorCode: 'insufficient_quota' });
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test('for a limit is RateLimitError and tells when to come again', async () => {
    const { key } = await gateway.customer('slow');
    await new Anthropic({ baseURL: gateway.url, apiKey: key }).messages.create({
      model: 'claude',
      max_tokens: 9,
      messages,
    });
    const error = await thrown(key);
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(error).toMatchObject({ status: 429, type: 'rate_limit_error', errorCode: 'rate_limit_exceeded' });
    expect(Number(error.headers?.get('retry-after'))).toBeWithin(1, 61);
  });
});

const failing = (status: number, type: string, text?: string, headers = {}) =>
  json(messageError(type, text), status, headers);

/** Script of the provider; the status, type and code that a customer of each family sees. */
const FAILURES: readonly (readonly [name: string, script: () => Script, status: number, type: string, code: string])[] =
  [
    ['our key', () => failing(401, 'authentication_error'), 503, 'overloaded_error', 'provider_unavailable'],
    ['our bill', () => failing(402, 'billing_error'), 503, 'overloaded_error', 'provider_unavailable'],
    ['our rights', () => failing(403, 'permission_error'), 503, 'overloaded_error', 'provider_unavailable'],
    [
      'our balance, told as a bad request',
      () => failing(400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
      503,
      'overloaded_error',
      'provider_unavailable',
    ],
    [
      'our limits',
      () => failing(429, 'rate_limit_error', 'x', { 'retry-after': '7' }),
      503,
      'overloaded_error',
      'upstream_rate_limited',
    ],
    ['its overload', () => failing(529, 'overloaded_error'), 503, 'overloaded_error', 'upstream_overloaded'],
    ['its failure', () => failing(500, 'api_error'), 502, 'api_error', 'upstream_error'],
    [
      'the customer’s fault',
      () => failing(400, 'invalid_request_error', 'prompt is too long'),
      400,
      'invalid_request_error',
      'upstream_rejected',
    ],
    [
      'a redirect',
      () => bytes(head(302, { location: 'http://127.0.0.1:1/', 'content-length': '0' })),
      502,
      'api_error',
      'upstream_redirect',
    ],
    ['an error in a 200', () => json(messageError('overloaded_error')), 503, 'overloaded_error', 'upstream_overloaded'],
    ['HTML in a 200', () => json('<html>'), 502, 'api_error', 'upstream_bad_response'],
    ['a broken connection', () => resetAtOnce, 502, 'api_error', 'upstream_reset'],
    ['a cut answer', () => cutJson(message('Hello'), 60, 'fin'), 502, 'api_error', 'upstream_reset'],
    ['silence', () => hang, 504, 'timeout_error', 'upstream_timeout'],
  ];

describe.each(FAILURES)('a provider that answers with %s', (_, script, status, type, code) => {
  test.each([false, true])('is told in Anthropic’s words and costs nothing (stream: %p)', async (isStream) => {
    gateway.upstream.queue(script());
    const before = await gateway.balance(customer);
    const error = await thrown(customer.key, { stream: isStream });
    expect(error).toMatchObject({ status, type, errorCode: code });
    expect(error.message).not.toMatch(/credit balance|upstream-key/);
    expect(await gateway.balance(customer)).toEqual(before);
  });

  test('is told to OpenAI’s client in OpenAI’s words', async () => {
    gateway.upstream.queue(script());
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key, maxRetries: 0 });
    const failed = await client.chat.completions.create({ model: 'claude', messages }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ status, code });
  });
});

describe('a stream that fails midway', () => {
  const begun = [messageStart(), ...textFrames(0, 'Hello there, friend').slice(0, 3)];

  test.each([
    ['an error event', stream([...begun, messageEvent(messageError('overloaded_error'))]), 'overloaded_error'],
    ['an event that is no JSON', stream([...begun, 'event: content_block_delta\ndata: <html>\n\n']), 'api_error'],
    ['no end', stream(begun), 'api_error'],
  ] as const)('with %s throws in the SDK, and what was delivered is charged', async (_, script, type) => {
    gateway.upstream.queue(script);
    const error = await thrown(customer.key, { stream: true });
    expect(error).toMatchObject({ status: undefined, type });
    expect((await gateway.usage(customer))[0]).toMatchObject({ outcome: 'settled', charge: 2 });
  });
});
