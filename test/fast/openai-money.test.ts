// Money under parallel calls, faults and races: what is admitted is held, what is complete is charged once, what failed
// is not charged.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { CallError } from '../../src/core/errors.ts';
import type { Store } from '../../src/store/store.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { chunk, completion, frame, hang, json, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let store: Store;

beforeAll(async () => {
  const limits = [{ name: 'chat', perMinute: 100 }];
  const limited = { id: 'limited', name: 'Limited', prices: [{ requests: 1 }], limits };
  const free = { id: 'zero', name: 'Zero', prices: [{ requests: 0 }] };
  gateway = await TestGateway.start({ config: { plans: [...TEST_PLANS, limited, free] } });
  store = gateway.running.gateway.store;
});
afterEach(async () => {
  Object.assign(gateway.running.gateway, { store });
  gateway.upstream.clear();
  gateway.upstream.answer = () => json(completion('Hello.'));
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const hello = { model: 'strict', messages: [{ role: 'user', content: 'Hello' }] };

async function statuses(responses: readonly Promise<Response>[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const response of await Promise.all(responses)) {
    const { error } = (await response.json()) as { error?: { code: string } };
    const name = `${response.status} ${error?.code ?? 'ok'}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe('parallel calls', () => {
  test('200 on a balance for exactly one: 1 admitted, 199 refused, 1 provider call', async () => {
    const customer = await gateway.customer('requests', { requests: 2 });
    const counts = await statuses(Array.from({ length: 200 }, () => gateway.chat(customer, hello)));
    expect([...counts].sort()).toEqual([
      ['200 ok', 1],
      ['429 insufficient_quota', 199],
    ]);
    expect(gateway.upstream.calls.length).toBe(1);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 0 });
  });

  test('200 on a balance for seven and a half, with a provider that fails now and then: nobody is served for nothing', async () => {
    const customer = await gateway.customer('requests', { requests: 15 });
    gateway.upstream.answer = (call) => (call.id % 3 === 0 ? json('', 400) : json(completion('Hello.')));
    const counts = await statuses(Array.from({ length: 200 }, () => gateway.chat(customer, hello)));
    const served = counts.get('200 ok') ?? 0;
    expect(served).toBeLessThanOrEqual(7);
    expect((await gateway.balance(customer)).requests).toBe(15 - 2 * served);
    expect(gateway.upstream.calls.length).toBe(served + (counts.get('400 upstream_rejected') ?? 0));
  });

  test('1 000 on a limit of 100 a minute: exactly 100 are admitted', async () => {
    const customer = await gateway.customer('limited', { requests: 5_000 });
    const counts = await statuses(Array.from({ length: 1_000 }, () => gateway.chat(customer, hello)));
    expect([...counts].sort()).toEqual([
      ['200 ok', 100],
      ['429 rate_limit_exceeded', 900],
    ]);
    expect(gateway.upstream.calls.length).toBe(100);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 4_900 });
  });
});

describe('a price in money', () => {
  test('charges what the vendor counted, cached tokens at their own price, rounded up once', async () => {
    const customer = await gateway.customer('money', { rub: '1' });
    const usage = { prompt_tokens: 1001, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 1000 } };
    gateway.upstream.queue(json(completion('Hello.', { usage })));
    const response = await gateway.chat(customer, { ...hello, max_completion_tokens: 100 });
    expect(response.headers.get('x-tolmach-charge')).toBe(String(50 + 5 * 1000 + 200 * 7));
    expect(response.headers.get('x-tolmach-unit')).toBe('micro-rub');
    expect(await gateway.balance(customer)).toMatchObject({ microRub: 1_000_000 - 6450 });
  });

  const WRONG: readonly (readonly [name: string, usage: unknown])[] = [
    ['missing', undefined],
    ['null', null],
    ['negative', { prompt_tokens: -9, completion_tokens: -7 }],
    ['1e12', { prompt_tokens: 9, completion_tokens: 1e12 }],
    ['1e308', { prompt_tokens: 1e308, completion_tokens: 1 }],
    ['a fraction', { prompt_tokens: 9.5, completion_tokens: 7 }],
    ['text', { prompt_tokens: '9', completion_tokens: '7' }],
    ['a million for one word', { prompt_tokens: 9, completion_tokens: 1_000_000 }],
    ['zeros', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    ['no output', { prompt_tokens: 9, completion_tokens: 0 }],
    ['no input', { prompt_tokens: 0, completion_tokens: 60 }],
  ];
  test.each(WRONG)('is charged by our own count where the usage is %s', async (_, usage) => {
    const customer = await gateway.customer('money', { rub: '10' });
    const text = 'word '.repeat(40);
    for (const isStream of [false, true]) {
      gateway.upstream.queue(isStream ? stream(streamFrames(text, usage ?? null)) : json(completion(text, { usage })));
      await (await gateway.chat(customer, { ...hello, stream: isStream, max_completion_tokens: 500 })).text();
    }
    for (const row of await gateway.usage(customer)) {
      expect(row.outcome).toBe('settled');
      expect(row.usage?.source).toBe('estimated');
      expect(row.usage?.outputTokens).toBeWithin(40, 101);
      expect(row.charge).toBe(50 * (row.usage?.inputTokens ?? 0) + 200 * (row.usage?.outputTokens ?? 0));
    }
  });

  test('a call of a tool without arguments is an answer and is charged, streamed or whole', async () => {
    const customer = await gateway.customer('money', { rub: '10' });
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'stop', arguments: '' } };
    const usage = { prompt_tokens: 9, completion_tokens: 5 };
    const said = { role: 'assistant', content: null, tool_calls: [call] };
    const choice = { index: 0, message: { ...said, refusal: null }, logprobs: null, finish_reason: 'tool_calls' };
    const frames = [chunk(said), chunk({}, 'tool_calls'), { ...chunk({}), choices: [], usage }, '[DONE]'].map(frame);
    gateway.upstream.queue(json(completion('', { choices: [choice], usage })), stream(frames));
    for (const isStream of [false, true])
      await (await gateway.chat(customer, { ...hello, stream: isStream, max_completion_tokens: 100 })).text();
    const ended = { outcome: 'settled', charge: 50 * 9 + 200 * 5, usage: { source: 'exact' } };
    expect(await gateway.usage(customer)).toMatchObject([ended, ended]);
  });

  test('never charges more than was held, whatever was used', async () => {
    const customer = await gateway.customer('money', { rub: '1' });
    const usage = { prompt_tokens: 900, completion_tokens: 900 };
    gateway.upstream.queue(json(completion('Hello.', { usage })));
    await gateway.chat(customer, { ...hello, max_completion_tokens: 1 });
    const [row] = await gateway.usage(customer);
    expect(row?.charge).toBe(row?.held ?? -1);
  });

  test('refuses a call whose worst case is beyond the balance, before any provider', async () => {
    const customer = await gateway.customer('money', { rub: '0.01' });
    expect(await statuses([gateway.chat(customer, { ...hello, max_completion_tokens: 100 })])).toEqual(
      new Map([['429 insufficient_quota', 1]]),
    );
    expect(await statuses([gateway.chat(customer, { ...hello, max_completion_tokens: 1 })])).toEqual(
      new Map([['200 ok', 1]]),
    );
    expect(gateway.upstream.calls.length).toBe(1);
  });
});

describe('the hold is on the dearest reading of the call:', () => {
  /** What a call holds that the provider has not answered yet. */
  async function heldFor(fields: Record<string, unknown>): Promise<number> {
    const customer = await gateway.customer('money', { rub: '1000' });
    gateway.upstream.queue(hang);
    const abort = new AbortController();
    const call = gateway.chat(customer, { ...hello, ...fields }, { signal: abort.signal }).catch(() => undefined);
    while (gateway.upstream.calls.length === 0) await Bun.sleep(2);
    const { microRub } = await gateway.balance(customer);
    abort.abort();
    await call;
    gateway.upstream.clear();
    return 1_000_000_000 - microRub;
  }

  test('of two bounds on the output the larger one', async () => {
    const held = await heldFor({ max_completion_tokens: 1, max_tokens: 5_000 });
    expect(held).toBeGreaterThanOrEqual(5_000 * 200);
  });

  test('for each picture what the model counts for one at the most', async () => {
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
    const shown = (count: number) => [{ role: 'user', content: Array.from({ length: count }, () => picture) }];
    const [one, three] = [
      await heldFor({ max_completion_tokens: 1, messages: shown(1) }),
      await heldFor({ max_completion_tokens: 1, messages: shown(3) }),
    ];
    expect(three - one).toBe(2 * 5_000 * 50);
    const dear = await heldFor({ model: 'dear-pictures', max_completion_tokens: 1, messages: shown(1) });
    expect(dear - one).toBe((48_000 - 5_000) * 50);
  });

  test('a dear picture is charged as the vendor counts it, and not taken for an absurd count', async () => {
    const customer = await gateway.customer('money', { rub: '1000' });
    const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }];
    const usage = { prompt_tokens: 48_000, completion_tokens: 1 };
    gateway.upstream.queue(json(completion('Hi', { usage })));
    const body = { model: 'dear-pictures', max_completion_tokens: 1, messages: [{ role: 'user', content }] };
    await gateway.chat(customer, body);
    expect((await gateway.balance(customer)).microRub).toBe(1_000_000_000 - 48_000 * 50 - 200);
  });

  test('everything that a provider reads as input', async () => {
    const bare = await heldFor({ max_completion_tokens: 1 });
    const long = 'x'.repeat(10_000);
    const schema = { type: 'json_schema', json_schema: { name: 'a', schema: { description: long } } };
    const tool = { type: 'function', function: { name: 'a', description: long } };
    const message = { role: 'user', content: 'Hello' };
    for (const fields of [
      { response_format: schema },
      { tools: [tool] },
      { functions: [{ name: 'a', description: long }] },
      { prediction: { type: 'content', content: long } },
      { messages: [message, { role: 'assistant', content: 'a', reasoning_content: long }] },
      { messages: [{ ...message, name: long }] },
      {
        messages: [
          message,
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'a', arguments: long } }],
          },
        ],
      },
    ])
      expect((await heldFor({ max_completion_tokens: 1, ...fields })) - bare).toBeGreaterThanOrEqual(10_000 * 50);
  });
});

describe('complete for the client means charged once', () => {
  /** A store whose settles wait until they are let go. */
  function slowSettles(): { letGo: () => void; settles: () => number } {
    const gate = Promise.withResolvers<void>();
    let settles = 0;
    const write: Store['write'] = async (operation) => {
      if (operation.kind === 'settle') {
        settles += 1;
        await gate.promise;
      }
      return store.write(operation);
    };
    gateway.wrapStore((inner) => Object.assign(Object.create(inner) as Store, { ...bound(inner), write }));
    return { letGo: gate.resolve, settles: () => settles };
  }

  test('a whole answer is not sent before its charge is durable', async () => {
    const customer = await gateway.customer('requests', { requests: 10 });
    const slow = slowSettles();
    let isAnswered = false;
    const answer = gateway.chat(customer, hello).then((response) => {
      isAnswered = true;
      return response;
    });
    while (slow.settles() === 0) await Bun.sleep(2);
    await Bun.sleep(50);
    expect(isAnswered).toBe(false);
    slow.letGo();
    expect((await answer).status).toBe(200);
  });

  test('[DONE] is not sent before the charge is durable, all before it is', async () => {
    const customer = await gateway.customer('requests', { requests: 10 });
    gateway.upstream.queue(stream(streamFrames('one two three')));
    const slow = slowSettles();
    const response = await gateway.chat(customer, { ...hello, stream: true });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const reading = (async () => {
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) text += part.value;
    })();
    while (slow.settles() === 0) await Bun.sleep(2);
    await Bun.sleep(50);
    expect(text).toContain('"finish_reason":"stop"');
    expect(text).not.toContain('[DONE]');
    slow.letGo();
    await reading;
    expect(text).toEndWith('data: [DONE]\n\n');
    expect(slow.settles()).toBe(1);
  });

  test('a settle that the store cannot take is tried until it can, and then the answer goes out', async () => {
    const customer = await gateway.customer('requests', { requests: 10 });
    let failures = 3;
    const write: Store['write'] = (operation) => {
      if (operation.kind === 'settle' && failures-- > 0)
        return Promise.reject(new CallError('temporarily_unavailable'));
      return store.write(operation);
    };
    gateway.wrapStore((inner) => Object.assign(Object.create(inner) as Store, { ...bound(inner), write }));
    expect((await gateway.chat(customer, hello)).status).toBe(200);
    expect(failures).toBe(-1);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 8 });
  });

  test('a store that cannot hold means 503 and no provider call', async () => {
    const customer = await gateway.customer('requests', { requests: 10 });
    const write: Store['write'] = () => Promise.reject(new CallError('temporarily_unavailable'));
    gateway.wrapStore((inner) => Object.assign(Object.create(inner) as Store, { ...bound(inner), write }));
    expect(await statuses([gateway.chat(customer, hello)])).toEqual(new Map([['503 temporarily_unavailable', 1]]));
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test.each([false, true])(
    'a call whose hold was voided meanwhile never looks complete (streamed: %p)',
    async (isStream) => {
      const customer = await gateway.customer('requests', { requests: 10 });
      gateway.upstream.queue(isStream ? stream(streamFrames('one two')) : json(completion('one two')));
      const write: Store['write'] = async (operation) => {
        if (operation.kind === 'settle') await store.write({ ...operation, outcome: 'void', charge: 0 });
        return store.write(operation);
      };
      gateway.wrapStore((inner) => Object.assign(Object.create(inner) as Store, { ...bound(inner), write }));
      const response = await gateway.chat(customer, { ...hello, stream: isStream });
      const text = await response.text();
      expect(text).toContain('gateway_restarted');
      expect(text).not.toContain('[DONE]');
      if (!isStream) expect(response.status).toBe(503);
      expect(await gateway.balance(customer)).toMatchObject({ requests: 10 });
    },
  );

  test('a call that is stopped just as its answer is there is either charged or refused, never both nor neither', async () => {
    const customer = await gateway.customer('requests', { requests: 10 });
    const { report, open } = gateway.running.gateway;
    const attempt = report.attempt.bind(report);
    report.attempt = (told) => {
      attempt(told);
      for (const held of open) held.interrupt(new CallError('shutting_down'));
    };
    try {
      expect(await statuses([gateway.chat(customer, hello)])).toEqual(new Map([['503 shutting_down', 1]]));
      expect(await gateway.balance(customer)).toMatchObject({ requests: 10 });
    } finally {
      report.attempt = attempt;
    }
  });
});

describe('what is charged by request', () => {
  const NOTHING: readonly (readonly [name: string, script: Script])[] = [
    [
      'an empty stream that ends well',
      stream([frame(chunk({ role: 'assistant', content: '' })), frame(chunk({}, 'stop')), frame('[DONE]')]),
    ],
    ['an empty whole answer', json(completion(''))],
  ];
  test.each(NOTHING)('%s costs nothing', async (_, script) => {
    const customer = await gateway.customer('requests', { requests: 10 });
    gateway.upstream.queue(script);
    await (await gateway.chat(customer, { ...hello, stream: script !== NOTHING[1]?.[1] })).text();
    expect(await gateway.balance(customer)).toMatchObject({ requests: 10 });
  });

  test('a price of 0 is a price: the call is served and recorded', async () => {
    const customer = await gateway.customer('zero');
    expect((await gateway.chat(customer, hello)).status).toBe(200);
    expect((await gateway.usage(customer))[0]).toMatchObject({ outcome: 'settled', charge: 0 });
  });
});

/** The methods of a store, callable from another object. */
function bound(inner: Store): Partial<Store> {
  return {
    ping: () => inner.ping(),
    close: () => inner.close(),
    findAccount: (id) => inner.findAccount(id),
    listBuckets: (...args) => inner.listBuckets(...args),
    listUsage: (...args) => inner.listUsage(...args),
    audit: () => inner.audit(),
  };
}

test('a payment that is told again adds nothing, and one with another amount is refused with 422', async () => {
  const payer = await gateway.customer('requests');
  const pay = (requests: number) =>
    gateway.admin('POST', `accounts/${payer.accountId}/grants`, { requests, grantId: 'payment-1' });
  await pay(10);
  await pay(10);
  expect(await pay(100).catch(String)).toMatch(/422 .*idempotency_mismatch/);
  expect(await gateway.balance(payer)).toMatchObject({ requests: 10 });
});
