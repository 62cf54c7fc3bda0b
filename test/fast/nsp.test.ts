// The NSP dialect over the real gateway: every row of its contract, read by the official client where there is one, and
// paid from the wallet to the micro-rouble. The demo answers, and fault upstreams where a provider's own words matter.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import OpenAI from 'openai';
import { priceFor } from '../../src/core/plan.ts';
import { PLAN_PRESETS } from '../../src/presets/plans.ts';
import { chunk, completion, frame, json, stream } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';

/** Without providers the demo answers in the name of every preset. */
let demo: TestGateway;
let customer: Customer;
let client: OpenAI;
/** With an upstream behind models of the document. */
let real: TestGateway;
let realCustomer: Customer;

beforeAll(async () => {
  // No address of an Ollama, since that would count as a provider.
  demo = await TestGateway.start({ config: { providers: [], models: [] }, env: { OLLAMA_BASE_URL: '' } });
  customer = await demo.customer('prestige', { rub: '100' });
  client = clientOf(customer);
  const targets = [{ provider: 'first', model: 'upstream-model' }];
  const models = [
    { name: 'text-davinci-003', targets },
    { name: 'claude-v1.3', targets: [{ provider: 'untidy', model: 'upstream-model' }] },
    { name: 'claude-2', targets },
    { name: 'kandinsky', kind: 'image', targets },
  ];
  real = await TestGateway.start({ config: { models } });
  realCustomer = await real.customer('prestige', { rub: '100' });
});
afterEach(async () => {
  real.upstream.clear();
  for (const gateway of [demo, real])
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => Promise.all([demo.stop(), real.stop()]));

function clientOf({ key }: { readonly key: string }): OpenAI {
  return new OpenAI({ baseURL: `${demo.url}/api/v1`, apiKey: key, maxRetries: 0 });
}

function post(path: string, body: unknown, headers: Record<string, string> = {}, to = demo, by = customer) {
  const init = { method: 'POST', headers: { authorization: `Bearer ${by.key}`, ...headers } };
  return fetch(to.url + path, { ...init, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

async function answerOf<T>(response: Promise<Response>): Promise<T> {
  const { status, body } = await response.then(async (got) => ({ status: got.status, body: await got.json() }));
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as T;
}

/** What a call takes from the wallet, in micro-roubles. */
async function paid(gateway: TestGateway, by: Customer, call: () => Promise<unknown>): Promise<number> {
  const before = (await gateway.balance(by)).microRub;
  await call();
  return before - (await gateway.balance(by)).microRub;
}

type Completion = OpenAI.Completion;
type ErrorBody = { error: { message: string; type: string; param: string | null; code: string } };

const DAVINCI = 'text-davinci-003';
/** Two roubles for a thousand tokens of either kind. */
const DAVINCI_MICRO_RUB = 2_000;

describe('POST /api/v1/completions', () => {
  const body = { model: DAVINCI, prompt: 'Say this is a test', max_tokens: 7, temperature: 0 };

  test("answers the document's call in the document's shape, and charges its tokens exactly", async () => {
    let answer: Completion | undefined;
    const charge = await paid(demo, customer, async () => {
      const response = await post('/api/v1/completions', body);
      expect(response.headers.get('x-tolmach-provider')).toBe('demo');
      expect(response.headers.get('x-tolmach-unit')).toBe('micro-rub');
      answer = (await response.json()) as Completion;
      expect(response.headers.get('x-tolmach-charge')).toBe(
        String((answer.usage?.total_tokens ?? 0) * DAVINCI_MICRO_RUB),
      );
    });
    expect(answer).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f-]{36}$/),
      object: 'text_completion',
      created: expect.any(Number),
      model: DAVINCI,
      choices: [{ text: 'This is a ', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: expect.objectContaining({ prompt_tokens: 5, completion_tokens: expect.any(Number) }),
    } as never);
    expect(answer?.usage?.completion_tokens).toBeLessThanOrEqual(7);
    expect(charge).toBe((answer?.usage?.total_tokens ?? 0) * DAVINCI_MICRO_RUB);
  });

  test('has no more than 16 tokens where the caller names no bound', async () => {
    const answer = await client.completions.create({ model: DAVINCI, prompt: 'Расскажи длинную историю' });
    expect(answer.usage?.completion_tokens).toBeGreaterThan(3);
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(16);
  });

  test('streams objects of the same shape to the official client, and charges them exactly', async () => {
    const chunks: Completion[] = [];
    const charge = await paid(demo, customer, async () => {
      const asked = { ...body, stream: true as const, stream_options: { include_usage: true } };
      for await (const one of await client.completions.create(asked)) chunks.push(one);
    });
    const text = chunks.map((one) => one.choices[0]?.text ?? '').join('');
    expect(text).toBe('This is a ');
    expect(chunks.every((one) => one.object === 'text_completion' && one.id === chunks[0]?.id)).toBe(true);
    expect(chunks.at(-2)?.choices).toEqual([{ text: '', index: 0, logprobs: null, finish_reason: 'length' }] as never);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(charge).toBe((chunks.at(-1)?.usage?.total_tokens ?? 0) * DAVINCI_MICRO_RUB);
  });

  test('streams no usage that nobody asked for, and ends in [DONE]', async () => {
    const text = await (await post('/api/v1/completions', { ...body, stream: true })).text();
    expect(text).toEndWith('data: [DONE]\n\n');
    expect(text).not.toContain('usage');
  });

  test('gives n answers that begin with the prompt where echo is asked for', async () => {
    const answer = await client.completions.create({ ...body, n: 3, best_of: 3, echo: true });
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { text } of answer.choices) expect(text).toStartWith('Say this is a testThis is');
    const streamed = ['', ''];
    for await (const { choices } of await client.completions.create({ ...body, n: 2, echo: true, stream: true }))
      for (const { index, text } of choices) streamed[index] += text;
    for (const text of streamed) expect(text).toStartWith('Say this is a testThis is');
  });

  test('ends before a stop sequence', async () => {
    for (const stop of [' answer', ['nowhere', ' answer']]) {
      const answer = await client.completions.create({ ...body, max_tokens: 50, stop });
      expect(answer.choices[0]).toMatchObject({ text: 'This is a demonstration', finish_reason: 'stop' });
    }
  });

  test('passes every field on to the provider in the words of a chat', async () => {
    const fields = { top_p: 0.5, n: 2, presence_penalty: -1, frequency_penalty: 1, logit_bias: { 50256: -100 } };
    const more = { suffix: ' The end.', stop: ['\n'], user: 'u-1', seed: 7, best_of: 2 };
    await answerOf(post('/api/v1/completions', { ...body, ...fields, ...more }, {}, real, realCustomer));
    const { messages, ...sent } = real.upstream.calls[0]?.body ?? {};
    const { suffix: _suffix, best_of: _bestOf, ...passed } = more;
    expect(sent).toEqual({
      model: 'upstream-model',
      max_completion_tokens: 7,
      temperature: 0,
      ...fields,
      ...passed,
    } as never);
    expect(messages).toEqual([
      { role: 'system', content: expect.stringMatching(/\n\n The end\.$/) },
      { role: 'user', content: body.prompt },
    ] as never);
  });

  test("turns a chat's logprobs into the old shape, and refuses by name where the provider has none", async () => {
    const content = [{ token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [{ token: 'Hey', logprob: -2 }] }];
    const choices = (completion('Hi')['choices'] as object[]).map((choice) => ({ ...choice, logprobs: { content } }));
    real.upstream.queue(json(completion('', { choices })));
    const asked = { ...body, logprobs: 1 };
    const answer = await answerOf<Completion>(post('/api/v1/completions', asked, {}, real, realCustomer));
    expect(answer.choices[0]?.logprobs).toEqual({
      tokens: ['Hi'],
      token_logprobs: [-0.1],
      top_logprobs: [{ Hey: -2, Hi: -0.1 }],
      text_offset: [18],
    });
    const charge = await paid(real, realCustomer, async () => {
      for (const streamed of [false, true]) {
        const refused = await post('/api/v1/completions', { ...asked, stream: streamed }, {}, real, realCustomer);
        expect(refused.status).toBe(400);
        expect(((await refused.json()) as ErrorBody).error).toMatchObject({
          code: 'unsupported_parameter',
          param: 'logprobs',
        });
      }
    });
    expect(charge).toBe(0);
    const byDemo = await client.completions.create({ ...body, logprobs: 1, stream: true }).catch((error) => error);
    expect(byDemo).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'logprobs' });
  });

  test('refuses by name what a chat model cannot do, and charges nothing', async () => {
    const charge = await paid(demo, customer, async () => {
      for (const [param, fields] of Object.entries({
        prompt: { prompt: ['a', 'b'] },
        best_of: { best_of: 2 },
        echo: { echo: true, logprobs: 0 },
        logprobs: { logprobs: true },
      })) {
        const error = await client.completions.create({ ...body, ...fields } as never).catch((thrown) => thrown);
        expect(error).toBeInstanceOf(OpenAI.BadRequestError);
        expect(error).toMatchObject({ param, type: 'invalid_request_error' });
      }
    });
    expect(charge).toBe(0);
  });

  test('a stream that the provider cuts short ends in an error object and no [DONE]', async () => {
    real.upstream.queue(stream([frame(chunk({ role: 'assistant', content: 'Hel' }))]));
    const response = await post('/api/v1/completions', { ...body, stream: true }, {}, real, realCustomer);
    const text = await response.text();
    expect(text).toContain('"text":"Hel"');
    expect(text).toContain('"code":"upstream_truncated"');
    expect(text).not.toContain('[DONE]');
  });
});

describe('POST /api/v1/completions/claude', () => {
  const body = { model: 'claude-v1.3', prompt: '\n\nHuman: Hello\n\nAssistant:', max_tokens_to_sample: 100 };
  const path = '/api/v1/completions/claude';

  test('answers an Anthropic text completion, and charges its tokens exactly', async () => {
    const charge = await paid(demo, customer, async () => {
      expect(await answerOf(post(path, body))).toEqual({
        type: 'completion',
        id: expect.stringMatching(/^compl_[0-9a-f-]{36}$/),
        completion: expect.stringContaining('You wrote: "Hello"'),
        stop_reason: 'stop_sequence',
        stop: '\n\nHuman:',
        model: 'claude-v1.3',
        log_id: expect.any(String),
      });
    });
    const { usage } = (await demo.usage(customer))[0] ?? {};
    expect(charge).toBe((usage?.inputTokens ?? 0) * 1_000 + (usage?.outputTokens ?? 0) * 3_000);
  });

  test('turns the Human and Assistant turns into messages, and its fields into those of the provider', async () => {
    const prompt = 'Be brief.\n\nHuman: One?\n\nAssistant: 1\n\nHuman: Two?\n\nAssistant:';
    const more = { stop_sequences: '###', temperature: 0.5, top_k: 5, top_p: 0.9 };
    await answerOf(post(path, { ...body, prompt, ...more }, {}, real, realCustomer));
    expect(real.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'One?' },
        { role: 'assistant', content: '1' },
        { role: 'user', content: 'Two?' },
      ],
      max_tokens: 100,
      stop: ['###', '\n\nHuman:'],
      temperature: 0.5,
      top_k: 5,
      top_p: 0.9,
    } as never);
  });

  test('refuses top_k by name where the provider knows none', async () => {
    const response = await post(path, { ...body, model: 'claude-2', top_k: 5 }, {}, real, realCustomer);
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorBody).error).toMatchObject({
      code: 'unsupported_parameter',
      param: 'top_k',
    });
    expect(real.upstream.calls).toEqual([]);
  });

  test('streams named events, piece by piece, for anthropic-version 2023-06-01', async () => {
    const response = await post(path, { ...body, stream: true }, { 'anthropic-version': '2023-06-01' });
    const events = parseEvents(await response.text());
    expect(events[0]).toEqual({ event: 'ping', data: { type: 'ping' } });
    const completions = events.filter(({ event }) => event === 'completion').map(({ data }) => data);
    expect(completions.length).toBe(events.length - 1);
    expect(completions.map((data) => data['completion']).join('')).toContain('You wrote: "Hello"');
    expect(completions.slice(0, -1).every((data) => data['stop_reason'] === null)).toBe(true);
    expect(completions.at(-1)).toMatchObject({ completion: '', stop_reason: 'stop_sequence', stop: '\n\nHuman:' });
  });

  test('streams all of the text so far in each frame, and [DONE], without that header or with an older one', async () => {
    for (const headers of [{}, { 'anthropic-version': '2023-01-01' }]) {
      const text = await (await post(path, { ...body, stream: true, max_tokens_to_sample: 5 }, headers)).text();
      expect(text).toEndWith('\n\ndata: [DONE]\n\n');
      expect(text).not.toContain('event:');
      const frames = parseEvents(text.replace('data: [DONE]\n\n', '')).map(({ data }) => data);
      for (const [i, data] of frames.slice(1).entries())
        expect(data['completion']).toStartWith(String(frames[i]?.['completion']));
      expect(frames.slice(0, -1).every((data) => data['stop_reason'] === null)).toBe(true);
      expect(frames.at(-1)).toMatchObject({ stop_reason: 'max_tokens', stop: null });
    }
  });
});

function parseEvents(text: string): { event: string; data: Record<string, unknown> }[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') as Record<string, unknown>,
    }));
}

describe('POST /api/v1/chat/completions', () => {
  test('answers a chat, whole and streamed, with stop as a string or an array, for money', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello!' }];
    const charge = await paid(demo, customer, async () => {
      for (const stop of [' answer', [' answer']]) {
        const answer = await client.chat.completions.create({ model: 'gpt-3.5-turbo', messages, stop });
        expect(answer.choices[0]?.message.content).toBe('This is a demonstration');
      }
    });
    const rows = (await demo.usage(customer)).slice(0, 2);
    const tokens = rows.map(({ usage }) => (usage?.inputTokens ?? 0) * 150 + (usage?.outputTokens ?? 0) * 200);
    expect(charge).toBe(tokens.reduce((sum, cost) => sum + cost, 0));
    const final = client.chat.completions.stream({ model: 'gpt-4', messages }).finalChatCompletion();
    expect((await final).choices[0]?.message.content).toContain('Hello!');
  });
});

describe('GET /api/v1/models', () => {
  type Listed = { name: string; model: string; status: string; platform: string };

  async function list(gateway: TestGateway, by: Customer): Promise<Listed[]> {
    const headers = { authorization: `Bearer ${by.key}` };
    return answerOf<Listed[]>(fetch(`${gateway.url}/api/v1/models`, { headers }));
  }

  test("answers a bare array with the document's models under the document's names", async () => {
    const models = await list(demo, customer);
    const rows = Object.entries({
      Curie: 'text-curie-001',
      Babbage: 'text-babbage-001',
      'gpt-3.5-turbo': 'gpt-3.5-turbo',
      Davinci: 'text-davinci-003',
      'gpt-4': 'gpt-4',
      Ada: 'text-ada-001',
    }).map(([name, model]) => ({ name, model, status: 'active', platform: 'openai' }));
    const claude = Object.entries({
      'Claude v1.3': 'claude-v1.3',
      'Claude v1.0': 'claude-v1.0',
      'Claude v1.2': 'claude-v1.2',
      'Claude Instant v1': 'claude-instant-v1',
    }).map(([name, model]) => ({ name, model, status: 'active', platform: 'anthropic' }));
    for (const row of [...rows, ...claude]) expect(models).toContainEqual(row);
    for (const model of ['claude-2', 'gpt-3.5-turbo-16k']) expect(models.map((row) => row.model)).toContain(model);
    expect(models.map((row) => row.model)).not.toContain('kandinsky');
  });

  test('shows a model that has no provider as disabled', async () => {
    const models = await list(real, realCustomer);
    expect(models.find(({ model }) => model === 'text-ada-001')?.status).toBe('disabled');
    expect(models.find(({ model }) => model === DAVINCI)?.status).toBe('active');
  });
});

describe('POST /api/v1/moderations', () => {
  const NAMES = ['hate', 'hate/threatening', 'self-harm', 'sexual', 'sexual/minors', 'violence', 'violence/graphic'];
  type Moderation = { id: string; model: string; results: Record<string, Record<string, unknown>>[] };

  test("answers exactly the document's seven categories, for nothing", async () => {
    const charge = await paid(demo, customer, async () => {
      const answer = await answerOf<Moderation>(post('/api/v1/moderations', { input: 'I want to kill them.' }));
      expect(answer.id).toMatch(/^modr-/);
      expect(answer.model).toContain('lexical');
      const [result] = answer.results;
      expect(Object.keys(result ?? {})).toEqual(['categories', 'category_scores', 'flagged']);
      expect(Object.keys(result?.['categories'] ?? {})).toEqual(NAMES);
      expect(Object.keys(result?.['category_scores'] ?? {})).toEqual(NAMES);
      expect(result?.['categories']?.['violence']).toBe(true);
      expect(result?.['flagged']).toBe(true as never);
    });
    expect(charge).toBe(0);
  });

  test('gives one result for each input, and refuses other inputs by name', async () => {
    const answer = await client.moderations.create({ input: ['Добрый день', 'Я тебя убью', 'Пока'] });
    expect(answer.results.map(({ flagged }) => flagged)).toEqual([false, true, false]);
    for (const input of [5, [], [5], Array.from({ length: 129 }, () => 'a'), undefined]) {
      const response = await post('/api/v1/moderations', { input });
      expect(response.status).toBe(400);
      expect(((await response.json()) as ErrorBody).error.param).toBe('input');
    }
    expect((await post('/api/v1/moderations', { input: 'a'.repeat(200_001) })).status).toBe(413);
  });
});

describe('POST /api/v1/tokenizer', () => {
  test("answers the document's example to the letter, for nothing", async () => {
    const charge = await paid(demo, customer, async () => {
      expect(await answerOf(post('/api/v1/tokenizer', { prompt: 'Hello World!' }))).toEqual({
        tokens: 3,
        encoded: { bpe: [15496, 2159, 0], text: ['Hello', ' World', '!'] },
        decoded: 'Hello World!',
      });
    });
    expect(charge).toBe(0);
  });

  test('takes the encoding of the model, and refuses what is too large', async () => {
    const answer = await answerOf<{ tokens: number }>(post('/api/v1/tokenizer', { prompt: 'Привет', model: 'gpt-4o' }));
    expect(answer.tokens).toBe(2);
    const large = await post('/api/v1/tokenizer', { prompt: 'a'.repeat(1_048_577) });
    expect(large.status).toBe(413);
    expect(((await large.json()) as ErrorBody).error).toMatchObject({ code: 'body_too_large', param: 'prompt' });
  });
});

describe('POST /kandinsky and /api/kandinsky', () => {
  type Drawn = { created: number; data: { url: string }[]; url: string };

  test('answer an address that serves the picture without a key, for the price of a picture', async () => {
    for (const path of ['/kandinsky', '/api/kandinsky']) {
      const charge = await paid(demo, customer, async () => {
        const drawn = await answerOf<Drawn>(post(path, { prompt: 'рыжий кот', style: 'in anime style' }));
        expect(drawn).toEqual({ created: expect.any(Number), data: [{ url: drawn.url }], url: expect.any(String) });
        const file = await fetch(demo.url + new URL(drawn.url).pathname);
        expect(file.headers.get('content-type')).toBe('image/png');
        expect([...new Uint8Array(await file.arrayBuffer()).slice(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
      });
      expect(charge).toBe(3_000_000);
    }
  });

  test('take the picture of an OpenAI-like provider, and charge nothing where it refuses the content', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000049454e44ae426082', 'hex').toString('base64');
    real.upstream.queue(json({ created: 1, data: [{ b64_json: png }] }));
    const ask = () => post('/kandinsky', { prompt: 'a cat', style: 'in anime style' }, {}, real, realCustomer);
    expect((await answerOf<Drawn>(ask())).url).toEndWith('.png');
    expect(real.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      prompt: 'a cat\n\nin anime style',
      n: 1,
      size: '1024x1024',
      response_format: 'b64_json',
    } as never);
    const refusal = {
      error: { message: 'no', type: 'invalid_request_error', param: null, code: 'content_policy_violation' },
    };
    real.upstream.queue(json(refusal, 400));
    const charge = await paid(real, realCustomer, async () => {
      const refused = await ask();
      expect(refused.status).toBe(400);
      expect(((await refused.json()) as ErrorBody).error.code).toBe('content_refused');
    });
    expect(charge).toBe(0);
  });
});

test('the prices of docs/nsp.md are those that are charged', async () => {
  const page = await Bun.file(join(import.meta.dir, '..', '..', 'docs', 'nsp.md')).text();
  const rows = [...page.matchAll(/^\| (`.+`) +\| +([\d,]+) \| +([\d,]+) \|$/gm)];
  const plan = PLAN_PRESETS.find(({ id }) => id === 'prestige');
  expect(rows.length).toBe(9);
  for (const [, names = '', input = '', output = ''] of rows) {
    for (const [, model = ''] of names.matchAll(/`([^`]+)`/g)) {
      const price = plan && priceFor(plan, { dialect: 'nsp', endpoint: 'completion', model });
      // Roubles for a thousand tokens are 10^9 micro-roubles for a million.
      const told = [input, output].map((rub) => Math.round(Number(rub.replace(',', '.')) * 1_000_000_000));
      expect(price).toMatchObject({ unit: 'microRub', inputPerMTok: told[0], outputPerMTok: told[1] });
    }
  }
});

describe('errors are OpenAI error objects', () => {
  const CALLS = [
    ['/api/v1/completions', { model: DAVINCI, prompt: 'a' }],
    ['/api/v1/completions/claude', { model: 'claude-2', prompt: 'a', max_tokens_to_sample: 5 }],
    ['/api/v1/chat/completions', { model: 'gpt-4', messages: [{ role: 'user', content: 'a' }] }],
    ['/kandinsky', { prompt: 'a' }],
  ] as const;

  test('too little money is 429 insufficient_quota that is not worth a retry', async () => {
    const poor = await demo.customer('prestige', { rub: '0.000001', requests: 100 });
    for (const [path, body] of CALLS) {
      const response = await post(path, body, {}, demo, poor);
      expect(response.status).toBe(429);
      expect(response.headers.get('x-should-retry')).toBe('false');
      const { error } = (await response.json()) as ErrorBody;
      expect(error).toEqual({
        message: expect.any(String),
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      });
    }
    expect(await demo.balance(poor)).toMatchObject({ microRub: 1, requests: 300 });
    const thrown = await clientOf(poor)
      .completions.create({ model: DAVINCI, prompt: 'a' })
      .catch((error) => error);
    expect(thrown).toBeInstanceOf(OpenAI.RateLimitError);
  });

  test('a missing or wrong key is 401 on every route', async () => {
    for (const key of ['', 'Bearer sk-wrong']) {
      for (const [path, body] of [
        ...CALLS,
        ['/api/v1/moderations', { input: 'a' }],
        ['/api/v1/tokenizer', { prompt: 'a' }],
      ] as const) {
        const response = await post(path, body, { authorization: key });
        expect(response.status).toBe(401);
        expect(((await response.json()) as ErrorBody).error.type).toBe('invalid_request_error');
      }
    }
  });

  test('a model that has no price, that is none, or that is a picture’s is refused, never served free', async () => {
    for (const [model, status, code] of [
      ['text-davinci-999', 404, 'model_not_found'],
      ['kandinsky', 404, 'model_not_found'],
    ] as const) {
      const response = await post('/api/v1/completions', { model, prompt: 'a' });
      expect(response.status).toBe(status);
      expect(((await response.json()) as ErrorBody).error).toMatchObject({ code, param: 'model' });
    }
    const unpriced = await post('/api/v1/completions', { model: 'strict', prompt: 'a' }, {}, real, realCustomer);
    expect(unpriced.status).toBe(404);
  });

  test('a body that is no JSON object, and a wrong method, are told in the same shape', async () => {
    for (const body of ['', '{"model":', '[]', 'null']) {
      const response = await post('/api/v1/completions', body);
      expect(response.status).toBe(400);
      expect(Object.keys(((await response.json()) as ErrorBody).error)).toEqual(['message', 'type', 'param', 'code']);
    }
    const get = await fetch(`${demo.url}/api/v1/completions`, { headers: { authorization: `Bearer ${customer.key}` } });
    expect(get.status).toBe(405);
  });
});
