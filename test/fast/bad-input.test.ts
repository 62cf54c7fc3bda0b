// Every parser of what comes from outside, given damaged input, with no network: it answers or refuses in its own
// terms, agrees with another reader of the same format, and is quick. Cases follow from a seed and a number alone;
// `CASES` makes more of them.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, toPlan } from '../../src/config.ts';
import { planSchema } from '../../src/config-plan-schema.ts';
import type { ChatCall } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import { parseObject, spliceFields } from '../../src/core/json-guard.ts';
import { formatKey, isWellFormedKey } from '../../src/core/key-format.ts';
import { Meter } from '../../src/core/meter.ts';
import { SseReader } from '../../src/core/sse.ts';
import { clientAddress } from '../../src/http/client-address.ts';
import { readBody } from '../../src/http/request.ts';
import { TranslatedStream } from '../../src/pipeline/translated-stream.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openaiCompatible } from '../../src/providers/openai-compatible.ts';
import type { ChatProtocol } from '../../src/providers/provider.ts';
import { message, messageFrames } from '../../src/testing/anthropic-fault-shapes.ts';
import { chunk, completion, frame, pictures, streamFrames } from '../../src/testing/fault-scripts.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { configFor, TEST_PLANS } from '../../src/testing/test-gateway.ts';
import { ResponseParser } from '../../src/upstream/http-client/response-parser.ts';
import { isPublicAddress } from '../../src/upstream/public-address.ts';
import { openWebhookDoor } from '../../src/upstream/webhook-door.ts';
import { renderMessageStream } from '../../src/wire/anthropic/render-stream.ts';
import { readFlatBody } from '../../src/wire/flat-body.ts';
import { readPictures } from '../../src/wire/openai/read-pictures.ts';
import { renderChatStream } from '../../src/wire/openai/render-chat.ts';
import { mutateBytes, splitAtRandom } from '../fuzz/mutate-bytes.ts';
import { mutateJson, strangeValue } from '../fuzz/mutate-json.ts';
import { STRANGE_TEXTS, stringifyWithRaw } from '../fuzz/strange-values.ts';

const CASES = Number(process.env['CASES'] ?? 600);
const SEED = Number(process.env['SEED'] ?? 4);
/** No input of these sizes may take longer. It is the processor's time, since the machine may be busy. */
const PARSE_MS_MAX = 100;
const EVENT_CHARS_MAX = 1024 * 1024;
const openaiChat = openaiCompatible.chat as Required<ChatProtocol>;
const anthropicChat = anthropic.chat as Required<ChatProtocol>;

const STREAMED: ChatCall = {
  endpoint: 'chat',
  model: 'm',
  messages: [],
  options: {},
  stream: true,
  includeUsage: true,
  extra: {},
};
const CHAT = {
  model: 'strict',
  stream: true,
  messages: [{ role: 'user', content: 'Привет "мир" \\ 🦊' }],
  stop: ['a'],
  metadata: { a: { b: [1, 2.5, null, true] } },
};

/** Runs a check over many cases; what fails tells its seed and number. */
async function over(cases: number, check: (random: SeededRandom) => unknown): Promise<void> {
  for (let number = 0; number < cases; number++) {
    try {
      await check(new SeededRandom(Math.imul(SEED, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)));
    } catch (error) {
      throw new Error(`SEED=${SEED}, case ${number}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

/** What an act gives, if it is quick about it. */
function quickly<T>(act: () => T): T {
  const before = process.threadCpuUsage();
  try {
    return act();
  } finally {
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(PARSE_MS_MAX);
  }
}

/** What an act gives, or the code of its refusal. Anything but a refusal is thrown on. */
function refusalOr<T>(act: () => T): T | string {
  try {
    return quickly(act);
  } catch (thrown) {
    if (thrown instanceof CallError) return thrown.code;
    throw thrown;
  }
}

afterAll(() => {
  // Whatever was parsed above, nothing reached what all objects share.
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
  expect(Object.getOwnPropertyNames(Array.prototype)).not.toContain('0');
});

describe('JSON', () => {
  const parsed = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  };

  test('is accepted only as the object that JSON.parse reads, and each field stands where its span says', () =>
    over(CASES * 3, (random) => {
      const changed = mutateJson(random, CHAT, [TEST_PLANS]);
      const text = random.next() < 0.3 ? mutateBytes(random, Buffer.from(changed)).toString() : changed;
      const read = refusalOr(() => parseObject(text));
      if (typeof read === 'string') return;
      expect(read.value).toEqual(parsed(text) as Record<string, unknown>);
      expect(Object.getPrototypeOf(read.value)).toBe(Object.prototype);
      expect([...read.spans.fields.keys()].sort()).toEqual(Object.keys(read.value).sort());
      for (const [name, { start, end }] of read.spans.fields)
        expect(JSON.parse(text.slice(start, end))).toEqual(Object.getOwnPropertyDescriptor(read.value, name)?.value);
      const spliced = JSON.parse(spliceFields(text, read.spans, { model: '"other"' }));
      expect(spliced).toEqual({ ...read.value, model: 'other' });
    }));

  test('that is sound, an object, shallow and names no field twice is accepted', () =>
    over(CASES, (random) => {
      const text = JSON.stringify(parsed(stringifyWithRaw({ ...CHAT, x: strangeValue(random) })) ?? CHAT);
      if (text.includes('[[[[[[[[[[[') || /(\{"a":){10}/.test(text)) return;
      expect(JSON.stringify(parseObject(text).value)).toBe(text);
    }));
});

describe('server-sent events', () => {
  const STREAM = Buffer.from(
    [': hi\n\n', ...streamFrames('Привет, мир 🦊'), 'event: a\r\ndata: b\rdata\n\n', frame(chunk({}))].join(''),
  );

  test('are the same however the bytes are split', () =>
    over(CASES, (random) => {
      const bytes = mutateBytes(random, STREAM);
      const whole = new SseReader(EVENT_CHARS_MAX).push(bytes);
      const reader = new SseReader(EVENT_CHARS_MAX);
      expect(splitAtRandom(random, bytes).flatMap((piece) => reader.push(piece))).toEqual(whole);
    }));

  const FAMILIES = {
    OpenAI: {
      chat: openaiChat,
      render: renderChatStream,
      frames: streamFrames('one two three'),
      event: chunk({ content: 'x' }),
    },
    Anthropic: {
      chat: anthropicChat,
      render: renderMessageStream,
      frames: messageFrames('one two three'),
      event: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } },
    },
  };

  test.each([
    ['OpenAI', 'relayed'],
    ['OpenAI', 'translated'],
    ['Anthropic', 'relayed'],
    ['Anthropic', 'translated'],
  ] as const)("of %s's family, %s: damage is a fault and never an exception or absurd usage", (family, kind) => {
    const { chat, render, frames, event } = FAMILIES[family];
    const call: ChatCall = { ...STREAMED, family: chat.family };
    return over(CASES, (random) => {
      const mutated = () => `event: content_block_delta\n${frame(mutateJson(random, event, [CHAT]))}`;
      const text = frames.map((one) => (random.next() < 0.8 ? one : mutated())).join('');
      const bytes = random.next() < 0.5 ? Buffer.from(text) : mutateBytes(random, Buffer.from(text));
      const meter = new Meter(100, () => 'hi');
      const renderer = render(call, { callId: 'id', createdAtS: 0, model: 'm' });
      const stream =
        kind === 'relayed'
          ? chat.openRelay({ callId: 'call-1', call, meter }, EVENT_CHARS_MAX)
          : new TranslatedStream(chat.openEvents(EVENT_CHARS_MAX), renderer, meter);
      for (const piece of splitAtRandom(random, bytes)) {
        if (stream.isComplete || stream.fault !== undefined) break;
        quickly(() => stream.push(piece));
      }
      expectPlausible(meter);
    });
  });
});

describe('answers of a provider', () => {
  const read = {
    'a completion': (text: string, meter: Meter) => openaiChat.readAnswer(text, meter),
    'a message': (text: string, meter: Meter) => anthropicChat.readAnswer(text, meter),
    "an error of Anthropic's": (text: string) => anthropic.faultOfStatus(400, new Headers(), text).text('en'),
    pictures: (text: string) => readPictures(text),
    'a moderation': (text: string) => openaiCompatible.moderations?.readModeration(text, 1),
    'an error': (text: string) => openaiCompatible.faultOfStatus(400, new Headers(), text).text('en'),
  };

  test.each(Object.entries(read))('%s: is read or refused, and its usage is never absurd', (_, act) =>
    over(CASES, (random) => {
      const value = random.pick([
        completion('Hello'),
        message('Hello'),
        pictures(1),
        { error: { message: 'm', code: 'c' } },
      ]);
      const text = mutateJson(random, value, [CHAT]);
      const meter = new Meter(100, () => 'hi');
      refusalOr(() => act(random.next() < 0.8 ? text : mutateBytes(random, Buffer.from(text)).toString(), meter));
      expectPlausible(meter);
    }),
  );

  test.each([
    ['context_length_exceeded', 'context_length_exceeded'],
    ['InvalidParameter', 'InvalidParameter'],
    [1301, '1301'],
    ['sk-abc123def456', 'the_type'],
    ['Why is the sky blue?', 'the_type'],
    ['x'.repeat(51), 'the_type'],
  ])('an error code %p goes to the log as %p: never what could be a key or a prompt', (code, logged) => {
    const text = JSON.stringify({ error: { message: 'm', type: 'the_type', code } });
    const { detail } = openaiCompatible.faultOfStatus(400, new Headers(), text).details;
    expect(detail).toBe(`provider answered 400 ${logged}`);
  });

  const WHOLE = [
    'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello',
    'HTTP/1.1 204 No Content\r\nx: \xe9\r\n\r\n',
  ].map((text) => Buffer.from(text, 'latin1'));

  test('as HTTP are the same however their bytes are split', () =>
    over(CASES, (random) => {
      const bytes = mutateBytes(random, random.pick(WHOLE));
      expect(parse(splitAtRandom(random, bytes))).toEqual(parse([bytes]));
    }));

  function parse(pieces: readonly Uint8Array[]) {
    const body: Uint8Array[] = [];
    let status = 0;
    const parser = new ResponseParser(
      {
        onHead(head) {
          status = head.status;
        },
        onBody: (one) => void body.push(one),
      },
      false,
    );
    const code = refusalOr(() => {
      for (const piece of pieces) if (piece.length > 0 && parser.push(Buffer.from(piece))) return 'surplus';
      return 'read';
    });
    // What came before a refusal depends on the pieces; nobody is given it.
    return {
      code,
      status,
      body: code === 'read' ? Buffer.concat(body).toString('latin1') : '',
      isComplete: parser.isComplete,
    };
  }
});

function expectPlausible(meter: Meter): void {
  const { source: _, ...counts } = meter.usage();
  for (const count of Object.values(counts)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
}

test('keys: one that is changed anywhere is not taken for a key', () =>
  over(CASES, (random) => {
    const key = formatKey(Uint8Array.from({ length: 20 }, () => random.whole(0, 255)));
    expect(isWellFormedKey(key)).toBe(true);
    const changed =
      random.next() < 0.7 ? mutateBytes(random, Buffer.from(key)).toString('latin1') : key + random.pick(STRANGE_TEXTS);
    expect(isWellFormedKey(changed)).toBe(changed === key);
  }));

describe('bodies', () => {
  const PART = '--b\r\nContent-Disposition: form-data; name="content"\r\n\r\nТекст\r\n';
  const FORM = Buffer.from(
    `${PART}--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n`,
  );
  const TYPES = [
    '; boundary=b',
    '',
    '; boundary=',
    '; boundary="b"',
    '; boundary=b; boundary=c',
    `; boundary=${'b'.repeat(9_000)}`,
  ];

  test('of many parts are read as a plain form or refused', () =>
    over(CASES, async (random) => {
      const body = new Uint8Array(random.next() < 0.1 ? FORM : mutateBytes(random, FORM));
      const headers = {
        'content-type': `multipart/form-data${random.next() < 0.8 ? '; boundary=b' : random.pick(TYPES)}`,
      };
      const request = new Request('http://x/', { method: 'POST', body, headers });
      const read = await readBody(request, { maxBytes: 1_000_000 }).catch((error: unknown) => error);
      if (read instanceof CallError) expect(['invalid_body', 'body_too_large']).toContain(read.code);
      else expect(read).toMatchObject({ contentType: 'application/x-www-form-urlencoded' });
    }));

  test('are read up to the bound and not a byte further', () =>
    over(100, async (random) => {
      const size = random.whole(0, 2_000);
      const request = new Request('http://x/', { method: 'POST', body: new Uint8Array(size) });
      const read = await readBody(request, { maxBytes: 1_000 }).catch((error: CallError) => error.code);
      expect(typeof read === 'string' ? read : read.text.length).toBe(size > 1_000 ? 'body_too_large' : size);
    }));
});

describe('large bodies that are cheap to send and dear to read', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',');

  test.each([
    ['names', `{"model":"m","x":{${names(900_000)}}}`],
    ['fields of its own', `{${names(20_000)}}`],
    ['items', `{"model":"m","x":[${'0,'.repeat(900_000)}0]}`],
    ['colons', `{${':'.repeat(10_000_000)}}`],
    ['depth', `{"model":"m","x":${'['.repeat(5_000_000)}`],
  ])('JSON of many %s is refused before it is parsed', (_, text) => {
    expect(refusalOr(() => parseObject(text))).toMatch(/^body_too_(large|deep)$/);
  });

  test.each([
    ['fields', Array.from({ length: 400_000 }, (_, i) => `k${i}=1`).join('&')],
    ['escapes', `content=${'%D0%B0'.repeat(2_000_000)}`],
  ])('a form of many %s is refused before it is parsed', (_, text) => {
    const body = { text, contentType: 'application/x-www-form-urlencoded' };
    expect(refusalOr(() => readFlatBody(body))).toBe('body_too_large');
  });

  test('a form of many parts is refused before it is parsed', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const body = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'.repeat(100_000);
    const read = readBody(new Request('http://x/', { method: 'POST', body, headers }), { maxBytes: 32 * 1024 * 1024 });
    expect(await read.catch((error: CallError) => error.code)).toBe('body_too_large');
  });

  test('a chat of ten thousand messages with calls of tools is none of them', () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
    const messages = Array(10_000).fill({ role: 'assistant', content: 'x', name: 'n', tool_calls: [call] });
    expect(typeof refusalOr(() => parseObject(JSON.stringify({ model: 'm', messages })))).toBe('object');
  });
});

describe('addresses that customers choose', () => {
  /** Written down once more, and looked up by the runtime: an independent opinion. */
  const INNER_4 = [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '224.0.0.0/3'],
    ...['192.168.0.0/16', '192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ];
  const INNER_6 = ['::/3', '4000::/2', '8000::/1', '2001:db8::/32', '2002::/16', '2001::/32'];
  // Apart, for a list that has both takes IPv4 for its mapped IPv6 form.
  const inner = { ipv4: listOf(INNER_4, 'ipv4'), ipv6: listOf(INNER_6, 'ipv6') };
  const isInner = (address: string) => {
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    return inner[family].check(address, family);
  };

  function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
    const list = new BlockList();
    for (const [network = '', bits] of networks.map((text) => text.split('/')))
      list.addSubnet(network, Number(bits), family);
    return list;
  }

  /** Near the edges of networks, where mistakes are. */
  const four = (random: SeededRandom) =>
    [random.pick([0, 1, 9, 10, 11, 100, 126, 127, 128, 169, 172, 192, 198, 203, 223, 224, 255, 8]), 0, 0, 0]
      .map((part, i) =>
        i === 0 ? part : random.pick([0, 1, 2, 15, 16, 18, 31, 32, 51, 63, 64, 100, 113, 127, 128, 168, 254, 255]),
      )
      .join('.');
  const six = (random: SeededRandom) => {
    const groups = Array.from({ length: random.whole(1, 7) }, () =>
      random.pick(['0', '1', '2001', 'db8', '2002', 'fe80', 'ffff', '64', 'ff9b', '3fff', '2a00']),
    );
    const text = `${groups.join(':')}::`;
    return random.next() < 0.3 ? `${groups.slice(0, 5).join(':')}::${four(random)}` : text;
  };

  test('that another list of inner networks has are not public, however they are spelled', () =>
    over(CASES * 3, (random) => {
      const address = random.next() < 0.5 ? four(random) : six(random);
      if (isPublicAddress(address)) expect([address, isInner(address)]).toEqual([address, false]);
      const damaged = mutateBytes(random, Buffer.from(address)).toString('latin1');
      if (isPublicAddress(damaged)) expect([damaged, isIP(damaged)]).not.toEqual([damaged, 0]);
    }));

  test('are accepted as webhooks only by https, without another port or credentials, and not as inner literals', () => {
    const door = openWebhookDoor({ allowHosts: [], secretOf: () => '' });
    const START = [
      'https://hooks.example/a?b=c',
      'http://x/',
      'https://[::ffff:10.0.0.1]/',
      'https://0x7f.1/',
      'https://a:b@c/',
    ];
    return over(CASES * 3, (random) => {
      const start = random.next() < 0.4 ? `https://${four(random)}/` : random.pick(START);
      const text = random.next() < 0.3 ? start : mutateBytes(random, Buffer.from(start)).toString('utf8');
      if (door.problemOf(text) !== undefined) return;
      const { protocol, port, username, password, hostname } = new URL(text);
      expect({ protocol, port, username, password }).toEqual({
        protocol: 'https:',
        port: '',
        username: '',
        password: '',
      });
      const literal = hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0) expect([text, isInner(literal)]).toEqual([text, false]);
    });
  });

  test('in X-Forwarded-For make a client no other than an address', () =>
    over(CASES, (random) => {
      const header = mutateBytes(random, Buffer.from(`${four(random)}, ${six(random)}`)).toString('latin1');
      expect(clientAddress('9.9.9.9', header, 0)).toBe('9.9.9.9');
      expect(clientAddress('9.9.9.9', header, 1)).toMatch(/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]{1,40}\/64)$/);
    }));
});

describe('configuration', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tolmach-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const FILE = {
    ...configFor([], {}),
    webhooks: { allowHosts: ['a.example'] },
    publicKey: 'public-key',
    timeZone: 'Asia/Omsk',
  };
  const YAML = Buffer.from(
    'publicUrl: https://a.example\nproviders:\n  - &p\n    name: a\n    vendor: openai\n    apiKey: ${KEY:-x}\nplans:\n  - {id: a, name: "б", prices: [{requests: 2}]}\nbounds: {bodyBytes: 4096}\n',
  );

  test('is loaded, or refused with every problem named', () =>
    over(Math.ceil(CASES / 3), (random) => {
      const path = join(folder, 'config.yaml');
      writeFileSync(path, random.next() < 0.6 ? mutateJson(random, FILE, [CHAT]) : mutateBytes(random, YAML));
      try {
        loadConfig({ CONFIG: path });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as ConfigError).problems.every((problem) => problem.length > 0)).toBe(true);
      }
    }));

  test('of prices holds only whole amounts that are not negative', () =>
    over(CASES, (random) => {
      let given: unknown;
      try {
        given = JSON.parse(mutateJson(random, random.pick(TEST_PLANS), [{ requests: -1 }, { perCall: 1e308 }]));
      } catch {
        return;
      }
      const read = planSchema.safeParse(given);
      if (!read.success) return;
      for (const { price } of toPlan(read.data, 1).prices)
        for (const amount of Object.values(price))
          expect(typeof amount === 'string' || (Number.isSafeInteger(amount) && amount >= 0)).toBe(true);
    }));
});
