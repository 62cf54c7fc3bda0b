// The keys of GigaChat's API: each is given for lasting credentials, and works for half an hour.
import type { Asked } from './fake-vendor.ts';
import { refuse } from './fake-vendor.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KEY_MS = 30 * 60_000;

export type KeySettings = { readonly credentials: string; readonly scope: string; readonly nowMs: () => number };

export class GigaChatKeys {
  readonly #settings: KeySettings;
  /** Keys that work, and until when. */
  readonly #keys = new Map<string, number>();

  constructor(settings: KeySettings) {
    this.#settings = settings;
  }

  /** Answers requests for a key, and those that come without one that works; `undefined` is let in. */
  answer(asked: Asked): Response | undefined {
    if (asked.path === '/api/v2/oauth') return this.#exchange(asked);
    const key = /^Bearer (.+)$/.exec(asked.headers.get('authorization') ?? '')?.[1] ?? '';
    const isOver = (this.#keys.get(key) ?? 0) <= this.#settings.nowMs();
    return isOver ? refuse(401, { status: 401, message: 'Token has expired' }) : undefined;
  }

  /** Ends all keys before their time. */
  end(): void {
    this.#keys.clear();
  }

  #exchange({ method, headers, text }: Asked): Response {
    const { credentials, scope, nowMs } = this.#settings;
    if (method !== 'POST') return refuse(405, {});
    if (headers.get('authorization') !== `Basic ${credentials}`)
      return refuse(401, { code: 6, message: 'credentials doesn’t match db data' });
    if (!UUID.test(headers.get('rquid') ?? '')) return refuse(400, { code: 4, message: 'RqUID is wrong' });
    const asked = new URLSearchParams(text).get('scope');
    if (asked === null || asked === '') return refuse(400, { code: 5, message: 'scope is empty' });
    if (asked !== scope) return refuse(400, { code: 7, message: 'scope from db not fully includes consumed scope' });
    const key = `key-${crypto.randomUUID()}`;
    const expiresAtMs = nowMs() + KEY_MS;
    this.#keys.set(key, expiresAtMs);
    return Response.json({ access_token: key, expires_at: expiresAtMs });
  }
}
