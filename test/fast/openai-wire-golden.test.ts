// Translations by example: test/golden/openai-wire/<case>.in.json is what comes in, .expected.json what must
// come out. `"does"` names the translation. With UPDATE=1 the expected files are written anew, to be read before they
// are kept.
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Answer, CallEvent, ChatCall, Usage } from '../../src/core/call.ts';
import type { ErrorDetails } from '../../src/core/error-details.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import { SseReader } from '../../src/core/sse.ts';
import { openai } from '../../src/dialects/openai.ts';
import { openaiCompatible } from '../../src/providers/openai-compatible.ts';
import type { ChatProtocol, Target } from '../../src/providers/provider.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';
import { renderChat, renderChatStream } from '../../src/wire/openai/render-chat.ts';

const ROOT = join(import.meta.dir, '..', 'golden');
const CONTEXT = { callId: 'call-1', createdAtS: 1_790_000_000, model: 'public-model' };
const CHARS_MAX = 1_000_000;
const chat = openaiCompatible.chat as Required<ChatProtocol>;

/** What each translation is given and gives. JSON in, JSON out. */
const TRANSLATIONS: Readonly<Record<string, (input: never) => unknown>> = {
  /** A customer's body, as an object or as text, into the neutral call. */
  'read call': ({ body }: { body: unknown }) => withoutSource(readChat(wire(body))),
  /** A neutral answer into the dialect's body. */
  'render answer': ({ answer }: { answer: Answer }) => renderChat(answer, CONTEXT).body,
  /** Neutral events into the dialect's frames. */
  'render stream': ({ body, events, usage }: { body: unknown; events: CallEvent[]; usage: Usage }) => {
    const renderer = renderChatStream(readChat(wire(body)), CONTEXT);
    return framesOf(renderer.start() + events.map((event) => renderer.event(event)).join('') + renderer.end(usage));
  },
  'render error': ({ code, details }: { code: ErrorCode; details: ErrorDetails }) =>
    openai.error(new CallError(code, details), { requestId: 'call-1', publicUrl: 'https://gateway.example' }),
  /** A customer's body into the provider's request; `asItCame` is whether the bytes may be kept. */
  'write request': ({
    body,
    target,
    asItCame,
  }: {
    body: unknown;
    target: { apiKey?: string | null };
    asItCame: boolean;
  }) => {
    const call = readChat(wire(body));
    const request = chat.buildRequest(asItCame ? call : withoutSource(call), targetWith(target));
    return { ...request, body: JSON.parse(request.body) };
  },
  /** A provider's answer into the neutral one, and whether its bytes may be passed on. */
  'read answer': ({ body }: { body: unknown }) => {
    const { answer, text } = chat.readAnswer(wire(body).text, new Meter(1000, () => 'Hello there.'));
    return { answer, isPassedOn: text !== undefined };
  },
  'read stream': ({ chunks }: { chunks: unknown[] }) => {
    const reader = chat.openEvents(CHARS_MAX);
    const events = reader.push(Buffer.from(chunks.map(asFrame).join('')));
    return { events, isComplete: reader.isComplete, fault: reader.fault === undefined ? null : told(reader.fault) };
  },
  /** A provider's stream as a customer gets it who did, or did not, ask for usage. */
  'relay stream': ({ chunks, body }: { chunks: unknown[]; body: unknown }) => {
    const meter = new Meter(1000, () => 'Hello there.');
    const relay = chat.openRelay({ callId: 'call-1', call: readChat(wire(body)), meter }, CHARS_MAX);
    const out = relay.push(Buffer.from(chunks.map(asFrame).join('')));
    const frames = framesOf(typeof out === 'string' ? out : Buffer.from(out).toString());
    return { frames, usage: meter.usage(), isComplete: relay.isComplete };
  },
  'read fault': ({ status, headers, body }: { status: number; headers?: Record<string, string>; body: unknown }) =>
    told(openaiCompatible.faultOfStatus(status, new Headers(headers), wire(body).text)),
};

function wire(body: unknown) {
  return { text: typeof body === 'string' ? body : JSON.stringify(body), contentType: 'application/json' };
}

function withoutSource(call: ChatCall): ChatCall {
  const { source: _, ...rest } = call;
  return rest;
}

/** JSON has no `undefined`, so `null` stands for an absent key. */
function targetWith({
  apiKey = 'vendor-key',
  ...target
}: Omit<Partial<Target>, 'apiKey'> & { apiKey?: string | null }): Target {
  const quirks = { maxTokensField: 'max_tokens', streamsAreStrict: true, unsupported: [], ...target.quirks } as const;
  const where = {
    providerName: 'vendor',
    upstreamModel: 'vendor-model',
    baseUrl: 'https://vendor.example/v1',
    origin: 'https://vendor.example',
    maxOutputTokens: 4096,
    options: {},
  };
  return { ...where, ...target, quirks, apiKey: apiKey ?? undefined };
}

const asFrame = (chunk: unknown) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`;

function framesOf(text: string): unknown[] {
  const events = new SseReader(CHARS_MAX).push(Buffer.from(text));
  return events.map(({ data }) => (data === '[DONE]' ? data : JSON.parse(data)));
}

function told(error: CallError): unknown {
  return { error: error.code, status: error.status, ...error.details };
}

function translate(input: { does: string }): unknown {
  try {
    const translation = TRANSLATIONS[input.does];
    if (translation === undefined) throw new Error(`nothing does "${input.does}"`);
    return JSON.parse(JSON.stringify(translation(input as never)));
  } catch (thrown) {
    if (thrown instanceof CallError) return told(thrown);
    throw thrown;
  }
}

for (const folder of ['openai-wire']) {
  describe(folder, () => {
    const inputs = [...new Bun.Glob('*.in.json').scanSync(join(ROOT, folder))].sort();
    test.each(inputs)('%s', (name) => {
      const path = join(ROOT, folder, name);
      const expectedPath = path.replace('.in.json', '.expected.json');
      const given = translate(JSON.parse(readFileSync(path, 'utf8')));
      if (process.env['UPDATE'] === '1') writeFileSync(expectedPath, `${JSON.stringify(given, null, 2)}\n`);
      expect(given).toEqual(JSON.parse(readFileSync(expectedPath, 'utf8')));
    });

    test('has an input for every expected file', () => {
      const expected = [...new Bun.Glob('*.expected.json').scanSync(join(ROOT, folder))];
      const orphans = expected.filter(
        (name) => !existsSync(join(ROOT, folder, name.replace('.expected.json', '.in.json'))),
      );
      expect(orphans.map((name) => basename(name))).toEqual([]);
    });
  });
}
