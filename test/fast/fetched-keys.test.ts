// Keys that are fetched before requests, and places at vendors that take few calls at once: what many callers share.
import { describe, expect, test } from 'bun:test';
import { Cancellation } from '../../src/core/cancellation.ts';
import { CallError } from '../../src/core/errors.ts';
import { FetchedKeys } from '../../src/pipeline/fetched-keys.ts';
import { gigachat } from '../../src/providers/gigachat.ts';
import type { KeyExchange, Target, UpstreamRequest } from '../../src/providers/provider.ts';

const EXCHANGE = gigachat.keyExchange as KeyExchange;
const TARGET: Target = {
  providerName: 'giga',
  upstreamModel: 'GigaChat-2',
  baseUrl: 'https://vendor.example/api/v1',
  origin: 'https://vendor.example',
  apiKey: 'lasting-key',
  options: { scope: 'GIGACHAT_API_PERS', authUrl: 'https://keys.example/oauth' },
  ca: 'the certificates',
  maxOutputTokens: 9,
  quirks: { maxTokensField: 'max_tokens', streamsAreStrict: false, unsupported: [] },
};
const HALF_HOUR_MS = 30 * 60_000;

/** The vendor's side: each request waits until the test answers it. */
class Vendor {
  readonly requests: { readonly request: UpstreamRequest<string | Uint8Array>; readonly ca: string | undefined }[] = [];
  readonly #answers: ((status: number, body: unknown) => void)[] = [];
  nowMs = 1_790_000_000_000;
  watched: ((error: CallError) => void)[] = [];
  readonly keys = new FetchedKeys({
    upstream: {
      send: (request, signal, way) => {
        this.requests.push({ request, ca: way?.ca });
        return new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          this.#answers.push((status, body) => resolve({ status, headers: new Headers(), body: body as never }));
        });
      },
      readText: async (answer) => JSON.stringify(answer.body),
    },
    watchdog: {
      watch: (abort: (error: CallError) => void) => {
        this.watched.push(abort);
        return { expect() {}, end() {} } as never;
      },
    },
    clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
    newNonce: () => '00000000-0000-4000-8000-000000000001',
    fetchMs: 1_000,
  });

  open(signal = new Cancellation()): Promise<Target> {
    return this.keys.open(gigachat, EXCHANGE, TARGET, signal);
  }

  async answer(status: number, body: unknown): Promise<void> {
    this.#answers.shift()?.(status, body);
    await Bun.sleep(0);
  }

  give(apiKey: string): Promise<void> {
    return this.answer(200, { access_token: apiKey, expires_at: this.nowMs + HALF_HOUR_MS });
  }
}

describe('fetched keys', () => {
  test('are asked for with the lasting key, a random id and the scope, over the provider’s own certificates', async () => {
    const vendor = new Vendor();
    const opened = vendor.open();
    await vendor.give('short');
    expect(await opened).toEqual({ ...TARGET, apiKey: 'short' });
    expect(vendor.requests).toEqual([
      {
        request: {
          method: 'POST',
          url: 'https://keys.example/oauth',
          origin: 'https://keys.example',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
            rquid: '00000000-0000-4000-8000-000000000001',
            authorization: 'Basic lasting-key',
          },
          body: 'scope=GIGACHAT_API_PERS',
        },
        ca: 'the certificates',
      },
    ]);
  });

  test('are renewed beside the calls when they near their end, and waited for when they are spent', async () => {
    const vendor = new Vendor();
    const opened = vendor.open();
    await vendor.give('first');
    await opened;
    vendor.nowMs += HALF_HOUR_MS - 60_000;
    const beside = await Promise.all([vendor.open(), vendor.open()]);
    expect(beside.map(({ apiKey }) => apiKey)).toEqual(['first', 'first']);
    expect(vendor.requests).toHaveLength(2);
    await vendor.give('second');
    expect((await vendor.open()).apiKey).toBe('second');
    vendor.nowMs += HALF_HOUR_MS - 5_000;
    const waiting = vendor.open();
    await vendor.give('third');
    expect((await waiting).apiKey).toBe('third');
    expect(vendor.requests).toHaveLength(3);
  });

  test('one caller’s leaving takes the key from no other', async () => {
    const vendor = new Vendor();
    const leaving = new Cancellation();
    const left = vendor.open(leaving);
    const staying = vendor.open();
    leaving.abort(new CallError('client_closed'));
    expect(await left.catch((error) => error)).toMatchObject({ code: 'client_closed' });
    await vendor.give('short');
    expect((await staying).apiKey).toBe('short');
    expect(vendor.requests).toHaveLength(1);
  });

  test.each([400, 401, 403, 429, 500])(
    'a %d is told as a provider that is not there, once for all, and rests',
    async (status) => {
      const vendor = new Vendor();
      const waiting = [vendor.open(), vendor.open(), vendor.open()].map((opened) => opened.catch((error) => error));
      await vendor.answer(status, { code: 7, message: 'scope of the operator' });
      for (const failure of await Promise.all(waiting)) {
        expect(failure).toMatchObject({ code: 'provider_unavailable' });
        expect(failure.text('en')).not.toContain('operator');
        expect(failure.details.detail).not.toContain('lasting-key');
      }
      expect(await vendor.open().catch((error) => error)).toMatchObject({ code: 'provider_unavailable' });
      expect(vendor.requests).toHaveLength(1);
      vendor.nowMs += 2_000;
      const again = vendor.open();
      await vendor.give('short');
      expect((await again).apiKey).toBe('short');
    },
  );

  test.each([
    ['nothing', {}],
    ['a key with a line end', { access_token: 'a\r\nb', expires_at: 1 }],
    ['no time', { access_token: 'a' }],
    ['a list', []],
  ])('an answer of %s is no key', async (_, body) => {
    const vendor = new Vendor();
    const opened = vendor.open().catch((error) => error);
    await vendor.answer(200, body);
    expect(await opened).toMatchObject({ code: 'provider_unavailable' });
  });

  test('an exchange that takes too long is given up', async () => {
    const vendor = new Vendor();
    const opened = vendor.open();
    vendor.watched[0]?.(new CallError('upstream_timeout'));
    expect(await opened.catch((error) => error)).toMatchObject({ code: 'provider_unavailable' });
  });

  test('only the key that was refused is forgotten', async () => {
    const vendor = new Vendor();
    const opened = vendor.open();
    await vendor.give('short');
    await opened;
    vendor.keys.forget(TARGET, 'an older one');
    expect((await vendor.open()).apiKey).toBe('short');
    vendor.keys.forget(TARGET, 'short');
    const anew = vendor.open();
    await vendor.give('other');
    expect((await anew).apiKey).toBe('other');
  });

  test('the older exchange, which tells its time in seconds, is read as well', () => {
    expect(EXCHANGE.readKey('{"tok":"short","exp":1790000000}')).toEqual({
      apiKey: 'short',
      expiresAtMs: 1_790_000_000_000,
    });
  });
});
