// What a provider described is sent here, within bounds, and failures are told apart by what they mean for a retry. The
// client below it follows no redirect and unpacks no compression.
import { isUtf8 } from 'node:buffer';
import type { CancelSignal } from '../core/cancellation.ts';
import { CallError } from '../core/errors.ts';
import type { AnswerHeaders, UpstreamRequest } from '../providers/provider.ts';
import type { Body } from './http-client/body.ts';
import { decodeText } from './http-client/body.ts';
import { HttpClient } from './http-client/http-client.ts';
import type { ProxyAddress } from './http-client/proxy.ts';
import { readProxy } from './http-client/proxy.ts';

export type UpstreamBounds = { readonly answerBytes: number; readonly connectMs: number };

export type UpstreamAnswer = {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Body;
};

/** How the place of a request is reached. A `Target` tells it. */
export type Way = {
  /** The address of a proxy, credentials in it. */
  readonly proxy?: string;
};

export class Upstream {
  readonly #bounds: UpstreamBounds;
  readonly #monotonicMs: () => number;
  readonly #client: HttpClient;
  /** By proxy: a connection through one must not serve who goes another way. */
  readonly #clientsByProxy = new Map<string, HttpClient>();

  constructor(bounds: UpstreamBounds, monotonicMs: () => number) {
    this.#bounds = bounds;
    this.#monotonicMs = monotonicMs;
    this.#client = this.#open(undefined);
  }

  /**
   * Sends one request. Resolves when the headers are there. Throws `upstream_unreachable` or `upstream_tls_error`
   * while surely nothing was started, else `upstream_reset`; an abort throws the signal's reason.
   */
  async send(request: UpstreamRequest, signal: CancelSignal, { proxy }: Way = {}): Promise<UpstreamAnswer> {
    const client = proxy === undefined ? this.#client : this.#clientThrough(proxy);
    const answer = await client.send(request, signal);
    const coding = answer.headers.get('content-encoding');
    if (coding !== null && coding !== 'identity') {
      answer.body.cancel();
      throw new CallError('upstream_bad_response', { detail: `unasked content-encoding ${coding.slice(0, 20)}` });
    }
    return answer;
  }

  /**
   * The whole body as text; `onBytes` is told of each arrival. Throws `upstream_too_large` beyond the bound,
   * `upstream_reset` if it breaks off, `upstream_bad_response` where it is no UTF-8.
   */
  async readText(answer: UpstreamAnswer, signal: CancelSignal, onBytes?: () => void): Promise<string> {
    signal.throwIfAborted();
    const length = Number(answer.headers.get('content-length') ?? 0);
    if (length > this.#bounds.answerBytes) {
      answer.body.cancel();
      throw new CallError('upstream_too_large');
    }
    const bytes = await answer.body.bytes(this.#bounds.answerBytes, onBytes);
    // An answer with letters that cannot be read is damaged; of an error's words the status tells enough.
    if (answer.status < 300 && !isUtf8(bytes))
      throw new CallError('upstream_bad_response', { detail: 'the answer is no UTF-8' });
    return decodeText(bytes);
  }

  /** Gives up the connections that wait for a request. */
  close(): void {
    for (const client of [this.#client, ...this.#clientsByProxy.values()]) client.close();
  }

  #clientThrough(proxy: string): HttpClient {
    const client = this.#clientsByProxy.get(proxy) ?? this.#open(readProxy(proxy));
    this.#clientsByProxy.set(proxy, client);
    return client;
  }

  #open(proxy: ProxyAddress | undefined): HttpClient {
    const { connectMs } = this.#bounds;
    // Providers are the operator's own choice and may well be on this machine or in its network.
    const options = { connectMs, isAllowedAddress: () => true, ...(proxy === undefined ? {} : { proxy }) };
    return new HttpClient(options, this.#monotonicMs);
  }
}
