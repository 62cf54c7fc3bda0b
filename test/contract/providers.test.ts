// What every provider that speaks over the network promises, run over each member of src/providers/index.ts. Providers
// are pure, so that these tests need no server.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { CallEvent, ChatCall, ImageCall } from '../../src/core/call.ts';
import { ASPECT_RATIOS } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import type { EmbeddingCall } from '../../src/core/work.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import type { Target } from '../../src/providers/provider.ts';
import { message, messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import { completion, PIXEL, streamFrames } from '../../src/testing/fault-scripts.ts';
import { geminiAnswer, geminiFrames } from '../../src/testing/vendors/gemini.ts';
import { gigachatAnswer, gigachatFrames } from '../../src/testing/vendors/gigachat.ts';
import { readMessagesCall } from '../../src/wire/anthropic/read-messages.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';

const KEY = 'vendor-key-0123456789';
const OURS = 'the account of the operator at the vendor';
const EVENT_CHARS_MAX = 10_000;
const SEED = 4_294_967_295;
const TARGET: Target = {
  providerName: 'vendor',
  upstreamModel: 'vendor-model',
  baseUrl: 'https://vendor.example/v1',
  origin: 'https://vendor.example',
  apiKey: KEY,
  options: {
    scope: 'GIGACHAT_API_PERS',
    authUrl: 'https://vendor.example/oauth',
    folder: 'folder',
    secret: 'vendor-secret-0123456789',
    steps: '30',
    checkpoint: 'sd_xl_base_1.0.safetensors',
    cfg: '7',
    sampler: 'dpmpp_2m',
    scheduler: 'karras',
  },
  maxOutputTokens: 77,
  quirks: { maxTokensField: 'max_tokens', streamsAreStrict: true, unsupported: [] },
};
const CALL: ChatCall = {
  endpoint: 'chat',
  model: 'public-model',
  messages: [{ role: 'user', parts: [{ kind: 'text', text: 'Привет' }] }],
  options: {},
  stream: true,
  includeUsage: true,
  extra: {},
};

type Healthy = { readonly whole: string; readonly frames: string[] };
const OPENAI: Healthy = { whole: JSON.stringify(completion('Hello there.')), frames: streamFrames('Hello there.') };

/** A healthy answer and a healthy stream of each provider that talks. A new one needs its own here. */
const HEALTHY: Readonly<Record<string, Healthy>> = {
  'openai-compatible': OPENAI,
  yandexgpt: OPENAI,
  'llama-cpp': OPENAI,
  anthropic: { whole: JSON.stringify(message('Hello there.')), frames: messageFrames('Hello there.') },
  gemini: { whole: JSON.stringify(geminiAnswer('Hello there.')), frames: geminiFrames('Hello there.') },
  gigachat: { whole: JSON.stringify(gigachatAnswer('Hello there.')), frames: gigachatFrames('Hello there.') },
};

/** Bodies that are nearly right: known fields with values of the right kinds most of the time. */
function anthropicBody(): fc.Arbitrary<Record<string, unknown>> {
  const odd = fc.jsonValue({ maxDepth: 2 });
  const text = fc.record({ type: fc.constant('text'), text: fc.string() });
  const source = fc.record({
    type: fc.constantFrom('base64', 'url', 'file', 'text'),
    media_type: fc.constant('image/png'),
    data: fc.string(),
    url: fc.constant('https://example.org/a.png'),
  });
  const block = fc.oneof(
    text,
    fc.record({ type: fc.constantFrom('image', 'document'), source }),
    fc.record({ type: fc.constant('tool_use'), id: fc.string(), name: fc.string(), input: fc.oneof(fc.object(), odd) }),
    fc.record({
      type: fc.constant('tool_result'),
      tool_use_id: fc.string(),
      content: fc.oneof(fc.string(), fc.array(text), odd),
      is_error: fc.boolean(),
    }),
    fc.record({ type: fc.constantFrom('thinking', 'redacted_thinking', 'of_tomorrow'), thinking: fc.string() }),
    odd,
  );
  const message = fc.record({
    role: fc.constantFrom('user', 'assistant', 'system'),
    content: fc.oneof(fc.string(), fc.array(block, { maxLength: 4 })),
  });
  return fc.record(
    {
      model: fc.constant('public-model'),
      max_tokens: fc.constant(9),
      messages: fc.array(message, { minLength: 1, maxLength: 4 }),
      system: fc.oneof(fc.string(), fc.array(text), odd),
      tools: fc.array(fc.oneof(fc.record({ name: fc.string(), input_schema: fc.object() }), odd), { maxLength: 2 }),
      tool_choice: fc.oneof(fc.constantFrom({ type: 'any' }, { type: 'none' }, { type: 'tool', name: 'a' }), odd),
      stop_sequences: fc.array(fc.string(), { maxLength: 2 }),
      thinking: odd,
    },
    { requiredKeys: ['model', 'max_tokens', 'messages'] },
  );
}

function openaiBody(): fc.Arbitrary<Record<string, unknown>> {
  const odd = fc.jsonValue({ maxDepth: 2 });
  const part = fc.oneof(
    fc.record({ type: fc.constant('text'), text: fc.string() }),
    fc.record({ type: fc.constant('image_url'), image_url: fc.record({ url: fc.string() }) }),
    fc.record({ type: fc.constant('input_audio'), input_audio: odd }),
    odd,
  );
  const called = fc.record({ name: fc.string(), arguments: fc.oneof(fc.string(), fc.json()) });
  const message = fc.record(
    {
      role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function'),
      content: fc.oneof(fc.string(), fc.constant(null), fc.array(part, { maxLength: 4 })),
      tool_calls: fc.array(fc.record({ id: fc.string(), function: called }), { maxLength: 2 }),
      tool_call_id: fc.string(),
    },
    { requiredKeys: ['role', 'content'] },
  );
  return fc.record(
    {
      model: fc.constant('public-model'),
      messages: fc.array(message, { minLength: 1, maxLength: 4 }),
      tools: fc.array(fc.record({ function: fc.record({ name: fc.string(), parameters: fc.object() }) })),
      stop: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 })),
      response_format: fc.oneof(fc.constant({ type: 'json_object' }), odd),
      temperature: fc.double({ min: 0, max: 2 }),
    },
    { requiredKeys: ['model', 'messages'] },
  );
}

const meter = () => new Meter(1000, () => 'Привет');
const remote = PROVIDERS.filter((provider) => provider.kind === 'remote');
const talking = remote.flatMap(({ name, chat, ...provider }) =>
  chat === undefined ? [] : [[name, { ...provider, ...chat }, HEALTHY[name] as Healthy] as const],
);
const embedding = remote.flatMap(({ name, works }) =>
  works?.embedding === undefined ? [] : [[name, works.embedding] as const],
);
const drawing = remote.flatMap(({ name, images }) => (images === undefined ? [] : [[name, images.draw] as const]));

describe.each(remote.map((provider) => [provider.name, provider] as const))('%s fails', (_, provider) => {
  test.each([401, 402, 403])('a %d is about our account: the customer is not told so', (status) => {
    for (const text of [JSON.stringify({ error: { type: 'x', message: OURS } }), OURS, '', '<html>']) {
      const fault = provider.faultOfStatus(status, new Headers(), text);
      expect(fault.code).toBe('provider_unavailable');
      expect(fault.text('en') + fault.text('ru')).not.toContain(OURS);
    }
  });

  test.each([
    [429, 'upstream_rate_limited'],
    [503, 'upstream_overloaded'],
    [529, 'upstream_overloaded'],
    [500, 'upstream_error'],
    [302, 'upstream_redirect'],
    [504, 'upstream_timeout'],
    [418, 'upstream_bad_response'],
  ] as const)('a %d is %s, whatever its body', (status, code) => {
    for (const text of ['', '<html>', 'null', '[]', '{"error":7}', '{"error":{"message":{}}}'])
      expect(provider.faultOfStatus(status, new Headers(), text).code).toBe(code);
  });

  test.each([400, 404, 409, 413, 422])('a %d keeps its status, and its words without secrets', (status) => {
    const words = 'No such field. Key sk-abcdefgh12345678 at https://internal.example/x.';
    const text = JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message: words } });
    const fault = provider.faultOfStatus(status, new Headers(), text);
    expect(fault).toMatchObject({ code: 'upstream_rejected', status });
    expect(fault.text('en')).toContain('No such field.');
    expect(fault.text('en')).not.toMatch(/abcdefgh|internal\.example/);
  });

  test('waits as long as the vendor asks, within a bound', () => {
    const waits = (value: string) =>
      provider.faultOfStatus(429, new Headers({ 'retry-after': value }), '').details.retryAfterS;
    expect(waits('7')).toBe(7);
    expect(waits('0')).toBe(0);
    expect(waits('86400')).toBe(60);
    for (const odd of ['-1', 'NaN', 'Wed, 21 Oct 2015 07:28:00 GMT']) expect(waits(odd)).toBe(5);
  });
});

describe.each(talking)('%s talks', (_, provider, { whole, frames }) => {
  const bytes = Buffer.from(frames.join(''));
  const { openRelay } = provider;

  test('sends the key in headers alone, the vendor’s model name, and the public one nowhere', () => {
    for (const stream of [true, false]) {
      const request = provider.buildRequest({ ...CALL, stream }, TARGET);
      expect(JSON.stringify(request.headers)).toContain(KEY);
      expect(request.url + request.body).not.toContain(KEY);
      expect(request.url + request.body).toContain('vendor-model');
      expect(request.url + request.body).not.toContain('public-model');
      expect(request.url).toStartWith(`${TARGET.baseUrl}/`);
      expect(request.headers).toMatchObject(provider.keyHeaders(KEY));
    }
    expect(JSON.stringify(provider.buildRequest(CALL, { ...TARGET, apiKey: undefined }))).not.toContain('undefined');
  });

  test('leaves out, or refuses by name, what another family’s call only carries', () => {
    const family = provider.family === 'openai-chat' ? 'anthropic-messages' : 'openai-chat';
    const foreign: ChatCall = { ...CALL, family, extra: { field_of_others: 1 }, extraHeaders: { 'x-others': '1' } };
    expect(JSON.stringify(provider.buildRequest(foreign, TARGET))).not.toMatch(/others/);
    const parts = [{ kind: 'opaque' as const, type: 'part_of_others', value: {} }];
    expect(() => provider.buildRequest({ ...foreign, messages: [{ role: 'user', parts }] }, TARGET)).toThrow(CallError);
    const options = { tools: [{ name: 'tool_of_others', opaque: {} }] };
    expect(() => provider.buildRequest({ ...foreign, options }, TARGET)).toThrow(CallError);
    if (provider.family === undefined) return;
    const own = provider.buildRequest({ ...foreign, family: provider.family }, TARGET);
    expect(own.body).toContain('field_of_others');
  });

  test('writes any call that a client of either family may send, or refuses it by name', () => {
    fc.assert(
      fc.property(fc.oneof(anthropicBody(), openaiBody()), fc.boolean(), (body, keepsBytes) => {
        const text = JSON.stringify(body);
        try {
          const wire = { text, contentType: '' };
          const read =
            'max_tokens' in body
              ? readMessagesCall(wire, { headers: new Headers(), rest: '', query: new URLSearchParams() })
              : readChat(wire);
          const { source: _source, ...anew } = read;
          const request = provider.buildRequest(keepsBytes ? read : anew, TARGET);
          expect(JSON.parse(request.body)).toBeObject();
          expect(request.url + request.body).toContain('vendor-model');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CallError);
          expect((thrown as CallError).details.param ?? '').not.toBe('');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('reads a healthy answer and a healthy stream, with the vendor’s own counts', () => {
    const counted = meter();
    expect(provider.readAnswer(whole, counted).answer.choices[0]?.text).toBe('Hello there.');
    const reader = provider.openEvents(EVENT_CHARS_MAX);
    const events = reader.push(bytes);
    expect(reader).toMatchObject({ isComplete: true, fault: undefined });
    expect(events.map((event) => (event.kind === 'text' ? event.text : '')).join('')).toBe('Hello there.');
    expect(events.filter(({ kind }) => kind === 'finish')).toHaveLength(1);
    const usage = { source: 'exact', inputTokens: 9, outputTokens: 7 };
    expect(counted.usage()).toMatchObject(usage);
    expect(events.findLast(({ kind }) => kind === 'usage')).toMatchObject({ usage });
  });

  test('takes any other answer for a failure of the catalogue, or for an answer', () => {
    const broken = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.tuple(fc.nat(whole.length), fc.string()).map(([at, odd]) => whole.slice(0, at) + odd + whole.slice(at + 1)),
    );
    fc.assert(
      fc.property(broken, (text) => {
        try {
          expect(provider.readAnswer(text, meter()).answer.choices.length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CallError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('never throws at a stream’s bytes, and takes none for complete that lost its end', () => {
    const end = frames.at(-1)?.length ?? 0;
    const odd = fc.record({
      at: fc.nat(bytes.length),
      noise: fc.uint8Array({ maxLength: 20 }),
      cut: fc.nat(bytes.length - end),
    });
    fc.assert(
      fc.property(odd, ({ at, noise, cut }) => {
        const noisy = Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
        for (const open of [
          () => provider.openEvents(EVENT_CHARS_MAX),
          () =>
            openRelay?.({ callId: 'call-1', call: CALL, meter: meter() }, EVENT_CHARS_MAX) ??
            provider.openEvents(EVENT_CHARS_MAX),
        ]) {
          open().push(noisy);
          const cutShort = open();
          cutShort.push(bytes.subarray(0, cut));
          expect(cutShort.isComplete).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a stream that is cut at any byte gives the same events', () => {
    const joined = (reader: { push(bytes: Uint8Array): CallEvent[] }, pieces: readonly Uint8Array[]) => {
      const texts = new Map<string, string>();
      for (const event of pieces.flatMap((piece) => reader.push(piece)))
        texts.set(event.kind, (texts.get(event.kind) ?? '') + ('text' in event ? event.text : JSON.stringify(event)));
      return Object.fromEntries(texts);
    };
    const uncut = joined(provider.openEvents(EVENT_CHARS_MAX), [bytes]);
    for (let at = 1; at < bytes.length; at++) {
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(joined(provider.openEvents(EVENT_CHARS_MAX), pieces)).toEqual(uncut);
    }
  });

  test.skipIf(openRelay === undefined)(
    'a relay keeps the end back until it is asked for, and tells a failure as none',
    () => {
      if (openRelay === undefined) return;
      const relay = openRelay({ callId: 'call-1', call: CALL, meter: meter() }, EVENT_CHARS_MAX);
      const passed = Buffer.from(relay.push(bytes)).toString();
      expect(relay.isComplete).toBe(true);
      expect(passed + relay.end()).toBe(bytes.toString());
      expect(relay.end()).not.toBe('');
      const failure = relay.error(new CallError('upstream_reset', { detail: OURS }));
      expect(failure).toContain('upstream_reset');
      expect(failure).not.toContain(OURS);
      expect(failure).not.toContain(relay.end());
    },
  );
});

describe.each(embedding)('%s embeds', (_, embed) => {
  const CALL_FOR_TWO: EmbeddingCall = {
    endpoint: 'embedding',
    model: 'public-model',
    inputs: ['a', 'b'],
    encoding: 'float',
  };
  /** The steps as far as these answers lead; the vectors, or the failure. */
  const follow = (call: EmbeddingCall, answers: readonly Buffer[]) => {
    let step = embed(call, TARGET, meter());
    for (const answer of answers) {
      const outcome = step.read(answer, 'application/json');
      if ('result' in outcome) return outcome.result;
      step = outcome.next;
    }
    return undefined;
  };

  test('sends keys in headers alone, to the vendor’s own host, and the public name nowhere', () => {
    for (const apiKey of [KEY, undefined]) {
      const { request } = embed(CALL_FOR_TWO, { ...TARGET, apiKey }, meter());
      expect(request.url + request.body).not.toMatch(/vendor-(key|secret)|public-model|undefined/);
      expect(JSON.stringify(request.headers)).not.toContain('undefined');
      expect(request.url + request.body).toContain('vendor-model');
      expect(request.url).toStartWith(`${TARGET.baseUrl}/`);
    }
  });

  test('takes token ids, or refuses them by name', () => {
    try {
      expect(embed({ ...CALL_FOR_TWO, inputs: [[1, 2]] }, TARGET, meter()).request.body).toContain('[1,2]');
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'unsupported_parameter', details: { param: 'input' } });
    }
  });

  test('takes any answer for one vector of each input, or for a failure of the catalogue', () => {
    const numbers = fc.oneof(fc.array(fc.double({ noNaN: true }), { maxLength: 3 }), fc.jsonValue());
    const item = fc.record({ index: fc.nat(2), embedding: numbers, values: numbers }, { requiredKeys: ['embedding'] });
    const body = fc.record(
      {
        data: fc.array(item, { maxLength: 3 }),
        embeddings: fc.array(item, { maxLength: 3 }),
        usage: fc.oneof(fc.record({ prompt_tokens: fc.oneof(fc.nat(), fc.string()) }), fc.jsonValue()),
        usageMetadata: fc.jsonValue(),
        error: fc.oneof(fc.constant(null), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const answer = fc.oneof(body, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value)));
    fc.assert(
      fc.property(fc.array(answer, { minLength: 2, maxLength: 2 }), (answers) => {
        try {
          const vectors = follow(CALL_FOR_TWO, answers);
          if (vectors === undefined) return;
          expect(vectors).toHaveLength(2);
          for (const vector of vectors) expect([...vector].every(Number.isFinite) && vector.length > 0).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CallError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(drawing)('%s draws', (_, draw) => {
  const PICTURE: ImageCall = { endpoint: 'image', model: 'public-model', prompt: 'Кот', aspectRatio: '1:1', n: 1 };

  test('sends keys in headers alone, to the vendor’s own host, and the public name nowhere', () => {
    for (const apiKey of [KEY, undefined]) {
      const { request, interrupts = [] } = draw(PICTURE, { ...TARGET, ...{ apiKey } }, SEED);
      for (const sent of [request, ...interrupts]) {
        expect(sent.url + sent.body).not.toMatch(/vendor-(key|secret)|public-model|undefined/);
        expect(JSON.stringify(sent.headers)).not.toContain('undefined');
        expect(sent.url).toStartWith('https://vendor.example/');
        expect(sent.origin).toBe(TARGET.origin);
      }
    }
  });

  test('draws every ratio and any text, or refuses it by name', () => {
    const calls = fc.record({
      prompt: fc.string({ unit: 'binary' }),
      aspectRatio: fc.constantFrom(...ASPECT_RATIOS),
      n: fc.integer({ min: 1, max: 4 }),
      negativePrompt: fc.string(),
      style: fc.string(),
    });
    fc.assert(
      fc.property(calls, fc.boolean(), (given, isPlain) => {
        const { negativePrompt: _, ...plain } = given;
        try {
          const step = draw({ ...PICTURE, ...(isPlain ? { ...plain, n: 1 } : given) }, TARGET, SEED);
          expect(step.request.url).toStartWith(`${TARGET.baseUrl}/`);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CallError);
          expect((thrown as CallError).details.param ?? '').not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('takes any answer to any step for pictures, for a next step, or for a failure of the catalogue', () => {
    const status = fc.constantFrom('DONE', 'INITIAL', 'FAIL', 'ACTIVE', 'SUCCESS', 'CONTENT_FILTERED', 7, null);
    const base64 = fc.oneof(fc.constant(PIXEL.toString('base64')), fc.string(), fc.constant(''));
    const body = fc.oneof(
      fc.string().map((text) => Buffer.from(text)),
      fc.constant(PIXEL),
      fc
        .oneof(
          fc.jsonValue(),
          fc.array(fc.record({ id: fc.uuid(), name: fc.string(), status, type: fc.constant('TEXT2IMAGE') })),
          fc.record(
            {
              uuid: fc.uuid(),
              prompt_id: fc.uuid(),
              queue_running: fc.jsonValue({ maxDepth: 2 }),
              status,
              result: fc.record({ files: fc.array(base64), censored: fc.boolean() }),
              images: fc.array(base64),
              image: base64,
              artifacts: fc.array(fc.record({ base64, finishReason: status })),
              data: fc.array(fc.record({ b64_json: base64 })),
              choices: fc.array(
                fc.record({ message: fc.record({ content: fc.constant('<img src="a-1" fuse="true"/>') }) }),
              ),
            },
            { requiredKeys: [] },
          ),
        )
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(fc.array(body, { minLength: 4, maxLength: 8 }), (bodies) => {
        let step = draw(PICTURE, TARGET, SEED);
        for (const answer of bodies) {
          try {
            const outcome = step.read(answer, 'application/json');
            if ('result' in outcome) {
              expect(outcome.result.length).toBeGreaterThan(0);
              return;
            }
            step = outcome.next;
            expect(step.request.url).toStartWith(`${TARGET.baseUrl}/`);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(CallError);
            return;
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
