// The vendors that draw, behind the running gateway: what a customer gets who asks by the documents' own routes, and
// what becomes of a picture whose way is disturbed after its start.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';
import { FakeComfyUi } from '../../src/testing/vendors/comfyui.ts';
import { FakeAutomatic1111, FakeStability } from '../../src/testing/vendors/drawing.ts';
import { FakeFusionBrain } from '../../src/testing/vendors/fusionbrain.ts';

const fusionbrain = new FakeFusionBrain('fb-key', 'fb-secret');
const stability = new FakeStability('st-key');
const webui = new FakeAutomatic1111('user:password');
const comfy = new FakeComfyUi();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start({
    env: {
      FUSIONBRAIN_API_KEY: 'fb-key',
      FUSIONBRAIN_SECRET_KEY: 'fb-secret',
      FUSIONBRAIN_BASE_URL: fusionbrain.url,
      STABILITY_API_KEY: 'st-key',
      STABILITY_BASE_URL: stability.url,
    },
    config: {
      providers: [
        { name: 'own', vendor: 'automatic1111', baseUrl: webui.url, apiKey: 'user:password' },
        { name: 'graph', vendor: 'comfyui', baseUrl: comfy.url },
      ],
      models: [
        { name: 'own', kind: 'image', targets: [{ provider: 'own', model: 'loaded' }] },
        { name: 'core', kind: 'image', targets: [{ provider: 'stability', model: 'core' }] },
        { name: 'graph', kind: 'image', targets: [{ provider: 'graph', model: 'default' }] },
        { name: 'absent', kind: 'image', targets: [{ provider: 'graph', model: 'absent.safetensors' }] },
      ],
      plans: [
        { id: 'requests', name: 'Requests', prices: [{ requests: 2 }] },
        { id: 'own', name: 'Own', prices: [{ requests: 2 }], aliases: { sdxl: 'own' } },
        { id: 'core', name: 'Core', prices: [{ requests: 2 }], aliases: { sdxl: 'core' } },
        { id: 'graph', name: 'Graph', prices: [{ requests: 2 }], aliases: { sdxl: 'graph' } },
        { id: 'absent', name: 'Absent', prices: [{ requests: 2 }], aliases: { sdxl: 'absent' } },
      ],
      timeouts: { firstByteMs: 2_000, idleMs: 2_000 },
    },
  });
  // A look at an order every three seconds is for the vendor's sake.
  Object.assign(gateway.running.gateway, { sleep: (ms: number) => Bun.sleep(Math.min(ms, 5)) });
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([fusionbrain, stability, webui, comfy].map((vendor) => vendor.stop()));
});

beforeEach(() => {
  Object.assign(fusionbrain, { looks: 1, ending: 'done', pipelineStatus: 'ACTIVE', queue: undefined, failingLooks: 0 });
  stability.isFiltering = false;
  webui.drawMs = 0;
  Object.assign(comfy, { looks: 1, ending: 'done', failingLooks: 0 });
});

afterEach(async () => {
  expect(await gateway.auditAtRest()).toMatchObject({ ok: true });
  for (const vendor of [fusionbrain, stability, webui, comfy]) vendor.asked.length = 0;
});

const paint = async (plan: string, body: object) => {
  const customer = await gateway.customer(plan, { requests: 10 });
  const told = await gateway.ask('/v1/image', { prompt: 'Кот', ...body }, { authorization: customer.key });
  return { ...told, customer, left: (await gateway.balance(customer)).requests };
};

async function pictureAt(url: unknown): Promise<string | null> {
  const { pathname } = new URL(String(url));
  return (await fetch(gateway.url + pathname)).headers.get('content-type');
}

describe('kandinsky by FusionBrain', () => {
  test('is ordered, looked at until it is done, kept, and charged once', async () => {
    fusionbrain.looks = 3;
    const { status, body, left } = await paint('requests', { model: 'kandisky', ar: '16:9' });
    expect(status).toBe(200);
    expect(await pictureAt(body['url'])).toBe('image/png');
    expect(left).toBe(8);
    expect(fusionbrain.asked.map(({ path }) => path.replace(/[0-9a-f-]{36}/, 'ID'))).toEqual([
      '/key/api/v1/pipelines',
      '/key/api/v1/pipeline/run',
      ...Array.from({ length: 4 }, () => '/key/api/v1/pipeline/status/ID'),
    ]);
    expect([...fusionbrain.orders.values()].at(-1)?.parameters).toEqual({
      type: 'GENERATE',
      numImages: 1,
      width: 1024,
      height: 576,
      generateParams: { query: 'Кот' },
    });
  });

  test('is read where older versions of the service put it', async () => {
    fusionbrain.ending = 'done in the old shape';
    expect((await paint('requests', { model: 'kandinsky' })).status).toBe(200);
  });

  test('a look that fails loses no picture: the order is looked at again, and never given twice', async () => {
    fusionbrain.failingLooks = 3;
    const { status, left } = await paint('requests', { model: 'kandinsky' });
    expect([status, left]).toEqual([200, 8]);
    expect(fusionbrain.askedFor('/pipeline/run')).toHaveLength(1);
  });

  test('looks that fail for good end the call, without a second order and without a charge', async () => {
    fusionbrain.failingLooks = 100;
    const { status, left } = await paint('requests', { model: 'kandinsky' });
    expect([status, left]).toEqual([500, 10]);
    expect(fusionbrain.askedFor('/pipeline/run')).toHaveLength(1);
  });

  test('a censored picture is refused as content, and costs nothing', async () => {
    fusionbrain.ending = 'censored';
    const { status, left } = await paint('requests', { model: 'kandinsky' });
    expect([status, left]).toEqual([400, 10]);
  });

  test.each([
    ['an order that fails', () => (fusionbrain.ending = 'fail')],
    ['a queue that is full', () => (fusionbrain.queue = 'DISABLED_BY_QUEUE')],
    ['a pipeline that is switched off', () => (fusionbrain.pipelineStatus = 'DISABLED_MANUALLY')],
  ])('%s costs nothing, and its reasons stay with us', async (_, disturb) => {
    disturb();
    const { status, body, left } = await paint('requests', { model: 'kandinsky' });
    expect(status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(body)).not.toMatch(/DISABLED|operator|fusion/i);
    expect(left).toBe(10);
    expect(fusionbrain.asked.length).toBeLessThanOrEqual(4);
  });
});

describe('sdxl', () => {
  test('by Stability’s engine of that name, with what should not be there', async () => {
    const { status, body, left } = await paint('requests', { model: 'sdxl', ar: '2:3', negative: 'собаки' });
    expect(status).toBe(200);
    expect(await pictureAt(body['url'])).toBe('image/png');
    expect(left).toBe(8);
    expect(JSON.parse(stability.asked[0]?.text ?? '')).toMatchObject({
      width: 832,
      height: 1216,
      text_prompts: [
        { text: 'Кот', weight: 1 },
        { text: 'собаки', weight: -1 },
      ],
    });
  });

  test.each([
    ['requests', 'a blurred picture with a good status'],
    ['core', 'a 403 of the moderation'],
  ])('what Stability filters is refused as content and costs nothing (%s: %s)', async (plan) => {
    stability.isFiltering = true;
    const { status, left } = await paint(plan, { model: 'sdxl' });
    expect([status, left]).toEqual([400, 10]);
  });

  test('by Stability’s newer models, as a form', async () => {
    expect((await paint('core', { model: 'sdxl', ar: '9:16' })).status).toBe(200);
    expect(stability.asked[0]?.text).toContain('9:16');
  });

  test('by one’s own AUTOMATIC1111, which draws one after the other', async () => {
    webui.drawMs = 10;
    const painted = await Promise.all(Array.from({ length: 4 }, () => paint('own', { model: 'sdxl', ar: '3:2' })));
    expect(painted.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(webui.runningMax).toBe(1);
  });

  test('a drawing that nobody waits for any more is interrupted', async () => {
    webui.drawMs = 300;
    const before = webui.interrupts;
    const customer = await gateway.customer('own', { requests: 10 });
    const controller = new AbortController();
    const left = fetch(`${gateway.url}/v1/image`, {
      method: 'POST',
      headers: { authorization: customer.key },
      body: JSON.stringify({ model: 'sdxl', prompt: 'Кот' }),
      signal: controller.signal,
    }).catch(() => 'left');
    await Bun.sleep(150);
    controller.abort();
    expect(await left).toBe('left');
    await gateway.auditAtRest();
    await Bun.sleep(20);
    expect(webui.interrupts).toBe(before + 1);
    expect((await gateway.balance(customer)).requests).toBe(10);
  });
});

describe('sdxl by one’s own ComfyUI', () => {
  test('is queued, looked at until it is done, fetched, kept, and charged once', async () => {
    comfy.looks = 3;
    const { status, body, left } = await paint('graph', { model: 'sdxl', ar: '16:9', negative: 'собаки' });
    expect(status).toBe(200);
    expect(await pictureAt(body['url'])).toBe('image/png');
    expect(left).toBe(8);
    expect(comfy.asked.map(({ path }) => path.replace(/[0-9a-f-]{36}/, 'ID'))).toEqual([
      '/prompt',
      ...Array.from({ length: 4 }, () => '/queue'),
      '/history/ID',
      '/view?filename=Comfy+UI_0_.png&subfolder=&type=temp',
    ]);
    const inputs = Object.values(comfy.graphs.at(-1) ?? {}).map((node) => node.inputs);
    expect(inputs).toContainEqual({ width: 1344, height: 768, batch_size: 1 });
    for (const text of ['Кот', 'собаки']) expect(inputs).toContainEqual({ clip: ['4', 1], text });
  });

  test('begins elsewhere each time, so that the same words are drawn anew', async () => {
    for (let i = 0; i < 2; i++) await paint('graph', { model: 'sdxl' });
    const seeds = comfy.graphs.slice(-2).map((graph) => graph['3']?.inputs['seed']);
    expect(new Set(seeds).size).toBe(2);
  });

  test('a look that fails loses no picture: the queue is looked at again, and the graph never put there twice', async () => {
    comfy.failingLooks = 3;
    const { status, left } = await paint('graph', { model: 'sdxl' });
    expect([status, left]).toEqual([200, 8]);
    expect(comfy.askedFor('/prompt')).toHaveLength(1);
  });

  test.each(['error', 'nothing', 'lost'] as const)(
    'a graph that ends as %s costs nothing, and its reasons stay with us',
    async (ending) => {
      comfy.ending = ending;
      const { status, body, left } = await paint('graph', { model: 'sdxl' });
      expect([status, left]).toEqual([500, 10]);
      expect(JSON.stringify(body)).not.toMatch(/memory|operator|graph|comfy/i);
      expect(comfy.askedFor('/prompt')).toHaveLength(1);
    },
  );

  test('a checkpoint that is not there is the operator’s matter: the customer is not told its name', async () => {
    const { status, body, left } = await paint('absent', { model: 'sdxl' });
    expect([status, left]).toEqual([500, 10]);
    expect(JSON.stringify(body)).not.toMatch(/absent|safetensors|ckpt/);
  });

  test('a graph that nobody waits for any more is ended where it runs, and taken out of the queue where it waits', async () => {
    const ours = await leftDrawing();
    expect(comfy.interrupted).toEqual([ours]);
    // Somebody draws with the same ComfyUI, without us.
    await fetch(`${comfy.url}/prompt`, { method: 'POST', body: JSON.stringify({ prompt: comfy.graphs.at(-1) }) });
    const waiting = await leftDrawing();
    expect(comfy.deleted).toEqual([waiting]);
    expect(comfy.interrupted).toEqual([ours]);
    await fetch(`${comfy.url}/interrupt`, { method: 'POST', body: '{}' });
  });

  /** The id of a graph whose customer left while it was in the queue. */
  async function leftDrawing(): Promise<string> {
    comfy.looks = 1_000;
    const customer = await gateway.customer('graph', { requests: 10 });
    const controller = new AbortController();
    const before = comfy.askedFor('/queue').length;
    const answer = fetch(`${gateway.url}/v1/image`, {
      method: 'POST',
      headers: { authorization: customer.key },
      body: JSON.stringify({ model: 'sdxl', prompt: 'Кот' }),
      signal: controller.signal,
    }).catch(() => 'left');
    await until(() => comfy.askedFor('/queue').length > before, 2_000);
    const ended = comfy.askedFor('/interrupt').length;
    controller.abort();
    expect(await answer).toBe('left');
    await until(() => comfy.askedFor('/interrupt').length > ended, 2_000);
    await gateway.auditAtRest();
    expect((await gateway.balance(customer)).requests).toBe(10);
    return (JSON.parse(comfy.askedFor('/interrupt').at(-1)?.text ?? '') as { prompt_id: string }).prompt_id;
  }
});
