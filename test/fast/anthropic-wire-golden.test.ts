// What the Anthropic provider writes and reads, by example, and what crosses between the families:
// test/golden/anthropic-wire/<case>.in.json is what comes in, .expected.json what must come out. `"does"` names the
// translation. With UPDATE_GOLDEN=1 the expected files are written anew, to be read before they are kept.
import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatCall } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openaiCompatible } from '../../src/providers/openai-compatible.ts';
import type { ChatProtocol, RemoteProvider, Target } from '../../src/providers/provider.ts';
import { VENDORS } from '../../src/providers/vendors.ts';
import { messageEvent } from '../../src/testing/anthropic-fault-shapes.ts';
import { readMessagesCall } from '../../src/wire/anthropic/read-messages.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';

const FOLDER = join(import.meta.dir, '..', 'golden', 'anthropic-wire');
const CHARS_MAX = 1_000_000;
const chat = anthropic.chat as Required<ChatProtocol>;

type Given = {
  readonly does: string;
  readonly dialect?: 'anthropic' | 'openai';
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly asItCame?: boolean;
  readonly target?: { readonly apiKey?: string | null; readonly upstreamModel?: string };
  readonly events?: readonly Record<string, unknown>[];
  readonly status?: number;
};

const TRANSLATIONS: Readonly<Record<string, (given: Given) => unknown>> = {
  /** A customer's body, of either family, into the provider's request. `asItCame` is whether its bytes may be kept. */
  'write request': (given) => write(anthropic, given),
  'write openai request': (given) => write(openaiCompatible, { ...given, dialect: 'anthropic' }),
  'read answer': ({ body }) => {
    const { answer, text } = chat.readAnswer(textOf(body), meter());
    expect(text).toBe(textOf(body));
    return answer;
  },
  'read stream': ({ events = [] }) => {
    const reader = chat.openEvents(CHARS_MAX);
    const made = reader.push(Buffer.from(events.map(messageEvent).join('')));
    return {
      events: made,
      isComplete: reader.isComplete,
      fault: reader.fault === undefined ? null : told(reader.fault),
    };
  },
  'relay stream': ({ events = [] }) => {
    const counted = meter();
    const call = {
      ...readMessagesCall(wire({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }), {
        headers: new Headers(),
        rest: '',
        query: new URLSearchParams(),
      }),
    };
    const relay = chat.openRelay({ callId: 'call-1', call, meter: counted }, CHARS_MAX);
    const out = relay.push(Buffer.from(events.map(messageEvent).join('')));
    return {
      text: typeof out === 'string' ? out : Buffer.from(out).toString(),
      end: relay.end(),
      usage: counted.usage(),
      isComplete: relay.isComplete,
    };
  },
  'read fault': ({ status = 0, headers, body }) =>
    told(anthropic.faultOfStatus(status, new Headers(headers), textOf(body))),
};

function write({ chat }: RemoteProvider, { dialect, body, headers, asItCame = true, target = {} }: Given): unknown {
  const read =
    dialect === 'openai'
      ? readChat(wire(body))
      : readMessagesCall(wire(body), { headers: new Headers(headers), rest: '', query: new URLSearchParams() });
  const request = (chat as ChatProtocol).buildRequest(asItCame ? read : withoutSource(read), targetWith(target));
  return { ...request, body: JSON.parse(request.body) };
}

function targetWith({ apiKey = 'vendor-key', upstreamModel = 'vendor-model' }: NonNullable<Given['target']>): Target {
  return {
    providerName: 'vendor',
    upstreamModel,
    baseUrl: 'https://vendor.example/v1',
    origin: 'https://vendor.example',
    apiKey: apiKey ?? undefined,
    options: {},
    maxOutputTokens: 4096,
    quirks: { maxTokensField: 'max_tokens', streamsAreStrict: true, unsupported: [] },
  };
}

const meter = () => new Meter(1000, () => 'Hello there.');
const textOf = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
const wire = (body: unknown) => ({ text: textOf(body), contentType: 'application/json' });

function withoutSource({ source: _, ...call }: ChatCall): ChatCall {
  return call;
}

function told(error: CallError): unknown {
  return { error: error.code, status: error.status, ...error.details };
}

function translate(given: Given): unknown {
  try {
    const translation = TRANSLATIONS[given.does];
    if (translation === undefined) throw new Error(`nothing does "${given.does}"`);
    return JSON.parse(JSON.stringify(translation(given)));
  } catch (thrown) {
    if (thrown instanceof CallError) return told(thrown);
    throw thrown;
  }
}

describe('anthropic-wire', () => {
  const inputs = [...new Bun.Glob('*.in.json').scanSync(FOLDER)].sort();
  test.each(inputs)('%s', async (name) => {
    const expected = Bun.file(join(FOLDER, name.replace('.in.json', '.expected.json')));
    const made = translate((await Bun.file(join(FOLDER, name)).json()) as Given);
    if (process.env['UPDATE_GOLDEN'] === '1') await Bun.write(expected, `${JSON.stringify(made, null, 2)}\n`);
    expect(made).toEqual(await expected.json());
  });

  test('has an input for every expected file', () => {
    const expected = [...new Bun.Glob('*.expected.json').scanSync(FOLDER)];
    const orphans = expected.filter((name) => !existsSync(join(FOLDER, name.replace('.expected.json', '.in.json'))));
    expect(orphans).toEqual([]);
  });
});

test('every parameter that the vendor’s row calls refused is refused by its name', () => {
  const values: Readonly<Record<string, unknown>> = {
    n: 2,
    logprobs: true,
    logit_bias: { '5': 1 },
    presence_penalty: 0.5,
    frequency_penalty: 0.5,
  };
  const row = VENDORS.find(({ name }) => name === 'anthropic');
  expect(row?.quirks.unsupported).toEqual(Object.keys(values));
  for (const [name, value] of Object.entries(values)) {
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], [name]: value };
    expect(translate({ does: 'write request', dialect: 'openai', body })).toMatchObject({
      error: 'unsupported_parameter',
      param: name,
    });
  }
});
