// What every dialect promises, run over each member of src/dialects/index.ts. The dialects are pure, so that these tests
// need no server.
import { describe, expect, test } from 'bun:test';
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type { ErrorCode } from '../../src/core/errors.ts';
import { CallError, ERRORS } from '../../src/core/errors.ts';
import { priceFor } from '../../src/core/plan.ts';
import type { Dialect, Route } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { MODEL_PRESETS } from '../../src/presets/models.ts';
import { PLAN_PRESETS } from '../../src/presets/plans.ts';
import { SERVICES } from '../../src/presets/services.ts';
import type { WireBody } from '../../src/wire/rendering.ts';

const MODE_IDS = ['chat', 'article'];
const CONTEXT = { requestId: 'request-1', publicUrl: 'https://service.example' };
const SECRET = 'TypeError: sk-secret at 10.0.0.1';
const HEAD = { headers: new Headers(), rest: 'gpt-4', query: new URLSearchParams() };
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

const ROUTES = DIALECTS.flatMap((dialect) =>
  dialect.routes.map((route) => [`${dialect.name} ${route.method} ${route.path}`, dialect, route] as const),
);

/** Everything that a route reads out of a body before a key is known to be good. Answers whether it streams. */
async function readAll(route: Route, body: WireBody): Promise<boolean> {
  switch (route.action) {
    case 'call':
      return route.read(body, HEAD).stream;
    case 'image':
    case 'work':
      route.read(body, HEAD);
      return false;
    case 'model':
      if (route.method === 'POST') route.readName(body);
      return false;
    case 'moderate':
      route.readKey?.(body);
      route.read(body);
      return false;
    case 'tokenize':
      await route.answer(body);
      return false;
    case 'createTask':
      route.readKey(body);
      route.read(body, MODE_IDS, true);
      return false;
    case 'readTask':
      route.readKey(body);
      route.readTaskId(body);
      return false;
    case 'balance':
      route.readKey(body);
      return false;
    default:
      return false;
  }
}

/** Reads a body that may be anything; anything but a `CallError` is thrown on. */
async function readOrRefuse(route: Route, text: string, contentType: string): Promise<boolean | CallError> {
  try {
    return await readAll(route, { text, contentType });
  } catch (thrown) {
    if (thrown instanceof CallError) return thrown;
    throw thrown;
  }
}

describe('the dialects together', () => {
  test('have paths that do not collide, with those of their kind or under a prefix', () => {
    const all = ROUTES.map(([, , route]) => `${route.method} ${route.path}`);
    expect(all.filter((path, i) => all.indexOf(path) !== i)).toEqual([]);
    for (const prefix of all.filter((path) => path.endsWith('/')))
      expect(all.filter((path) => path !== prefix && path.startsWith(prefix))).toEqual([]);
  });

  test('have paths outside of the server’s own', () => {
    for (const [, , { path }] of ROUTES)
      expect(path).not.toMatch(/^\/(admin|files|livez|readyz|health|healthz|metrics)(\/|$)/);
  });

  test('are each part of a service or of all of them', () => {
    const served = new Set(Object.values(SERVICES).flatMap((service) => service.dialects));
    const left = DIALECTS.map(({ name }) => name).filter((name) => !served.has(name));
    // Dialects that no document is about are served where no preset is chosen.
    expect(left.filter((name) => !['anthropic', 'cohere', 'gemini', 'ollama', 'tolmach'].includes(name))).toEqual([]);
  });
});

describe.each(ROUTES)('%s', (_, dialect, route) => {
  test('has a price in a built-in plan, so that it can be served at all', () => {
    const kind = route.action === 'work' ? route.kind : route.action === 'image' ? 'image' : 'text';
    const models = MODEL_PRESETS.filter((model) => (model.kind ?? 'text') === kind).map(({ name }) => name);
    const plan = PLAN_PRESETS.find(({ id }) => id === 'prestige');
    const isPriced = models.some(
      (model) =>
        plan !== undefined && priceFor(plan, { dialect: dialect.name, endpoint: route.endpoint, model }) !== undefined,
    );
    expect(isPriced).toBe(true);
  });

  test('refuses garbage with errors of the catalogue alone', async () => {
    for (const text of garbage())
      for (const type of [JSON_TYPE, FORM_TYPE, 'text/plain', '', 'multipart/form-data'])
        await readOrRefuse(route, text, type);
  });

  test('refuses any JSON with errors of the catalogue alone', async () => {
    const names = [
      'model',
      'messages',
      'prompt',
      'input',
      'content',
      'mode',
      'key',
      'id',
      'q',
      'filters',
      'stop',
      'ar',
      'n',
      'request_id',
      'query',
      'documents',
      'text',
      'encoding_format',
      'contents',
      'generationConfig',
      'system_instruction',
      'requests',
      'options',
      'format',
      'images',
      'think',
    ];
    const field = fc.constantFrom(
      ...names,
      'input_text',
      'stream',
      'headers',
      'data',
      'tools',
      'tool_choice',
      'max_tokens',
      'system',
      'stop_sequences',
      'metadata',
      'output_config',
      'logit_bias',
      '__proto__',
    );
    const body = fc.dictionary(
      field,
      fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('gpt-4', 'sdxl', 'chat')),
    );
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        await readOrRefuse(route, JSON.stringify(value), JSON_TYPE);
      }),
      { numRuns: 150 },
    );
  });

  test('never reads a stream where it has none', async () => {
    if (route.action !== 'call' || route.stream !== undefined) return;
    for (const stream of [true, 'true', 1]) {
      const messages = [{ role: 'user', content: 'Привет' }];
      for (const model of ['gpt-4', 'claude-2-100k']) {
        const read = await readOrRefuse(
          route,
          JSON.stringify({ model, messages, prompt: 'Привет', stream }),
          JSON_TYPE,
        );
        if (!(read instanceof CallError)) expect(read).toBe(false);
      }
    }
  });

  test('renders every error of the catalogue as JSON, with a fit status, and never its detail', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const error = new CallError(code, { detail: SECRET, balance: 1, needed: 2, planName: 'Тариф', retryAfterS: 3 });
      const { status, body } = (route.error ?? dialect.error)(error, CONTEXT);
      expect(status).toBeWithin(400, 600);
      const text = JSON.stringify(body);
      expect(text).toStartWith('{');
      expect(text).not.toContain('secret');
      expect(text).not.toContain('undefined');
      expect(text).not.toContain('{publicUrl}');
      // A failure of ours is never told as one of the caller's, nor the other way round.
      if (ERRORS[code].status >= 500) expect(status).toBeGreaterThanOrEqual(500);
      else if (ERRORS[code].status !== 499) expect(status).toBeLessThan(500);
      if (code === 'rate_limit_exceeded') expect(status).toBe(429);
    }
  });

  test('tells errors in its own language', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const text = JSON.stringify((route.error ?? dialect.error)(new CallError(code), CONTEXT).body);
      expect(/[а-яё]/i.test(text)).toBe(dialect.language === 'ru');
    }
  });

  test('reads a key in the body from JSON and from forms, where it takes one', () => {
    if (!('readKey' in route) || route.readKey === undefined || route.action === 'moderate') return;
    const json = JSON.stringify({ key: ' k-1 ', id: 1 });
    for (const contentType of [JSON_TYPE, FORM_TYPE, 'text/plain', ''])
      expect(route.readKey({ text: json, contentType })).toBe('k-1');
    expect(route.readKey({ text: 'key=k%2D1&id=1', contentType: FORM_TYPE })).toBe('k-1');
    for (const text of ['{}', '{"key":null}', '{"key":" "}', '{"__proto__":{"key":"k-1"}}'])
      expect(route.readKey({ text, contentType: JSON_TYPE })).toBeUndefined();
  });
});

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect: Dialect) => {
  test('has a name of its own and routes with absolute paths', () => {
    expect(dialect.name).toMatch(/^[a-z]+$/);
    expect(dialect.routes.length).toBeGreaterThan(0);
    for (const { path, endpoint } of dialect.routes) {
      expect(path.replace('{name}', 'n')).toMatch(/^\/[\w./:-]+$/);
      expect(endpoint).not.toBe('');
    }
  });

  test('refuses a key in the address and two keys as bad requests', () => {
    for (const code of ['key_in_query', 'conflicting_keys'] as const)
      expect(dialect.error(new CallError(code), CONTEXT).status).toBe(400);
  });
});

function garbage(): string[] {
  const deep = 100_000;
  return [
    '',
    ' ',
    '\u0000',
    'null',
    'true',
    '5',
    '1e999',
    '"text"',
    '[]',
    '[{}]',
    '{',
    '{}',
    '{}{}',
    '{"a":1,}',
    '{"key":"a","key":"b"}',
    '{"\\ud800":"\\udfff"}',
    '{"__proto__":{"model":"gpt-4","key":"k"},"constructor":{"prototype":{}}}',
    '{"model":"__proto__","messages":[{"role":"__proto__","content":"a"}],"prompt":"a","mode":"__proto__","content":"a"}',
    '{"model":"gpt-4","messages":{"length":1,"0":{}},"prompt":{"trim":1}}',
    '{"id":1e400,"request_id":-0,"key":{}}',
    'a=1&a=2',
    '%',
    '%ff=%fe&key=%c3%28',
    '&&&===',
    '['.repeat(deep),
    '{"a":'.repeat(deep),
    `${'['.repeat(deep)}${']'.repeat(deep)}`,
    `{"content":"${'x'.repeat(2_000_000)}"}`,
    `{"messages":[${'null,'.repeat(200_000)}null]}`,
    `{"key":"${'\\u0000'.repeat(10_000)}"}`,
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0xc3, 0x28, 0x7d]).toString('utf8'),
  ];
}
