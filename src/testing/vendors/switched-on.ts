// The vendors that talk in their own way, each on a real socket, and what switches them on by the environment alone.
import { FakeGemini } from './gemini.ts';
import { FakeGigaChat } from './gigachat.ts';
import { FakeYandex } from './yandex.ts';

export const CREDENTIALS = btoa('client-id:client-secret');

export class SwitchedOnVendors {
  readonly gemini = new FakeGemini('gemini-key');
  readonly yandex = new FakeYandex('yandex-key', 'b1gfolder');
  readonly giga = new FakeGigaChat({ credentials: CREDENTIALS, atOnce: 50 });
  readonly #all = [this.gemini, this.yandex, this.giga];

  /** The options of a gateway in front of them. */
  get gateway() {
    const env = {
      GEMINI_API_KEY: 'gemini-key',
      GEMINI_BASE_URL: `${this.gemini.url}/v1beta`,
      YANDEX_API_KEY: 'yandex-key',
      YANDEX_FOLDER_ID: 'b1gfolder',
      YANDEX_BASE_URL: `${this.yandex.url}/v1`,
      GIGACHAT_CREDENTIALS: CREDENTIALS,
      GIGACHAT_BASE_URL: `${this.giga.url}/api/v1`,
      GIGACHAT_AUTH_URL: `${this.giga.url}/api/v2/oauth`,
    };
    return { env, config: { models: [], timeouts: { firstByteMs: 5_000, idleMs: 5_000 } } };
  }

  /** Forgets what they were asked. */
  clear(): void {
    for (const vendor of this.#all) vendor.asked.length = 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((vendor) => vendor.stop()));
  }
}
