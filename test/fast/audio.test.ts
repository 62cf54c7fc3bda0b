// Speech and transcripts by the official SDK: forms with files, bytes as answers, prices by character and by second, and
// the demonstration, which says honestly that it neither speaks nor listens.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import OpenAI, { toFile } from 'openai';
import { secondsOf } from '../../src/core/audio.ts';
import { asWav, demoTone } from '../../src/core/demo-sound.ts';
import { CallError } from '../../src/core/errors.ts';
import { json, PIXEL, sound } from '../../src/testing/fault-scripts.ts';
import type { Customer } from '../../src/testing/test-gateway.ts';
import { TEST_PLANS, TestGateway } from '../../src/testing/test-gateway.ts';
import { readMultipart, writeMultipart } from '../../src/wire/multipart.ts';

const PER_SECOND = 10_000;
const PER_MCHAR = 2_000_000;

let gateway: TestGateway;
let customer: Customer;
let client: OpenAI;

beforeAll(async () => {
  const plans = [
    ...TEST_PLANS,
    { id: 'audio', name: 'Audio', prices: [{ microRub: { perSecond: PER_SECOND, perMChar: PER_MCHAR } }] },
  ];
  const of = (name: string, kind: string, provider: string) => ({
    name,
    kind,
    targets: [{ provider, model: 'upstream-model' }],
  });
  const models = [
    of('voice', 'speech', 'first'),
    of('listener', 'transcription', 'first'),
    of('picture', 'image', 'first'),
    of('vectors', 'embedding', 'first'),
    of('tone', 'speech', 'demo'),
    of('deaf', 'transcription', 'demo'),
  ];
  gateway = await TestGateway.start({ config: { plans, models } });
  customer = await gateway.customer('audio', { rub: '10' });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key, maxRetries: 0 });
});
afterEach(async () => {
  gateway.upstream.clear();
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
});
afterAll(() => gateway.stop());

async function paid(work: () => Promise<unknown>): Promise<number> {
  const before = (await gateway.balance(customer)).microRub;
  await work();
  return before - (await gateway.balance(customer)).microRub;
}

/** A second and a half of a tone. */
const WAV = asWav(demoTone('x'.repeat(23)));
const wav = () => toFile(WAV, 'голос "1".wav', { type: 'audio/wav' });

describe('POST /v1/audio/speech', () => {
  test('answers the vendor’s bytes and charges each character', async () => {
    const bytes = Buffer.from([0xff, 0xfb, 0x00, 0x80, 0xfe]);
    gateway.upstream.queue(sound(bytes));
    const charge = await paid(async () => {
      const answer = await client.audio.speech.create({
        model: 'voice',
        voice: 'alloy',
        input: 'Привет 👋',
        speed: 1.5,
      });
      expect(answer.headers.get('content-type')).toBe('audio/mpeg');
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    });
    expect(charge).toBe((8 * PER_MCHAR) / 1_000_000);
    expect(gateway.upstream.calls[0]?.path).toEndWith('/audio/speech');
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: 'upstream-model',
      input: 'Привет 👋',
      voice: 'alloy',
      response_format: 'mp3',
      speed: 1.5,
    });
  });

  test('never takes a failure that is told in JSON, or nothing, for sound', async () => {
    const charge = await paid(async () => {
      for (const script of [
        json({ error: { message: 'no', type: 'server_error' } }),
        json('hm'),
        sound(new Uint8Array()),
      ]) {
        gateway.upstream.queue(script, script);
        const error = await client.audio.speech
          .create({ model: 'voice', voice: 'a', input: 'a' })
          .catch((thrown) => thrown);
        expect(error).toBeInstanceOf(OpenAI.InternalServerError);
        gateway.upstream.clear();
      }
    });
    expect(charge).toBe(0);
  });

  test('refuses by name what cannot be said', async () => {
    for (const [param, fields] of Object.entries({
      input: { input: '' },
      voice: { voice: '' },
      response_format: { response_format: 'midi' },
      speed: { speed: 9 },
      stream_format: { stream_format: 'sse' },
      model: { model: 'vectors' },
    })) {
      const body = { model: 'voice', voice: 'alloy', input: 'a', ...fields };
      const error = await client.audio.speech.create(body as never).catch((thrown) => thrown);
      expect(error).toMatchObject({ param });
    }
    const long = client.audio.speech.create({ model: 'voice', voice: 'a', input: 'a'.repeat(4_097) });
    expect(await long.catch((thrown) => thrown)).toMatchObject({ status: 400, param: 'input' });
    expect(gateway.upstream.calls).toEqual([]);
  });

  test('is a tone where the demonstration answers, in the type that it names', async () => {
    for (const [format, type] of [
      ['mp3', 'audio/wav'],
      ['pcm', 'audio/pcm'],
    ] as const) {
      const answer = await client.audio.speech.create({
        model: 'tone',
        voice: 'a',
        input: 'Hi',
        response_format: format,
      });
      expect(answer.headers.get('content-type')).toBe(type);
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(20_000);
    }
  });
});

describe('POST /v1/audio/transcriptions and /v1/audio/translations', () => {
  test('send the file and fields on, answer the vendor’s words, and charge the seconds that it counted', async () => {
    gateway.upstream.queue(json({ text: 'Hello from upstream.', usage: { type: 'duration', seconds: 0.6 } }));
    const charge = await paid(async () => {
      const { text } = await client.audio.transcriptions.create({
        model: 'listener',
        file: await wav(),
        language: 'ru',
        prompt: 'имена',
        temperature: 0.2,
        response_format: 'verbose_json',
        timestamp_granularities: ['word', 'segment'],
      });
      expect(text).toBe('Hello from upstream.');
    });
    expect(charge).toBe(PER_SECOND);
    const [call] = gateway.upstream.calls;
    const { fields, files } = readMultipart(call?.bytes as Buffer, call?.headers.get('content-type') ?? '');
    expect(call?.path).toEndWith('/audio/transcriptions');
    expect(fields).toEqual([
      ['model', 'upstream-model'],
      ['response_format', 'verbose_json'],
      ['language', 'ru'],
      ['prompt', 'имена'],
      ['temperature', '0.2'],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
    ]);
    expect(files).toMatchObject([{ field: 'file', name: 'голос "1".wav', contentType: 'audio/wav' }]);
    expect(Buffer.from(files[0]?.bytes ?? []).equals(WAV)).toBe(true);
    await client.audio.translations.create({ model: 'listener', file: await wav() });
    expect(gateway.upstream.calls[1]?.path).toEndWith('/audio/translations');
  });

  test('answer text formats as text, and charge the seconds of the file where no vendor tells them', async () => {
    for (const format of ['text', 'srt', 'vtt'] as const) {
      gateway.upstream.queue(sound(Buffer.from('WEBVTT\n\nПривет'), 'text/plain'));
      const charge = await paid(async () => {
        const answer: unknown = await client.audio.transcriptions.create({
          model: 'listener',
          file: await wav(),
          response_format: format,
        });
        expect(answer).toBe('WEBVTT\n\nПривет');
      });
      expect(charge).toBe(2 * PER_SECOND);
    }
  });

  test('never charge more than the hold for a recording that a vendor finds longer', async () => {
    gateway.upstream.queue(json({ text: 'a', duration: 900 }));
    const charge = await paid(async () => client.audio.transcriptions.create({ model: 'listener', file: await wav() }));
    expect(charge).toBe(2 * PER_SECOND);
  });

  test('say in every format that nobody has listened, where the demonstration answers', async () => {
    for (const format of ['json', 'verbose_json', 'text', 'srt', 'vtt'] as const) {
      const answer: unknown = await client.audio.transcriptions.create({
        model: 'deaf',
        file: await wav(),
        response_format: format,
      });
      expect(JSON.stringify(answer)).toContain('nobody has listened');
    }
  });

  test('refuse by name a form without a file, a body that is no form, and what cannot be given', async () => {
    const key = { authorization: `Bearer ${customer.key}` };
    const notAForm = await gateway.ask('/v1/audio/transcriptions', { model: 'listener' }, key);
    expect([notAForm.status, notAForm.body['error']]).toMatchObject([400, { code: 'invalid_body' }]);
    for (const [param, fields] of Object.entries({
      response_format: { response_format: 'docx' },
      temperature: { temperature: 2 },
      stream: { stream: true },
      include: { include: ['logprobs'] },
      model: { model: 'voice' },
      timestamp_granularities: { timestamp_granularities: ['letter'] },
    })) {
      const body = { model: 'listener', file: await wav(), ...fields };
      const error = await client.audio.transcriptions.create(body as never).catch((thrown) => thrown);
      expect(error).toMatchObject({ param });
    }
    const empty = { model: 'listener', file: await toFile(Buffer.alloc(0), 'a.wav') };
    expect(await client.audio.transcriptions.create(empty).catch((thrown) => thrown)).toMatchObject({ param: 'file' });
    expect(gateway.upstream.calls).toEqual([]);
  });
});

describe('POST /v1/images/edits', () => {
  test('sends one picture or several with a mask, and answers as a drawing does', async () => {
    const owner = await gateway.customer('requests', { requests: 10 });
    const sdk = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: owner.key, maxRetries: 0 });
    const picture = () => toFile(PIXEL, 'a.png', { type: 'image/png' });
    const one = await sdk.images.edit({
      model: 'picture',
      prompt: 'a hat',
      image: await picture(),
      mask: await picture(),
      n: 1,
    });
    expect(one.data?.[0]?.url).toContain('/files/');
    const two = { model: 'picture', prompt: 'a hat', image: [await picture(), await picture()] };
    const inline = await sdk.images.edit({ ...two, response_format: 'b64_json' });
    expect(inline.data?.[0]?.b64_json).toBe(PIXEL.toString('base64'));
    expect(await gateway.balance(owner)).toMatchObject({ requests: 6 });
    const sent = gateway.upstream.calls.map(({ bytes, headers }) =>
      readMultipart(bytes, headers.get('content-type') ?? ''),
    );
    expect(sent.map(({ files }) => files.map(({ field }) => field))).toEqual([
      ['image', 'mask'],
      ['image[]', 'image[]'],
    ]);
    expect(sent[0]?.fields).toContainEqual(['prompt', 'a hat']);
    const text = { model: 'picture', prompt: 'a', image: await toFile(Buffer.from('text'), 'a.png') };
    expect(await sdk.images.edit(text).catch((thrown) => thrown)).toMatchObject({ status: 400, param: 'image' });
  });
});

describe('forms of many parts', () => {
  test('are read as they were written, whatever is in them', () => {
    const file = fc.record({
      field: fc.constantFrom('file', 'image[]'),
      name: fc.string({ unit: 'grapheme' }).map((name) => name.replace(/["\\\r\n%]/g, '_')),
      contentType: fc.constantFrom('audio/wav', 'image/png'),
      bytes: fc.uint8Array({ maxLength: 200 }),
    });
    const field = fc.tuple(fc.constantFrom('model', 'prompt'), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 5 }), fc.array(file, { maxLength: 3 }), (fields, files) => {
        const { bytes, contentType } = writeMultipart(fields, files);
        const read = readMultipart(Buffer.from(bytes), contentType);
        expect(read.fields).toEqual(fields);
        expect(read.files.map((one) => ({ ...one, bytes: [...one.bytes] }))).toEqual(
          files.map((one) => ({ ...one, bytes: [...one.bytes] })),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('are refused where they are cut, endless or no forms', () => {
    const { bytes, contentType } = writeMultipart([['a', 'b']], []);
    const whole = Buffer.from(bytes);
    for (let end = 0; end < whole.length - 4; end++)
      expect(() => readMultipart(whole.subarray(0, end), contentType)).toThrow(CallError);
    expect(() => readMultipart(whole, 'multipart/form-data')).toThrow(CallError);
    const many = writeMultipart(
      Array.from({ length: 201 }, () => ['a', 'b'] as const),
      [],
    );
    expect(() => readMultipart(Buffer.from(many.bytes), many.contentType)).toThrow(/parts/);
  });

  test('keep a file’s name from beginning a part of its own', () => {
    const name = 'a"\r\n\r\n------tolmach-form-part';
    const { bytes, contentType } = writeMultipart(
      [],
      [{ field: 'file', name, contentType: 'audio/wav', bytes: PIXEL }],
    );
    expect(readMultipart(Buffer.from(bytes), contentType).files).toHaveLength(1);
  });
});

describe('how long a recording is', () => {
  test('is told exactly of WAV, and within bounds of everything else', () => {
    expect(secondsOf(WAV)).toEqual({ atMost: 2, about: 2 });
    expect(secondsOf(new Uint8Array(1))).toEqual({ atMost: 1, about: 1 });
    expect(secondsOf(new Uint8Array(160_000))).toEqual({ atMost: 80, about: 10 });
    const lying = Buffer.from(WAV);
    lying.writeUInt32LE(0xffffffff, 28);
    expect(secondsOf(lying)).toEqual({ atMost: 2, about: 2 });
  });
});

test('what was said and heard stands in the usage records and in the operator’s sums, in characters and seconds', async () => {
  const speaker = await gateway.customer('audio', { rub: '10' });
  const { audio } = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: speaker.key, maxRetries: 0 });
  gateway.upstream.queue(sound(Buffer.from([0xff])), json({ text: 'a', usage: { type: 'duration', seconds: 2.5 } }));
  await audio.speech.create({ model: 'voice', voice: 'alloy', input: 'Привет 👋' });
  await audio.transcriptions.create({ model: 'listener', file: await wav() });
  await gateway.auditAtRest();
  const [heard, said] = await gateway.usage(speaker);
  expect(said).toMatchObject({ endpoint: 'speech', usage: { characters: 8 } });
  expect(said?.usage).not.toHaveProperty('audioSeconds');
  expect(heard).toMatchObject({ endpoint: 'transcription', usage: { audioSeconds: 3 } });
  expect(heard?.usage).not.toHaveProperty('characters');
  for (const report of ['margin', 'drift'])
    expect(await gateway.admin<unknown>('GET', `${report}?account=${speaker.accountId}`)).toMatchObject({
      rows: [{ calls: 2, characters: 8, audioSeconds: 3, images: 0 }],
    });
});
