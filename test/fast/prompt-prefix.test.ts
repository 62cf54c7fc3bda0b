// Vendors cache prompts by their beginning: tools, system prompt, then the messages in order. Whatever is done to a
// request on its way, a conversation's next turn begins with the very bytes of the turn before.
import { describe, expect, test } from 'bun:test';
import type { ChatCall } from '../../src/core/call.ts';
import { truncateCall } from '../../src/core/truncate.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import type { Target } from '../../src/providers/provider.ts';
import { VENDORS as VENDOR_ROWS } from '../../src/providers/vendors.ts';
import { readMessagesCall } from '../../src/wire/anthropic/read-messages.ts';
import { readChat } from '../../src/wire/openai/read-chat.ts';

const SCHEMA = { type: 'object', properties: { город: { type: 'string' }, 2: {}, 10: {}, a: {} }, required: ['город'] };
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** Odd spacing and escapes, and keys in an order of their own: all of it must stay where bytes are passed on. */
const ARGUMENTS = '{"город" : "\\u041cосква","b":1, "a":2.50}';

const NO_HEAD = { headers: new Headers(), rest: '', query: new URLSearchParams() };

type Turns = readonly (readonly unknown[])[];

/** What each turn adds to an OpenAI conversation. */
const OPENAI_TURNS: Turns = [
  [
    { role: 'system', content: 'Отвечай кратко. '.repeat(20) },
    {
      content: [
        { type: 'text', text: 'Что тут? 🐈' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } },
      ],
      role: 'user',
    },
  ],
  [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call.1', type: 'function', function: { name: 'weather', arguments: ARGUMENTS } }],
    },
    { role: 'tool', tool_call_id: 'call.1', content: '{"t": -5}' },
  ],
  [
    { role: 'assistant', content: 'Холодно.' },
    { role: 'user', content: [{ type: 'text', text: 'А завтра?' }] },
  ],
  [
    { role: 'assistant', content: 'Тепло.' },
    { role: 'user', content: 'Спасибо' },
  ],
];

/** And to a conversation with Anthropic's client. */
const ANTHROPIC_TURNS: Turns = [
  [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Что тут? 🐈', cache_control: { type: 'ephemeral' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PICTURE } },
      ],
    },
  ],
  [
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Хм', signature: 'c2ln' },
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { город: 'Москва', b: 1, a: 2.5 } },
      ],
    },
    { content: [{ tool_use_id: 'toolu_1', type: 'tool_result', content: '{"t": -5}' }], role: 'user' },
  ],
  [
    { role: 'assistant', content: 'Холодно.' },
    { role: 'user', content: 'А завтра?' },
  ],
  [
    { role: 'assistant', content: [{ type: 'text', text: 'Тепло.' }] },
    { role: 'user', content: 'Спасибо' },
  ],
];

const openaiBody = (messages: readonly unknown[]) => ({
  temperature: 0.2,
  messages,
  tools: [{ type: 'function', function: { name: 'weather', description: 'Погода', parameters: SCHEMA } }],
  model: 'public-model',
  max_completion_tokens: 50,
  stream: true,
});
const anthropicBody = (messages: readonly unknown[]) => ({
  max_tokens: 50,
  messages,
  system: [{ type: 'text', text: 'Отвечай кратко.', cache_control: { type: 'ephemeral' } }],
  tools: [{ name: 'weather', description: 'Погода', input_schema: SCHEMA }],
  model: 'public-model',
  stream: true,
});

const CLIENTS: Readonly<Record<string, { readonly turns: Turns; read(messages: readonly unknown[]): ChatCall }>> = {
  openai: { turns: OPENAI_TURNS, read: (messages) => readChat(wire(openaiBody(messages))) },
  anthropic: {
    turns: ANTHROPIC_TURNS,
    read: (messages) => readMessagesCall(wire(anthropicBody(messages)), NO_HEAD),
  },
};

function wire(body: unknown) {
  return { text: JSON.stringify(body, null, 1), contentType: 'application/json' };
}

/** The conversation as it stands at each of its turns. */
function conversation(turns: Turns): unknown[][] {
  return turns.map((_, i) => turns.slice(0, i + 1).flat());
}

type Sent = { readonly tools: string; readonly system: string; readonly messages: string };

const TARGET: Omit<Target, 'upstreamModel'> = {
  providerName: 'vendor',
  baseUrl: 'https://vendor.example/v1',
  origin: 'https://vendor.example',
  apiKey: 'vendor-key',
  options: {},
  maxOutputTokens: 77,
  quirks: { maxTokensField: 'max_tokens', streamsAreStrict: true, unsupported: [] },
};

/** The two whose vendors cache by the beginning of what is sent. */
const VENDORS = PROVIDERS.flatMap((provider) => {
  if (provider.kind === 'local' || provider.chat === undefined) return [];
  return ['openai-compatible', 'anthropic'].includes(provider.name) ? [{ name: provider.name, ...provider.chat }] : [];
});

test('both vendors with a cache of prompts are looked at', () => {
  expect(VENDORS).toHaveLength(2);
});

describe('a turn begins with the bytes of the turn before', () => {
  for (const [client, { turns, read }] of Object.entries(CLIENTS))
    for (const provider of VENDORS)
      for (const rewritten of [false, true]) {
        const send = (messages: readonly unknown[]): Sent => {
          const { source, ...call } = read(messages);
          const asked = rewritten || source === undefined ? call : { ...call, source };
          const { body } = provider.buildRequest(asked, { ...TARGET, upstreamModel: 'claude-sonnet-4-5' });
          const sent = JSON.parse(body as string) as Record<string, unknown>;
          const text = (name: string) => JSON.stringify(sent[name]) ?? '';
          return { tools: text('tools'), system: text('system'), messages: text('messages').slice(0, -1) };
        };
        test(`from a client of ${client} to ${provider.name}${rewritten ? ', written anew' : ''}`, () => {
          const sent = conversation(turns).map(send);
          expect(sent[0]?.tools).toContain('weather');
          for (const [i, turn] of sent.entries()) {
            const before = sent[i - 1];
            if (before === undefined) continue;
            expect(turn.tools).toBe(before.tools);
            expect(turn.system).toBe(before.system);
            expect(turn.messages.length).toBeGreaterThan(before.messages.length);
            expect(turn.messages.slice(0, before.messages.length)).toBe(before.messages);
          }
        });
      }

  for (const provider of VENDORS)
    test(`and within the family of ${provider.name} all but the model's name is as it came`, () => {
      const { body, asked } =
        provider.family === 'openai-chat'
          ? { body: openaiBody, asked: CLIENTS['openai'] }
          : { body: anthropicBody, asked: CLIENTS['anthropic'] };
      const messages = conversation(asked?.turns ?? []).at(-1) ?? [];
      const call = asked?.read(messages) as ChatCall;
      const request = provider.buildRequest(call, { ...TARGET, upstreamModel: 'vendor-model' });
      const came = JSON.stringify(body(messages), null, 1);
      const upToTheModel = came.slice(0, came.indexOf('"public-model"'));
      expect(request.body).toStartWith(upToTheModel);
      expect(upToTheModel).toContain('Спасибо');
    });
});

test('a client’s marks of where a cache should end are kept where the call is written anew, by either family', () => {
  const anthropic = VENDORS.find(({ name }) => name === 'anthropic');
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const marked = [{ type: 'text', text: 'Отвечай кратко.', cache_control }];
  const fromOpenai = readChat(
    wire(
      openaiBody([
        { role: 'system', content: marked },
        { role: 'user', content: marked },
      ]),
    ),
  );
  const { source: _, ...fromAnthropic } = readMessagesCall(
    wire({ ...anthropicBody([{ role: 'user', content: marked }]), system: marked }),
    NO_HEAD,
  );
  for (const call of [fromOpenai, fromAnthropic]) {
    const request = anthropic?.buildRequest(call, { ...TARGET, upstreamModel: 'claude-sonnet-4-5' });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ system: marked, messages: [{ content: marked }] });
  }
  const strange = { ...marked[0], cache_control: { type: 'ephemeral', ttl: 'forever', more: 1 } };
  const call = readChat(wire(openaiBody([{ role: 'user', content: [strange] }])));
  const request = anthropic?.buildRequest(call, { ...TARGET, upstreamModel: 'claude-sonnet-4-5' });
  expect(JSON.parse(request?.body ?? '').messages[0].content[0].cache_control).toEqual({ type: 'ephemeral' });
});

describe('marks on everything that a client of Anthropic may mark', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const system = [
    { type: 'text', text: 'Отвечай кратко.', cache_control },
    { type: 'text', text: 'Сегодня вторник.' },
  ];
  const png = { type: 'base64', media_type: 'image/png', data: PICTURE };
  const body = {
    model: 'public-model',
    max_tokens: 50,
    system,
    tools: [
      { name: 'clock', input_schema: { type: 'object' } },
      { name: 'weather', input_schema: SCHEMA, cache_control },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Что тут?' },
          { type: 'image', source: png, cache_control },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {}, cache_control }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'Тепло.', cache_control }] },
    ],
  };
  const { source: _, ...rewritten } = readMessagesCall(wire(body), NO_HEAD);
  const sentBy = (name: string, upstreamModel: string, quirks: Partial<Target['quirks']> = {}) => {
    const provider = VENDORS.find((one) => one.name === name);
    const target = { ...TARGET, upstreamModel, quirks: { ...TARGET.quirks, ...quirks } };
    return JSON.parse(provider?.buildRequest(rewritten, target).body ?? '') as Record<string, never[]>;
  };

  test('are kept where Anthropic’s own request is written anew: tools, system blocks, pictures, calls and results', () => {
    const sent = sentBy('anthropic', 'claude-sonnet-4-5');
    expect(sent['system']).toEqual(system as never);
    expect(sent['tools']).toMatchObject([{ name: 'clock' }, { name: 'weather', cache_control }]);
    expect(sent['tools']?.[0]).not.toHaveProperty('cache_control');
    expect(sent['messages']).toMatchObject([
      { content: [{ type: 'text' }, { type: 'image', source: png, cache_control }] },
      { content: [{ type: 'tool_use', cache_control }] },
      { content: [{ type: 'tool_result', cache_control }] },
    ]);
  });

  test('cross to OpenRouter, which passes them on to Claude', () => {
    const openrouter = VENDOR_ROWS.find((row) => row.name === 'openrouter')?.quirks;
    const sent = sentBy('openai-compatible', 'anthropic/claude-sonnet-4.5', openrouter);
    expect(sent['tools']).toMatchObject([
      { function: { name: 'clock' } },
      { function: { name: 'weather' }, cache_control },
    ]);
    expect(sent['messages']).toMatchObject([
      {
        role: 'system',
        content: [{ type: 'text', text: 'Отвечай кратко.', cache_control }, { text: 'Сегодня вторник.' }],
      },
      { role: 'user', content: [{ type: 'text' }, { type: 'image_url', cache_control }] },
      { role: 'assistant' },
      { role: 'tool', content: [{ type: 'text', text: 'Тепло.', cache_control }] },
    ]);
  });

  test('go to no other vendor of OpenAI’s family, which would refuse them, and the system prompt is one text there', () => {
    const sent = sentBy('openai-compatible', 'gpt-4o');
    expect(JSON.stringify(sent)).not.toContain('cache');
    expect(sent['messages']?.[0]).toEqual({ role: 'system', content: 'Отвечай кратко.\n\nСегодня вторник.' } as never);
    expect(sent['messages']?.[3]).toEqual({ role: 'tool', tool_call_id: 'toolu_1', content: 'Тепло.' } as never);
  });

  test('come back from a client of OpenAI’s family to Anthropic: on tools and pictures too', () => {
    const call = readChat(
      wire({
        ...openaiBody([
          { role: 'system', content: [{ type: 'text', text: 'Отвечай кратко.', cache_control }] },
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` }, cache_control },
              { type: 'text', text: 'Что тут?' },
            ],
          },
        ]),
        tools: [{ type: 'function', function: { name: 'weather', parameters: SCHEMA }, cache_control }],
      }),
    );
    const provider = VENDORS.find(({ name }) => name === 'anthropic');
    const request = provider?.buildRequest(call, { ...TARGET, upstreamModel: 'claude-sonnet-4-5' });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      system: [{ type: 'text', text: 'Отвечай кратко.', cache_control }],
      tools: [{ name: 'weather', cache_control }],
      messages: [{ content: [{ type: 'image', source: png, cache_control }, { type: 'text' }] }],
    });
  });

  test('stay on their blocks where the text is cut, and a system prompt that is cut loses its end alone', () => {
    const { call } = truncateCall(rewritten, 30);
    const provider = VENDORS.find(({ name }) => name === 'anthropic');
    const sent = JSON.parse(
      provider?.buildRequest(call, { ...TARGET, upstreamModel: 'claude-sonnet-4-5' }).body ?? '',
    ) as Record<string, { cache_control?: unknown }[]>;
    expect(sent['system']?.[0]?.cache_control).toEqual(cache_control);
    expect(sent['tools']?.[1]?.cache_control).toEqual(cache_control);
    expect(sent['messages']?.length).toBeGreaterThan(0);
  });
});

test('text that is cut to a plan’s bound keeps the system prompt and the tools, which are what stays cached', () => {
  const { turns, read } = CLIENTS['openai'] as (typeof CLIENTS)[string];
  const whole = read(conversation(turns).at(-1) ?? []);
  const { call, charsCut } = truncateCall(whole, 345);
  expect(charsCut).toBeGreaterThan(0);
  expect(call.messages[0]).toEqual(whole.messages[0] as ChatCall['messages'][number]);
  expect(call.options.tools).toEqual(whole.options.tools as NonNullable<ChatCall['options']['tools']>);
  expect(call.messages.at(-1)).toEqual(whole.messages.at(-1) as ChatCall['messages'][number]);
});
