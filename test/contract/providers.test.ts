// What every provider that speaks over the network promises, run over each member of src/providers/index.ts. Providers
// are pure, so that these tests need no server.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChatCall } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import type { RemoteProvider, Target } from '../../src/providers/provider.ts';
import { message, messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import { completion, streamFrames } from '../../src/testing/fault-scripts.ts';
import { readMessagesCall } from '../../src/wire/anthropic/read-messages.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';

const KEY = 'vendor-key-0123456789';
const OURS = 'the account of the operator at the vendor';
const EVENT_CHARS_MAX = 10_000;
const TARGET: Target = {
  providerName: 'vendor',
  upstreamModel: 'vendor-model',
  baseUrl: 'https://vendor.example/v1',
  origin: 'https://vendor.example',
  apiKey: KEY,
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

/** A healthy answer and a healthy stream of each family. A new family needs its own here. */
const HEALTHY: Readonly<Record<RemoteProvider['family'], { readonly whole: string; readonly frames: string[] }>> = {
  'openai-chat': { whole: JSON.stringify(completion('Hello there.')), frames: streamFrames('Hello there.') },
  'anthropic-messages': { whole: JSON.stringify(message('Hello there.')), frames: messageFrames('Hello there.') },
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

describe.each(remote.map((provider) => [provider.name, provider] as const))('%s', (_, provider) => {
  const { whole, frames } = HEALTHY[provider.family];
  const bytes = Buffer.from(frames.join(''));

  test('sends the key in headers alone, the vendor’s model name, and the public one nowhere', () => {
    for (const stream of [true, false]) {
      const request = provider.buildRequest({ ...CALL, stream }, TARGET);
      expect(JSON.stringify(request.headers)).toContain(KEY);
      expect(request.url + request.body).not.toContain(KEY);
      expect(JSON.parse(request.body)).toMatchObject({ model: 'vendor-model' });
      expect(request.body).not.toContain('public-model');
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
    const own = provider.buildRequest({ ...foreign, family: provider.family }, TARGET);
    expect(own.body).toContain('field_of_others');
  });

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
          expect(JSON.parse(request.body)).toMatchObject({ model: 'vendor-model' });
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
          () => provider.openRelay({ call: CALL, meter: meter() }, EVENT_CHARS_MAX),
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

  test('a relay keeps the end back until it is asked for, and tells a failure as none', () => {
    const relay = provider.openRelay({ call: CALL, meter: meter() }, EVENT_CHARS_MAX);
    const passed = Buffer.from(relay.push(bytes)).toString();
    expect(relay.isComplete).toBe(true);
    expect(passed + relay.end()).toBe(bytes.toString());
    expect(relay.end()).not.toBe('');
    const failure = relay.error(new CallError('upstream_reset', { detail: OURS }));
    expect(failure).toContain('upstream_reset');
    expect(failure).not.toContain(OURS);
    expect(failure).not.toContain(relay.end());
  });
});
