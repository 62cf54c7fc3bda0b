// What may come as a body: JSON whatever it is called, within bounds, and anything else is refused at once and in words.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { request } from 'node:http';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
let gateway: TestGateway;
let customer: Customer;

beforeAll(async () => {
  const short = { id: 'short', name: 'Short', maxInputChars: 100, prices: [{ requests: 2 }] };
  gateway = await TestGateway.start({
    config: { bounds: { bodyBytes: BODY_BYTES_MAX }, plans: [...TEST_PLANS, short] },
  });
  customer = await gateway.customer('requests', { requests: 1000 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const hello = { model: 'strict', messages: [{ role: 'user', content: 'Привет' }] };

/** A request with exactly these headers and body pieces; without a Content-Length the pieces go out as chunks. */
function raw(headers: Record<string, string>, pieces: readonly (string | Uint8Array)[], path = '/v1/chat/completions') {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const sent = request(`${gateway.url}${path}`, { method: 'POST', headers }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => (text += bytes));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
    });
    sent.on('error', reject);
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });
}

async function refusal(body: string, headers: Record<string, string> = {}) {
  const response = await gateway.chat(customer, body, { headers });
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(gateway.upstream.calls.length).toBe(0);
  return { status: response.status, code: error['code'], param: error['param'] };
}

describe('JSON is read', () => {
  const body = JSON.stringify(hello);
  const auth = () => ({ authorization: `Bearer ${customer.key}` });
  const length = { 'content-length': String(Buffer.byteLength(body)) };

  test.each([
    ['without a content type, as Python’s requests sends it', {}],
    ['with the form type, as curl -d sends it', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as text, as fetch sends a string', { 'content-type': 'text/plain;charset=UTF-8' }],
    ['with a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['with a type that nobody knows', { 'content-type': 'application/x-thing' }],
  ])('%s', async (_, headers) => {
    expect((await raw({ ...auth(), ...length, ...headers } as Record<string, string>, [body])).status).toBe(200);
  });

  test('in chunks without a length', async () => {
    expect((await raw(auth(), [body.slice(0, 20), body.slice(20)])).status).toBe(200);
    expect(gateway.upstream.calls[0]?.body['messages']).toEqual(hello.messages);
  });

  test('after a byte order mark and among white space', async () => {
    expect((await gateway.chat(customer, `\uFEFF \n${body}\r\n`)).status).toBe(200);
    expect(JSON.parse(gateway.upstream.calls[0]?.text ?? '')).toEqual({ ...hello, model: 'upstream-model' });
  });

  test('and forwarded byte for byte but for the model', async () => {
    const odd = `{ "messages":[{"role":"user","content":"\\u041f\\ud83e\\udd8a"}] ,\t"model" : "strict", "x":1.50e1 }`;
    await gateway.chat(customer, odd);
    expect(gateway.upstream.calls[0]?.text).toBe(odd.replace('"strict"', '"upstream-model"').trim());
  });
});

describe('400', () => {
  test.each([
    '[]',
    'null',
    '1',
    '"text"',
    'true',
    '',
    ' ',
    '{',
    '{"model":"strict"',
    'model=strict',
    '{"a":1}{',
    '{"a" 1}',
  ])('for the body %p', async (body) => {
    const { status, code } = await refusal(body);
    expect(status).toBe(400);
    expect(['invalid_body', 'invalid_json']).toContain(String(code));
  });

  test.each([
    ['{}', 'missing_field', 'model'],
    ['{"model":"strict"}', 'missing_field', 'messages'],
    ['{"model":"","messages":[]}', 'missing_field', 'model'],
    ['{"model":7,"messages":[]}', 'invalid_field', 'model'],
    ['{"model":"strict","messages":[]}', 'invalid_field', 'messages'],
    ['{"model":"strict","messages":{}}', 'invalid_field', 'messages'],
    ['{"model":"strict","messages":["hi"]}', 'invalid_field', 'messages[0]'],
    ['{"model":"strict","messages":[{"role":"robot","content":"x"}]}', 'invalid_field', 'messages[0].role'],
    ['{"model":"strict","messages":[{"role":"user"}]}', 'invalid_field', 'messages[0].content'],
    [
      '{"model":"strict","messages":[{"role":"user","content":[{"type":"text"}]}]}',
      'invalid_field',
      'messages[0].content[0].text',
    ],
  ])('for %s, naming the field', async (body, code, param) => {
    expect(await refusal(body)).toMatchObject({ status: 400, code, param });
  });

  const fields: readonly (readonly [field: Record<string, unknown>, code: string, param: string])[] = [
    [{ stream_options: { include_usage: true } }, 'invalid_field', 'stream_options'],
    [{ stream: 'yes' }, 'invalid_field', 'stream'],
    [{ n: 0 }, 'invalid_field', 'n'],
    [{ n: 129 }, 'invalid_field', 'n'],
    [{ n: 1.5 }, 'invalid_field', 'n'],
    [{ n: '2' }, 'invalid_field', 'n'],
    [{ max_tokens: -1 }, 'invalid_field', 'max_tokens'],
    [{ max_tokens: 1e300 }, 'invalid_field', 'max_tokens'],
    [{ top_p: 1.1 }, 'invalid_field', 'top_p'],
    [{ top_logprobs: 2 }, 'invalid_field', 'top_logprobs'],
    [{ tools: [{ type: 'function' }] }, 'invalid_field', 'tools[0].function'],
    [{ tool_choice: 'sometimes' }, 'invalid_field', 'tool_choice'],
    [{ response_format: { type: 'xml' } }, 'invalid_field', 'response_format'],
    [{ logit_bias: { a: 101 } }, 'invalid_field', 'logit_bias'],
    [{ stop: [1] }, 'invalid_field', 'stop'],
    [{ base_url: 'http://evil' }, 'unsupported_parameter', 'base_url'],
    [{ api_key: 'x' }, 'unsupported_parameter', 'api_key'],
    [{ provider: 'x' }, 'unsupported_parameter', 'provider'],
    [{ models: ['openai/o1-pro'] }, 'unsupported_parameter', 'models'],
    [{ plugins: [{ id: 'web' }] }, 'unsupported_parameter', 'plugins'],
    [{ extra_body: { google: {} } }, 'unsupported_parameter', 'extra_body'],
    [{ web_search_options: {} }, 'unsupported_parameter', 'web_search_options'],
    [{ search_parameters: { mode: 'on' } }, 'unsupported_parameter', 'search_parameters'],
    [{ service_tier: 'priority' }, 'unsupported_parameter', 'service_tier'],
    [{ tools: [{ type: 'web_search' }] }, 'unsupported_parameter', 'tools[0]'],
    [{ tools: [{ type: 'openrouter:web_search', function: { name: 'x' } }] }, 'unsupported_parameter', 'tools[0]'],
    [
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] },
      'unsupported_parameter',
      'messages[0].content[0].file.file_id',
    ],
  ];
  test.each(fields)('for %j', async (field, code, param) => {
    expect(await refusal(JSON.stringify({ ...hello, ...field }))).toMatchObject({ status: 400, code, param });
  });

  test('for a field that is given twice, however it is spelled', async () => {
    for (const body of [
      `{"model":"loose",${JSON.stringify(hello).slice(1)}`,
      `{"mod\\u0065l":"loose",${JSON.stringify(hello).slice(1)}`,
    ])
      expect(await refusal(body)).toMatchObject({ status: 400, code: 'invalid_field', param: 'model' });
  });

  test.each(['[', '{"a":', '"[{'])('for 2 MB of %p, in less than 100 ms of the processor', async (piece) => {
    const deep = `{"model":"strict","messages":${piece.repeat(2_000_000 / piece.length)}`;
    const before = process.threadCpuUsage();
    expect((await refusal(deep)).status).toBe(400);
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(100);
  });

  test('for __proto__ and its kind changes nothing in the gateway', async () => {
    const body = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(hello).slice(1)}`;
    expect((await gateway.chat(customer, body)).status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('other refusals', () => {
  test('415 for a compressed body', async () => {
    for (const coding of ['gzip', 'zstd', 'br'])
      expect(await refusal(JSON.stringify(hello), { 'content-encoding': coding })).toMatchObject({
        status: 415,
        code: 'unsupported_encoding',
      });
  });

  test('413 for a body that is too large, declared or not, in the dialect’s own shape', async () => {
    const piece = 'a'.repeat(1024 * 1024);
    const auth = { authorization: `Bearer ${customer.key}` };
    const declared = await raw({ ...auth, 'content-length': String(5 * piece.length) }, Array(5).fill(piece));
    const chunked = await raw(auth, Array(5).fill(piece));
    for (const { status, text, headers } of [declared, chunked]) {
      expect(status).toBe(413);
      expect(JSON.parse(text).error.code).toBe('body_too_large');
      expect(headers['access-control-allow-origin']).toBe('*');
    }
    expect(gateway.upstream.calls.length).toBe(0);
  });

  test('a body of just under the bound is read', async () => {
    const body = JSON.stringify({ ...hello, messages: [{ role: 'user', content: 'a'.repeat(BODY_BYTES_MAX - 500) }] });
    expect((await gateway.chat(customer, body)).status).toBe(200);
  });

  test('404 for an unknown model’s address, even where it is no proper escape', async () => {
    for (const name of ['nothing', '%zz', '%E0%A4%A', 'a%2Fb'])
      expect(
        (await fetch(`${gateway.url}/v1/models/${name}`, { headers: { authorization: `Bearer ${customer.key}` } }))
          .status,
      ).toBe(404);
  });

  test('405 for another method, 404 for another path, both with a request id', async () => {
    const wrongMethod = await fetch(`${gateway.url}/v1/chat/completions`);
    expect(wrongMethod.status).toBe(405);
    const wrongPath = await fetch(`${gateway.url}/v1/edits`, { method: 'POST', body: '{}' });
    expect(wrongPath.status).toBe(404);
    for (const response of [wrongMethod, wrongPath]) {
      expect(response.headers.get('x-request-id')).toBeTruthy();
      expect(((await response.json()) as { error: object }).error).toHaveProperty('code');
    }
  });
});

describe('text beyond the plan’s bound', () => {
  test('is cut, and the answer says by how much', async () => {
    const short = await gateway.customer('short', { requests: 10 });
    const messages = [{ role: 'user', content: `${'я'.repeat(100)}${'🦊'.repeat(25)}` }];
    for (const stream of [false, true]) {
      const response = await gateway.chat(short, { model: 'strict', messages, stream });
      expect(response.headers.get('x-tolmach-truncated')).toBe('25');
      expect(response.status).toBe(200);
      await response.text();
    }
    expect(gateway.upstream.calls.map((call) => call.body['messages'])).toEqual(
      Array(2).fill([{ role: 'user', content: 'я'.repeat(100) }]),
    );
  });

  test('is not got around by tools: those beyond ten bytes a character are refused, and nobody is asked', async () => {
    const short = await gateway.customer('short', { requests: 10 });
    const tool = (description: string) => [{ type: 'function', function: { name: 'look', description } }];
    const messages = [{ role: 'user', content: 'Hello' }];
    const refused = await gateway.chat(short, { model: 'strict', messages, tools: tool('x'.repeat(1000)) });
    expect(refused.status).toBe(413);
    expect(gateway.upstream.calls.length).toBe(0);
    expect((await gateway.chat(short, { model: 'strict', messages, tools: tool('x'.repeat(900)) })).status).toBe(200);
  });

  test('is not touched where it fits, and then nothing is said', async () => {
    const short = await gateway.customer('short', { requests: 10 });
    const response = await gateway.chat(short, {
      model: 'strict',
      messages: [{ role: 'user', content: '🦊'.repeat(100) }],
    });
    expect(response.headers.get('x-tolmach-truncated')).toBeNull();
    expect(gateway.upstream.calls[0]?.body['messages']).toEqual([{ role: 'user', content: '🦊'.repeat(100) }]);
  });
});
