// The place where cells are driven: the running gateway in front of a fake of every vendor, each on a real socket. Every
// provider has a model of its name, and a plan that answers every asked name with that model.
import type { Customer } from '../gateway-client.ts';
import { TestGateway } from '../test-gateway.ts';
import { FakeAnthropic } from '../vendors/anthropic.ts';
import type { FakeVendor } from '../vendors/fake-vendor.ts';
import { FakeGemini } from '../vendors/gemini.ts';
import { FakeGigaChat } from '../vendors/gigachat.ts';
import { FakeOpenai } from '../vendors/openai.ts';
import { FakeYandex } from '../vendors/yandex.ts';
import type { CellProvider } from './cell-table.ts';
import { CELL_PROVIDERS } from './cell-table.ts';

/** Micro-roubles a token. */
export const CELL_PRICES = { input: 50, cachedInput: 5, output: 200 } as const;

const KEY = 'our-secret-key';
const FOLDER = 'b1gfolder';
const CREDENTIALS = btoa('our-secret-id:our-secret-word');
/** More than the cells of one client at one provider. */
const AT_ONCE = 64;

/** What the vendor of each provider calls the model that is asked. */
const UPSTREAM_MODELS: Readonly<Record<CellProvider, string>> = {
  demo: 'demo',
  'openai-compatible': 'gpt-4o',
  anthropic: 'claude-haiku-4-5',
  gemini: 'gemini-2.5-flash',
  gigachat: 'GigaChat-2-Max',
  yandexgpt: 'yandexgpt',
  'llama-cpp': 'model',
};

export class CellSite {
  readonly gateway: TestGateway;
  readonly giga: FakeGigaChat;
  readonly #vendors: readonly FakeVendor[];

  private constructor(gateway: TestGateway, giga: FakeGigaChat, vendors: readonly FakeVendor[]) {
    this.gateway = gateway;
    this.giga = giga;
    this.#vendors = vendors;
  }

  static async start(): Promise<CellSite> {
    const [openai, anthropic, gemini] = [new FakeOpenai(KEY), new FakeAnthropic(KEY), new FakeGemini(KEY)];
    const [yandex, giga] = [
      new FakeYandex(KEY, FOLDER),
      new FakeGigaChat({ credentials: CREDENTIALS, atOnce: AT_ONCE }),
    ];
    const providers = [
      { name: 'openai-compatible', vendor: 'openai', baseUrl: `${openai.url}/v1`, apiKey: KEY },
      { name: 'anthropic', vendor: 'anthropic', baseUrl: `${anthropic.url}/v1`, apiKey: KEY },
      { name: 'gemini', vendor: 'gemini', baseUrl: `${gemini.url}/v1beta`, apiKey: KEY },
      { name: 'yandexgpt', vendor: 'yandex', baseUrl: `${yandex.url}/v1`, apiKey: KEY, options: { folder: FOLDER } },
      {
        name: 'gigachat',
        vendor: 'gigachat',
        baseUrl: `${giga.url}/api/v1`,
        apiKey: CREDENTIALS,
        options: { authUrl: `${giga.url}/api/v2/oauth` },
        concurrency: AT_ONCE,
      },
      // One that runs already: no file is read.
      {
        name: 'llama-cpp',
        kind: 'llama-cpp',
        baseUrl: `${openai.url}/v1`,
        apiKey: KEY,
        options: { file: import.meta.path },
        concurrency: AT_ONCE,
      },
    ];
    const models = CELL_PROVIDERS.map((name) => ({
      name,
      targets: [{ provider: name, model: UPSTREAM_MODELS[name] }],
    }));
    const timeouts = { firstByteMs: 5_000, idleMs: 5_000 };
    const gateway = await TestGateway.start({
      config: { providers, models, plans: CELL_PROVIDERS.map(planOf), timeouts },
    });
    // Pauses between the tries of a task are no part of what a cell promises.
    Object.assign(gateway.running.gateway, { sleep: (ms: number) => Bun.sleep(Math.min(ms, 1)) });
    return new CellSite(gateway, giga, [openai, anthropic, gemini, yandex, giga]);
  }

  /** A customer whose every call is answered by this provider. */
  customer(provider: CellProvider): Promise<Customer> {
    return this.gateway.customer(`by-${provider}`, { rub: '1000' });
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await Promise.all(this.#vendors.map((vendor) => vendor.stop()));
  }
}

function planOf(provider: CellProvider): object {
  const perMTok = (perToken: number) => perToken * 1_000_000;
  const microRub = {
    inputPerMTok: perMTok(CELL_PRICES.input),
    cachedInputPerMTok: perMTok(CELL_PRICES.cachedInput),
    outputPerMTok: perMTok(CELL_PRICES.output),
  };
  const prices = [{ endpoints: ['status', 'balance'], requests: 0 }, { microRub }];
  return { id: `by-${provider}`, name: provider, prices, aliases: { '*': provider } };
}
