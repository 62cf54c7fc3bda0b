// The fakes of vendors that our providers are tested against, each driven once by a client that somebody else made: what
// the fake answers is then not only our own belief. Where a client is missing on this machine its test is skipped, and
// the name says what is missing.
import { afterAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { CHECKPOINT, FakeComfyUi } from '../../src/testing/vendors/comfyui.ts';
import { FakeAutomatic1111, FakeStability } from '../../src/testing/vendors/drawing.ts';
import type { FakeVendor } from '../../src/testing/vendors/fake-vendor.ts';
import { FakeFusionBrain } from '../../src/testing/vendors/fusionbrain.ts';
import { FakeGemini } from '../../src/testing/vendors/gemini.ts';
import { FakeGigaChat, GIGACHAT_USAGE } from '../../src/testing/vendors/gigachat.ts';
import { FakeYandex } from '../../src/testing/vendors/yandex.ts';
import { findVendorClients, type Toolchain } from './toolchains.ts';

const FOLDER = join(import.meta.dir, 'vendors');
const CREDENTIALS = btoa('client-id:client-secret');
const { python, node, stability } = findVendorClients();
const vendors: FakeVendor[] = [];

afterAll(async () => {
  await Promise.all(vendors.map((vendor) => vendor.stop()));
});

function started<V extends FakeVendor>(vendor: V): V {
  vendors.push(vendor);
  return vendor;
}

/** A test whose program prints one line of JSON. */
function drives(toolchain: Toolchain, file: string, args: () => string[], expected: unknown): void {
  if (toolchain.state === 'missing') {
    test.skip(`${file}: ${toolchain.what} is missing`, () => undefined);
    return;
  }
  const { program, folder, version } = toolchain;
  test(`${file} (${version})`, async () => {
    const run = Bun.spawn([program, join(FOLDER, file), ...args()], {
      env: { PATH: process.env['PATH'] ?? '', NODE_PATH: folder },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [stdout, stderr] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
    if ((await run.exited) !== 0) throw new Error(`${stdout}\n${stderr}`);
    expect(JSON.parse(stdout)).toEqual(expected);
  });
}

describe('a client that somebody else made understands the fake of', () => {
  drives(
    python,
    'gigachat_client.py',
    () => [started(new FakeGigaChat({ credentials: CREDENTIALS })).url, CREDENTIALS],
    {
      text: 'Привет из Сбера.',
      usage: GIGACHAT_USAGE,
      stream: 'Привет из Сбера.',
      call: ['function_call', 'weather', { city: 'Москва', days: 2 }],
      after: 'The tool says: {"t": 21}',
      drawn: 'Готово: <img src=',
      seen: 'The pictures are: image/png of 70 bytes',
      deleted: true,
      vectors: [
        [0, 3, 8],
        [1, 3, 1],
      ],
      models: 0,
    },
  );

  drives(python, 'fusionbrain_client.py', () => [started(new FakeFusionBrain('key', 'secret')).url, 'key', 'secret'], {
    status: 'DONE',
    files: 1,
    censored: false,
  });

  drives(
    python,
    'webui_client.py',
    () => [new URL(started(new FakeAutomatic1111('user:password')).url).port, 'user', 'password'],
    { size: [1, 1], seed: 1 },
  );

  drives(stability, 'stability_client.py', () => [started(new FakeStability('key')).url, 'key'], {
    // The beginning of a PNG.
    pictures: [
      ['SUCCESS', '89504e47'],
      ['SUCCESS', '89504e47'],
    ],
    failure: 'ApiKeyIsMissingOrInvalid',
  });

  drives(python, 'comfyui_client.py', () => [started(new FakeComfyUi()).url, CHECKPOINT], {
    queued: { running: 1, pending: 0 },
    status: 'completed',
    pictures: 2,
    kind: 'PNG',
    interrupted: 'error',
    refused: true,
  });

  drives(python, 'yandex_client.py', () => [started(new FakeYandex('key', 'b1gfolder')).url, 'key', 'b1gfolder'], {
    text: 'Hello there.',
    stream: 'Hello there.',
    pictures: 1,
    vector: 3,
  });

  drives(node, 'gemini-client.mjs', () => [started(new FakeGemini('key')).url, 'key'], {
    text: 'Hello there.',
    thoughts: 2,
    stream: 'Hello there.',
    call: [['weather', { city: 'Москва', days: 2 }]],
    after: 'The tool says: {"t":21}',
    vectors: [3, 3],
    failure: 400,
  });
});
