// The only code that opens outbound connections. It sends what a provider described, follows no redirect, unpacks no
// compression, and tells failures apart by what they mean for a retry.
import { CallError } from '../core/errors.ts';
import type { UpstreamRequest } from '../providers/provider.ts';

export type UpstreamBounds = { readonly answerBytes: number; readonly connectMs: number };

export type UpstreamAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly response: Response;
};

/** How long a host that was reached counts as reachable, so that no second connection is opened to make sure. */
const REACHED_FOR_MS = 30_000;

export class Upstream {
  readonly #bounds: UpstreamBounds;
  readonly #monotonicMs: () => number;
  readonly #reachedAtMs = new Map<string, number>();

  constructor(bounds: UpstreamBounds, monotonicMs: () => number) {
    this.#bounds = bounds;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Sends one request. Resolves when the headers are there. Throws `upstream_unreachable` or `upstream_tls_error`
   * while surely nothing was started, else `upstream_reset`; an abort throws the signal's reason.
   */
  async send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    if (!this.#wasReached(request.origin)) await this.#reach(request.url, signal);
    let response: Response;
    try {
      response = await fetch(request.url, {
        method: request.method,
        headers: { ...request.headers, 'accept-encoding': 'identity' },
        ...(request.method === 'POST' ? { body: request.body } : {}),
        redirect: 'manual',
        decompress: false,
        signal,
      });
    } catch (error) {
      throw signal.aborted ? signal.reason : connectionFault(error);
    }
    const coding = response.headers.get('content-encoding');
    if (coding !== null && coding !== 'identity') {
      await response.body?.cancel();
      throw new CallError('upstream_bad_response', { detail: `unasked content-encoding ${coding.slice(0, 20)}` });
    }
    // The body is not looked at here: merely asking for the stream makes reading it as text several times dearer.
    return { status: response.status, headers: response.headers, response };
  }

  /** The whole body as text. Throws `upstream_too_large` beyond the bound, `upstream_reset` if it breaks off. */
  async readText(answer: UpstreamAnswer, signal: AbortSignal): Promise<string> {
    try {
      const length = Number(answer.headers.get('content-length') ?? Number.NaN);
      if (length > this.#bounds.answerBytes) throw new CallError('upstream_too_large');
      if (Number.isFinite(length)) return await answer.response.text();
      return await this.#gather(answer);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof CallError ? error : new CallError('upstream_reset', { detail: 'the body broke off' });
    }
  }

  async #gather(answer: UpstreamAnswer): Promise<string> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > this.#bounds.answerBytes) throw new CallError('upstream_too_large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /**
   * Makes sure within the connect limit that the host accepts connections, unless it did a moment ago. The fetch of
   * this runtime has no connect limit of its own, and without one a dead host would use up the first-byte limit.
   */
  async #reach(url: string, signal: AbortSignal): Promise<void> {
    const { origin, hostname, port, protocol } = new URL(url);
    await this.#connect(hostname.replace(/^\[|\]$/g, ''), Number(port) || (protocol === 'https:' ? 443 : 80), signal);
    this.#reachedAtMs.set(origin, this.#monotonicMs());
  }

  #wasReached(origin: string): boolean {
    const reachedAtMs = this.#reachedAtMs.get(origin);
    return reachedAtMs !== undefined && this.#monotonicMs() - reachedAtMs < REACHED_FOR_MS;
  }

  #connect(hostname: string, port: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: CallError) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const unreachable = (detail: string) => finish(new CallError('upstream_unreachable', { detail }));
      const onAbort = () => finish(signal.reason);
      const timer = setTimeout(() => unreachable('connecting took too long'), this.#bounds.connectMs);
      signal.addEventListener('abort', onAbort, { once: true });
      const socket = {
        open(opened: { end(): void }) {
          opened.end();
          finish();
        },
        data() {},
        connectError: (_: unknown, error: Error) => unreachable((error as { code?: string }).code ?? error.name),
      };
      Bun.connect({ hostname, port, socket }).catch((error: Error) =>
        unreachable((error as { code?: string }).code ?? error.name),
      );
    });
  }

  /** Forgets that a host was reached, after a connection to it failed. */
  forget(origin: string): void {
    this.#reachedAtMs.delete(origin);
  }
}

const NOT_CONNECTED = new Set([
  'ConnectionRefused',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'FailedToOpenSocket',
  'ConnectionTimeout',
]);

/** Sorts a failed fetch. Only codes are looked at: messages may hold addresses. */
function connectionFault(error: unknown): CallError {
  const code = String((error as { code?: unknown }).code ?? '');
  if (NOT_CONNECTED.has(code)) return new CallError('upstream_unreachable', { detail: code });
  if (/CERT|TLS|SSL|ALTNAME/i.test(code)) return new CallError('upstream_tls_error', { detail: code });
  return new CallError('upstream_reset', { detail: code || 'no code' });
}
