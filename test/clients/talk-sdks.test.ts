// The official SDKs in front of models of other families: texts, counts, tools in loops, JSON by a schema, pictures,
// thinking and refusals, whole and streamed, have to cross the families unharmed. The models are fakes that refuse what
// their vendors refuse, and each SDK talks to the fake of its own vendor without a gateway between as well.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { GatewayFolder, type GatewayProcess } from '../../src/testing/gateway-process.ts';
import { type SdkSet, testEachSdk } from './sdk-sets.ts';
import {
  HELLO,
  type LangChainHabits,
  ofEach,
  ofItself,
  type Results,
  type Seen,
  SOLD,
  throughAiSdk,
  throughAnthropic,
  throughGenai,
  throughLangChain,
  throughOpenAI,
  without,
} from './talk-expectations.ts';
import { TalkingAnthropic } from './talkers/anthropic.ts';
import { TalkingGemini } from './talkers/gemini.ts';
import { TalkingGigaChat } from './talkers/gigachat.ts';
import { THOUGHT } from './talkers/model-script.ts';
import { TalkingOpenAI } from './talkers/openai.ts';

const KEY = 'key-of-the-operator';
const CREDENTIALS = btoa('client-id:client-secret');
const openai = new TalkingOpenAI(KEY);
const loose = new TalkingOpenAI(KEY, { thinksAloud: true });
const anthropic = new TalkingAnthropic(KEY);
const gemini = new TalkingGemini(KEY);
const gigachat = new TalkingGigaChat(CREDENTIALS);
const vendors = [openai, loose, anthropic, gemini, gigachat];

/** What each vendor calls its model. */
const UPSTREAM = {
  openai: 'upstream-model',
  loose: 'upstream-model',
  anthropic: 'upstream-model',
  gemini: 'gemini-2.5-flash',
  gigachat: 'GigaChat-2',
};

const folder = new GatewayFolder([], {
  providers: [
    { name: 'openai', vendor: 'openai', baseUrl: `${openai.url}/v1`, apiKey: KEY },
    { name: 'loose', baseUrl: `${loose.url}/v1`, apiKey: KEY },
    { name: 'anthropic', vendor: 'anthropic', baseUrl: `${anthropic.url}/v1`, apiKey: KEY },
    { name: 'gemini', vendor: 'gemini', baseUrl: `${gemini.url}/v1beta`, apiKey: KEY },
    {
      name: 'gigachat',
      vendor: 'gigachat',
      baseUrl: `${gigachat.url}/api/v1`,
      apiKey: CREDENTIALS,
      options: { authUrl: `${gigachat.url}/api/v2/oauth` },
      concurrency: 50,
    },
  ],
  models: [
    // LangChain tells from a name like the second what a model of Google's can do.
    ...Object.entries(UPSTREAM).flatMap(([provider, model]) =>
      [`of-${provider}`, `gemini-2.5-of-${provider}`].map((name) => ({ name, targets: [{ provider, model }] })),
    ),
    // Names by which clients choose what they ask for, each in front of another family.
    { name: 'claude-sonnet-4-6', targets: [{ provider: 'openai', model: 'upstream-model' }] },
    { name: 'gpt-5', targets: [{ provider: 'anthropic', model: 'upstream-model' }] },
    { name: 'gemini-2.5-flash', targets: [{ provider: 'openai', model: 'upstream-model' }] },
  ],
  timeouts: { connectMs: 10_000, firstByteMs: 30_000, idleMs: 30_000, callMs: 60_000, stalledReaderMs: 30_000 },
});
let gateway: GatewayProcess;
let customer: Customer;

beforeAll(async () => {
  gateway = await folder.start();
  customer = await gateway.customer('requests', { requests: 1_000_000 });
});
afterAll(async () => {
  const audit = await gateway.audit();
  await gateway.kill();
  folder.remove();
  await Promise.all(vendors.map((vendor) => vendor.stop()));
  expect(audit).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});

/** What the programs in Python leave to those in JavaScript. */
const NOT_IN_PYTHON = ['single', 'jsonWithOptional', 'strictTools', 'chosen', 'ran', 'reasoning'];
const isPython = ({ registry }: SdkSet) => registry === 'PyPI';

describe('behind the gateway models of every family answer', () => {
  const talks = (program: string, models: readonly string[], expected: (set: SdkSet) => (seen: Seen) => Results) =>
    testEachSdk(program, async (run, set) => {
      expect(await run(gateway.url, customer.key, ...models)).toEqual(ofEach(models, expected(set)));
    });
  talks('talk-anthropic', SOLD, anthropicOf);
  talks('talk-openai', SOLD, openaiOf);
  talks('talk-genai', SOLD, () => throughGenai);
  talks('talk-ai', SOLD, () => throughAiSdk);
  const ours = SOLD.filter((name) => name.startsWith('of-'));
  talks('talk-langchain', ours, (set) => (seen) => throughLangChain(seen, habitsOf(set)));
});

/** LangChain for JavaScript counts on its own where the others do not tell all at once. */
function habitsOf(set: SdkSet): LangChainHabits {
  const all = ['chat', 'responses', 'anthropic', 'google'];
  return {
    counting: isPython(set) ? all : ['chat', 'responses'],
    throwing: set.folder === 'langchain-0' ? ['google'] : [],
  };
}

function anthropicOf(set: SdkSet): (seen: Seen) => Results {
  const missing = isPython(set) ? NOT_IN_PYTHON.filter((name) => name !== 'chosen') : [];
  return (seen) => without(throughAnthropic(seen), isPython(set) ? [...missing, 'json'] : []);
}

function openaiOf(set: SdkSet): (seen: Seen) => Results & ReturnType<typeof throughOpenAI> {
  return (seen) => {
    const { chat, responses } = throughOpenAI(seen);
    if (!isPython(set)) return { chat, responses };
    return { chat: without(chat, NOT_IN_PYTHON), responses: without(responses, ['cut', 'picture']) };
  };
}

describe('without a gateway the fake of its own vendor is what the SDK expects', () => {
  const model = 'upstream-model';
  testEachSdk('talk-anthropic', async (run, set) => {
    const found = await run(anthropic.url, KEY, model);
    expect(found).toEqual({ [model]: ofItself('anthropic', anthropicOf(set)) });
  });
  testEachSdk('talk-openai', async (run, set) => {
    // The fake has chat completions alone.
    const found = (await run(openai.url, KEY, model)) as Record<string, { readonly chat: Results }>;
    const refused = { status: 400, code: 'content_policy_violation', is: 'BadRequestError' };
    const { chat } = openaiOf(set)({ ...HELLO, vendor: 'openai' });
    expect(found[model]?.chat).toEqual({ ...chat, refused, refusedStream: refused });
  });
  testEachSdk('talk-genai', async (run) => {
    const found = await run(gemini.url, KEY, 'gemini-2.5-flash');
    expect(found).toEqual({ 'gemini-2.5-flash': { ...ofItself('gemini', throughGenai), thought: THOUGHT } });
  });
});
