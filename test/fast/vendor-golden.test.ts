// What each vendor's provider writes and reads, by example: test/golden/<provider>/<case>.in.json is what comes in,
// .expected.json what must come out. `"does"` names the translation. With UPDATE_GOLDEN=1 the expected files are written
// anew, to be read before they are kept. Providers that have a test of their own families are not here.
import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageCall } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { Meter } from '../../src/core/meter.ts';
import type { EmbeddingCall } from '../../src/core/work.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import type { ChatProtocol, RemoteProvider, Step, Target } from '../../src/providers/provider.ts';
import { VENDORS } from '../../src/providers/vendors.ts';
import { PIXEL } from '../../src/testing/fault-scripts.ts';
import { readMessagesCall } from '../../src/wire/anthropic/read-messages.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';

const FOLDER = join(import.meta.dir, '..', 'golden');
const CHARS_MAX = 1_000_000;
const SEED = 4_294_967_295;
const OPTIONS: Readonly<Record<string, string>> = {
  scope: 'GIGACHAT_API_PERS',
  authUrl: 'https://keys.example/oauth',
  folder: 'b1gfolder',
  secret: 'vendor-secret',
  steps: '30',
  checkpoint: 'sd_xl_base_1.0.safetensors',
  cfg: '7',
  sampler: 'dpmpp_2m',
  scheduler: 'karras',
};

type Given = {
  readonly does: string;
  readonly dialect?: 'anthropic' | 'openai';
  readonly body?: unknown;
  readonly model?: string;
  readonly call?: Partial<ImageCall>;
  readonly embedding?: Partial<EmbeddingCall>;
  readonly answers?: readonly unknown[];
  readonly chunks?: readonly unknown[];
  readonly status?: number;
  readonly headers?: Record<string, string>;
};
type Translation = (provider: RemoteProvider, given: Given) => unknown;

const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  /** A customer's body into the provider's request. */
  'write request': (provider, { dialect, body, model }) => {
    const wire = { text: textOf(body), contentType: 'application/json' };
    const call =
      dialect === 'anthropic'
        ? readMessagesCall(wire, { headers: new Headers(), rest: '', query: new URLSearchParams() })
        : readChat(wire);
    const request = chatOf(provider).buildRequest(call, targetOf(provider, model));
    return { ...request, body: JSON.parse(request.body) };
  },
  'read answer': (provider, { body }) => {
    const meter = new Meter(1000, () => 'Hello there.');
    return chatOf(provider).readAnswer(textOf(body), meter).answer;
  },
  'read stream': (provider, { chunks = [] }) => {
    const reader = chatOf(provider).openEvents(CHARS_MAX);
    const events = reader.push(Buffer.from(chunks.map((chunk) => `data: ${textOf(chunk)}\n\n`).join('')));
    return { events, isComplete: reader.isComplete, fault: reader.fault === undefined ? null : told(reader.fault) };
  },
  'read fault': (provider, { status = 0, headers, body }) =>
    told(provider.faultOfStatus(status, new Headers(headers), textOf(body))),
  /** The steps to pictures. An answer `"picture"` is bytes of one. */
  draw: (provider, { call, model, answers = [] }) => {
    const picture: ImageCall = { endpoint: 'image', model: 'public', prompt: 'Кот', aspectRatio: '1:1', n: 1, ...call };
    const { result, ...told } = follow(provider.images?.draw(picture, targetOf(provider, model), SEED), answers);
    return result === undefined ? told : { ...told, pictures: result.map(({ contentType }) => contentType) };
  },
  /** The steps to vectors, and the tokens that the vendor tells. */
  embed: (provider, { embedding, model, answers = [] }) => {
    const asked: EmbeddingCall = { endpoint: 'embedding', model: 'public', inputs: ['Кот'], encoding: 'float' };
    const meter = new Meter(1_000, () => 1);
    const step = provider.works?.embedding?.({ ...asked, ...embedding }, targetOf(provider, model), meter);
    const { result, ...told } = follow(step, answers);
    return result === undefined ? told : { ...told, vectors: result.map((one) => [...one]), usage: meter.usage() };
  },
  /** A customer's body into the steps by which each of its files is kept, the chat, and what drops a file. */
  'keep files': (provider, { body, model, answers = [] }) => {
    const { files, buildRequest } = chatOf(provider);
    const call = readChat({ text: textOf(body), contentType: 'application/json' });
    const target = targetOf(provider, model);
    const kept = (files?.of(call, target) ?? []).map((file, i) => follow(files?.keep(file, target), [answers[i]]));
    const ids = kept.flatMap(({ result }) => result ?? []);
    if (ids.length < kept.length) return { kept };
    return { kept, chat: buildRequest(call, target, ids), dropped: ids.map((id) => files?.drop(id, target)) };
  },
};

/** Each request on the way, and at the end what became of it. */
function follow<T>(first: Step<T> | undefined, answers: readonly unknown[]) {
  const asked: unknown[] = [];
  let step = first;
  for (const answer of [...answers, undefined]) {
    if (step === undefined) break;
    const { read, ...described } = step;
    const { body } = described.request;
    const request = {
      ...described.request,
      body: typeof body === 'string' ? body : Buffer.from(body).toString('latin1'),
    };
    asked.push({ ...described, request });
    if (answer === undefined) break;
    try {
      const outcome = read(answer === 'picture' ? PIXEL : Buffer.from(textOf(answer)), 'application/json');
      if ('result' in outcome) return { asked, result: outcome.result };
      step = outcome.next;
    } catch (thrown) {
      if (thrown instanceof CallError) return { asked, refused: told(thrown) };
      throw thrown;
    }
  }
  return { asked };
}

function chatOf({ chat }: RemoteProvider): ChatProtocol {
  if (chat === undefined) throw new Error('this provider does not talk');
  return chat;
}

function targetOf({ name }: RemoteProvider, upstreamModel = 'vendor-model'): Target {
  const row = VENDORS.find(({ kind }) => kind === name);
  return {
    providerName: 'vendor',
    upstreamModel,
    baseUrl: 'https://vendor.example/base',
    origin: 'https://vendor.example',
    apiKey: 'vendor-key',
    options: OPTIONS,
    maxOutputTokens: 4096,
    quirks: row?.quirks ?? { maxTokensField: 'max_tokens', streamsAreStrict: false, unsupported: [] },
  };
}

const textOf = (body: unknown) =>
  typeof body === 'string' ? body : JSON.stringify(body).replaceAll('"PIXEL"', `"${PIXEL.toString('base64')}"`);

function told(error: CallError): unknown {
  return { error: error.code, status: error.status, ...error.details };
}

function translate(provider: RemoteProvider, given: Given): unknown {
  try {
    const translation = TRANSLATIONS[given.does];
    if (translation === undefined) throw new Error(`nothing does "${given.does}"`);
    return JSON.parse(JSON.stringify(translation(provider, given)));
  } catch (thrown) {
    if (thrown instanceof CallError) return told(thrown);
    throw thrown;
  }
}

const OWN_TESTS: readonly string[] = ['openai-compatible', 'anthropic'];
const remote = PROVIDERS.filter((provider) => provider.kind === 'remote');

describe.each(
  remote.filter(({ name }) => !OWN_TESTS.includes(name)).map((provider) => [provider.name, provider] as const),
)('%s', (name, provider) => {
  const folder = join(FOLDER, name);
  const inputs = [...new Bun.Glob('*.in.json').scanSync(folder)].sort();

  test.each(inputs)('%s', async (file) => {
    const expected = Bun.file(join(folder, file.replace('.in.json', '.expected.json')));
    const made = translate(provider, (await Bun.file(join(folder, file)).json()) as Given);
    if (process.env['UPDATE_GOLDEN'] === '1') await Bun.write(expected, `${JSON.stringify(made, null, 2)}\n`);
    expect(made).toEqual(await expected.json());
  });

  test('has an input for every expected file', () => {
    const expected = [...new Bun.Glob('*.expected.json').scanSync(folder)];
    expect(expected.filter((file) => !existsSync(join(folder, file.replace('.expected.json', '.in.json'))))).toEqual(
      [],
    );
    expect(inputs.length).toBeGreaterThan(0);
  });
});

/** A value that asks for each parameter which a row may call refused. */
const REFUSED: Readonly<Record<string, unknown>> = {
  n: 2,
  stop: ['a'],
  logprobs: true,
  logit_bias: { '5': 1 },
  presence_penalty: 0.5,
  frequency_penalty: 0.5,
  top_k: 5,
  tool_choice: 'required',
  parallel_tool_calls: false,
  response_format: { type: 'json_object' },
};

test.each(VENDORS.filter(({ kind }) => kind !== undefined && kind !== 'anthropic'))(
  'every parameter that the row of $name calls refused is refused by its name',
  ({ kind, quirks }) => {
    const provider = remote.find(({ name }) => name === kind) as RemoteProvider;
    const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name } }));
    for (const name of provider.chat === undefined ? [] : quirks.unsupported) {
      const plain = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], [name]: REFUSED[name] };
      // One of them only Anthropic's clients can ask for.
      const given =
        name === 'top_k'
          ? { dialect: 'anthropic' as const, body: { ...plain, max_tokens: 9 } }
          : { body: { ...plain, tools } };
      expect(translate(provider, { does: 'write request', ...given })).toMatchObject({
        error: 'unsupported_parameter',
        param: name,
      });
    }
  },
);
