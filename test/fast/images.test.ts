// Pictures of an OpenAI-like provider: what it is asked, what is believed of its answer, what is charged in every
// outcome, and how the file is served.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageCall, Picture } from '../../src/core/call.ts';
import { CallError } from '../../src/core/errors.ts';
import type { FileShelf } from '../../src/files/file-shelf.ts';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { cutJson, endless, hang, json, PIXEL, pictures, resetAtOnce } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';
import { readPictures } from '../../src/wire/openai/read-pictures.ts';
import { writeImage } from '../../src/wire/openai/write-image.ts';

const PER_IMAGE = 3_000_000;
const GRANTED = 1_000_000_000;

let gateway: TestGateway;
let byRequests: Customer;
let byMoney: Customer;
let shelf: FileShelf;

beforeAll(async () => {
  const plans = [...TEST_PLANS, { id: 'images', name: 'Images', prices: [{ microRub: { perImage: PER_IMAGE } }] }];
  const config = { plans, bounds: { answerBytes: 300_000 }, files: { timeoutMs: 300 } };
  gateway = await TestGateway.start({ upstreams: 2, config });
  shelf = gateway.running.gateway.files;
});
beforeEach(async () => {
  for (const upstream of gateway.upstreams) upstream.clear();
  for (const route of gateway.running.gateway.models.find('picture')?.routes ?? []) route.coolUntilMs = 0;
  Object.assign(gateway.running.gateway, { files: shelf });
  byRequests = await gateway.customer('requests', { requests: 100 });
  byMoney = await gateway.customer('images', { rub: '1000' });
});
afterEach(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

const draw = (customer: Customer, fields: Readonly<Record<string, unknown>> = {}, init: RequestInit = {}) =>
  fetch(`${gateway.url}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}` },
    body: JSON.stringify({ model: 'picture', prompt: 'a cat', ...fields }),
    ...init,
  });
const attempts = () => gateway.upstreams.map((upstream) => upstream.calls.length);
const spentRequests = async () => 100 - (await gateway.balance(byRequests)).requests;
const spentMoney = async () => GRANTED - (await gateway.balance(byMoney)).microRub;
const addressesOf = async (response: Response): Promise<string[]> =>
  ((await response.json()) as { data: { url: string }[] }).data.map(({ url }) => gateway.url + new URL(url).pathname);
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;
/** Puts a shelf in the gateway that fails or waits. */
const useShelf = (keep: FileShelf['keep']) =>
  Object.assign(gateway.running.gateway, {
    files: { keep, find: () => Promise.reject(new Error('away')), sweep: () => Promise.resolve() },
  });
const refusal = (code: string) =>
  json({ error: { message: 'Your prompt is not allowed.', type: 'image_generation_user_error', code } }, 400);

describe('a charge', () => {
  test('is for each picture, whole or in money', async () => {
    const response = await draw(byMoney, { n: 3 });
    expect(response.headers.get('x-tolmach-charge')).toBe(String(3 * PER_IMAGE));
    expect(await addressesOf(response)).toHaveLength(3);
    await draw(byRequests, { n: 3 });
    expect([await spentMoney(), await spentRequests()]).toEqual([3 * PER_IMAGE, 6]);
  });

  test('is for the pictures that were made, where they are fewer than were asked for', async () => {
    gateway.upstream.queue(json(pictures(1)), json(pictures(1)));
    expect(await addressesOf(await draw(byMoney, { n: 4 }))).toHaveLength(1);
    await draw(byRequests, { n: 4 });
    expect([await spentMoney(), await spentRequests()]).toEqual([PER_IMAGE, 2]);
  });

  test('is never for more pictures than were asked for', async () => {
    gateway.upstream.queue(json(pictures(5)));
    expect(await addressesOf(await draw(byMoney))).toHaveLength(1);
    expect(await spentMoney()).toBe(PER_IMAGE);
  });

  test.each(['content_policy_violation', 'moderation_blocked', 'content_filter'])(
    'is none where the provider refuses the content (%s), and no other provider is asked',
    async (code) => {
      gateway.upstream.queue(refusal(code));
      const response = await draw(byMoney);
      expect([response.status, await codeOf(response)]).toEqual([400, 'content_refused']);
      expect([await spentMoney(), attempts()]).toEqual([0, [1, 0]]);
    },
  );

  const AMBIGUOUS: readonly (readonly [string, Script, number])[] = [
    ['500', json('', 500), 502],
    ['a reset', resetAtOnce, 502],
    ['silence', hang, 504],
    ['HTML', json('<html></html>'), 502],
    ['an answer without pictures', json({ created: 1, data: [] }), 502],
    ['an address instead of bytes', json({ data: [{ url: 'http://127.0.0.1:9/picture.png' }] }), 502],
    ['bytes that are no picture', json(pictures(1, Buffer.from('<svg onload="x"/>'))), 502],
    ['an answer that breaks off', cutJson(pictures(1), 60, 'reset'), 502],
    ['an endless answer', endless('application/json', ' '), 502],
  ];
  test.each(AMBIGUOUS)(
    'is none after %s, and a provider that may have drawn is not asked again',
    async (_, script, status) => {
      gateway.upstream.queue(script);
      expect((await draw(byMoney)).status).toBe(status);
      expect([await spentMoney(), attempts()]).toEqual([0, [1, 0]]);
    },
  );

  test.each([
    ['429', json('', 429)],
    ['503', json('', 503)],
    ['401', json('', 401)],
  ] as const)('is once after %s, which surely drew nothing: the other provider is asked', async (_, script) => {
    gateway.upstream.queue(script);
    const response = await draw(byMoney);
    expect(response.headers.get('x-tolmach-provider')).toBe('second');
    expect([await spentMoney(), attempts()]).toEqual([PER_IMAGE, [1, 1]]);
  });

  test('is none for a client that left before the picture was there, and the provider is stopped', async () => {
    gateway.upstream.queue(hang);
    const controller = new AbortController();
    const asked = draw(byMoney, {}, { signal: controller.signal });
    while (gateway.upstream.calls.length === 0) await Bun.sleep(5);
    controller.abort();
    expect(await asked.catch((error: Error) => error.name)).toBe('AbortError');
    while (gateway.upstream.calls[0]?.closedAtMs === undefined) await Bun.sleep(5);
    await gateway.auditAtRest();
    expect([await spentMoney(), attempts()]).toEqual([0, [1, 0]]);
    expect((await gateway.usage(byMoney))[0]).toMatchObject({ errorCode: 'client_closed', charge: 0 });
  });

  test('is none for a client that left while the picture was being kept', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<string>();
    useShelf(() => {
      started.resolve();
      return release.promise;
    });
    const controller = new AbortController();
    const asked = draw(byMoney, {}, { signal: controller.signal });
    await started.promise;
    controller.abort();
    expect(await asked.catch((error: Error) => error.name)).toBe('AbortError');
    await gateway.auditAtRest();
    release.resolve('https://example.org/files/late.png');
    expect(await spentMoney()).toBe(0);
  });

  test.each([
    ['cannot be kept', () => Promise.reject(Object.assign(new Error('secret path'), { code: 'ENOSPC' }))],
    ['is not kept in time', () => new Promise<string>(() => undefined)],
  ] as const)('is none where a picture %s', async (_, keep) => {
    useShelf(keep);
    const response = await draw(byMoney, { n: 2 });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await response.text()).not.toContain('secret');
    expect([await spentMoney(), attempts()]).toEqual([0, [1, 0]]);
  });

  test('is none where the second of two pictures cannot be kept', async () => {
    let kept = 0;
    useShelf((picture) => (++kept === 2 ? Promise.reject(new Error('full')) : shelf.keep(picture)));
    expect((await draw(byMoney, { n: 2 })).status).toBe(503);
    expect(await spentMoney()).toBe(0);
  });
});

describe('a kept picture', () => {
  let address: string;
  beforeEach(async () => {
    address = (await addressesOf(await draw(byMoney)))[0] ?? '';
  });

  test('is served without a key, with its type, and never sniffed', async () => {
    const response = await fetch(address);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(PIXEL.length),
      'cache-control': 'private, max-age=3600',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(PIXEL)).toBe(true);
  });

  test('answers HEAD as GET without the body', async () => {
    const response = await fetch(address, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(response.headers.get('content-length')).toBe(String(PIXEL.length));
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test.each(['POST', 'PUT', 'DELETE'])('refuses %s', async (method) => {
    const response = await fetch(address, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await fetch(address)).status).toBe(200);
  });

  test.each([
    '/files/',
    '/files/..%2fsecret',
    '/files/%2e%2e/secret',
    '/files/../secret',
    '/files//etc/passwd',
    '/files/tolmach.db',
    '/files/1800000000-0000000000000000000000000000000000000000.png',
  ])('is all that is served: %s is not found', async (path) => {
    expect((await fetch(gateway.url + path)).status).toBe(404);
  });

  test('is not listed anywhere, and its folder holds nothing else', async () => {
    const names = readdirSync(join(gateway.running.gateway.config.dataDir, 'files'));
    expect(names).toContain(address.split('/').at(-1) ?? '');
    expect(names.every((name) => /^\d{10}-[0-9a-f]{40}\.png$/.test(name))).toBe(true);
  });

  test('that cannot be read is 503 rather than gone', async () => {
    useShelf(() => Promise.reject(new Error('away')));
    const response = await fetch(address);
    expect([response.status, await codeOf(response)]).toEqual([503, 'temporarily_unavailable']);
  });
});

describe('the request to the provider', () => {
  const call: ImageCall = { endpoint: 'image', model: 'm', prompt: 'a cat', aspectRatio: '16:9', n: 1 };
  const written = (model: string, more: Partial<ImageCall> = {}) =>
    JSON.parse(writeImage({ ...call, ...more }, model)) as Record<string, unknown>;

  test.each(['gpt-image-1', 'gpt-image-1-mini', 'chatgpt-image-latest'])(
    'never names a response format to %s, which refuses the field',
    (model) => {
      expect(written(model)).toEqual({ model, prompt: 'a cat', n: 1, size: '1536x1024' });
    },
  );

  test.each([
    ['dall-e-3', '1792x1024'],
    ['dall-e-2', '1024x1024'],
    ['sd-xl', '1344x768'],
  ])('asks %s for bytes, in the nearest size that it has', (model, size) => {
    expect(written(model)).toMatchObject({ size, response_format: 'b64_json' });
  });

  test('carries a negative prompt where the model may know it, and refuses it where not', () => {
    expect(written('sd-xl', { negativePrompt: 'dogs' })).toMatchObject({ negative_prompt: 'dogs' });
    for (const model of ['gpt-image-1', 'chatgpt-image-latest', 'dall-e-3'])
      expect(() => written(model, { negativePrompt: 'dogs' })).toThrow(CallError);
  });
});

describe('the answer of the provider', () => {
  const read = (bytes: Uint8Array) => readPictures(JSON.stringify(pictures(1, bytes)));
  const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0x4a, 0x46, 0xff, 0xd9]);
  const WEBP = Buffer.from('RIFF\x0c\0\0\0WEBPVP8 ....', 'latin1');

  test.each([
    ['image/png', PIXEL],
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
  ] as const)('is known as %s by its bytes', (contentType, bytes) => {
    expect(read(bytes)).toEqual([{ bytes: new Uint8Array(bytes), contentType } satisfies Picture]);
  });

  test.each([
    ['PNG', PIXEL, 8],
    ['JPEG', JPEG, 1],
    ['WebP', WEBP, 2],
  ])('is refused where it breaks off: %s', (_, bytes, missing) => {
    expect(() => read(bytes.subarray(0, -missing))).toThrow(CallError);
    expect(read(Buffer.concat([bytes, Buffer.from('written behind it')]))).toHaveLength(1);
  });

  test.each([
    ['a sound in the same container as WebP', Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1')],
    ['a GIF', Buffer.from('GIF89a......')],
    ['a page', Buffer.from('<!doctype html>')],
    ['too short', Buffer.from([0x89])],
  ])('is refused where it is %s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(CallError);
  });

  test('may be a data address', () => {
    const base64 = `data:image/png;base64,${PIXEL.toString('base64')}`;
    expect(readPictures(JSON.stringify({ data: [{ b64_json: base64 }] }))[0]?.contentType).toBe('image/png');
  });

  test('that filtered every picture is a refusal of the content', () => {
    const answer = JSON.stringify({ data: [{ b64_json: null, finish_reason: 'content_filter' }] });
    expect(() => readPictures(answer)).toThrow(expect.objectContaining({ code: 'content_refused' }));
  });
});
