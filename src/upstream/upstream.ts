// What a provider described is sent here, within bounds, and failures are told apart by what they mean for a retry. The
// client below it follows no redirect and unpacks no compression.
import { isUtf8 } from 'node:buffer';
import type { CancelSignal } from '../core/cancellation.ts';
import { CallError } from '../core/errors.ts';
import { present } from '../core/fields.ts';
import type { AnswerHeaders, UpstreamRequest } from '../providers/provider.ts';
import type { Body } from './http-client/body.ts';
import { decodeText } from './http-client/body.ts';
import { HttpClient } from './http-client/http-client.ts';
import { readProxy } from './http-client/proxy.ts';

export type UpstreamBounds = {
  readonly answerBytes: number;
  readonly connectMs: number;
  /**
   * What the system takes in of a stream ahead of us; as much as it finds right where that is not told. The runtime
   * reads all that is there at once, so where a client stalls, so much lies in our memory for as long as it does.
   */
  readonly streamReceiveBytes?: number;
};

export type UpstreamAnswer = {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Body;
};

/** How the place of a request is reached. A `Target` tells it. */
export type Way = {
  /** The address of a proxy, credentials in it. */
  readonly proxy?: string | undefined;
  /** Certificates to trust instead of the runtime's own list, in PEM. */
  readonly ca?: string | undefined;
};

export class Upstream {
  readonly #bounds: UpstreamBounds;
  readonly #monotonicMs: () => number;
  /** By what they trust and the proxy they go through: a connection must not serve who goes another way. */
  readonly #clients = new Map<string, HttpClient>();
  readonly #streamClients = new Map<string, HttpClient>();

  constructor(bounds: UpstreamBounds, monotonicMs: () => number) {
    this.#bounds = bounds;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Sends one request. Resolves when the headers are there. Throws `upstream_unreachable` or `upstream_tls_error`
   * while surely nothing was started, else `upstream_reset`; an abort throws the signal's reason.
   */
  async send(
    request: UpstreamRequest<string | Uint8Array>,
    signal: CancelSignal,
    way: Way = {},
  ): Promise<UpstreamAnswer> {
    const answer = await this.#clientFor(way, request.isStream === true).send(request, signal);
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
    const bytes = await this.readBytes(answer, signal, onBytes);
    // An answer with letters that cannot be read is damaged; of an error's words the status tells enough.
    if (answer.status < 300 && !isUtf8(bytes))
      throw new CallError('upstream_bad_response', { detail: 'the answer is no UTF-8' });
    return decodeText(bytes);
  }

  /** The whole body as it came; `onBytes` is told of each arrival. Throws as `readText` does, but for the letters. */
  async readBytes(answer: UpstreamAnswer, signal: CancelSignal, onBytes?: () => void): Promise<Buffer> {
    signal.throwIfAborted();
    const length = Number(answer.headers.get('content-length') ?? 0);
    if (length > this.#bounds.answerBytes) {
      answer.body.cancel();
      throw new CallError('upstream_too_large');
    }
    return answer.body.bytes(this.#bounds.answerBytes, onBytes);
  }

  /** Gives up the connections that wait for a request. */
  close(): void {
    for (const client of [...this.#clients.values(), ...this.#streamClients.values()]) client.close();
  }

  #clientFor({ ca, proxy }: Way, isStream: boolean): HttpClient {
    const clients = isStream ? this.#streamClients : this.#clients;
    const name = ca === undefined && proxy === undefined ? '' : `${proxy ?? ''}\n${ca ?? ''}`;
    const known = clients.get(name);
    if (known !== undefined) return known;
    const client = this.#open({ ca, proxy }, isStream ? this.#bounds.streamReceiveBytes : undefined);
    clients.set(name, client);
    return client;
  }

  #open({ ca, proxy }: Way, receiveBytes: number | undefined): HttpClient {
    const { connectMs } = this.#bounds;
    const dialled = present({ ca, receiveBytes, proxy: proxy === undefined ? undefined : readProxy(proxy) });
    // Providers are the operator's own choice and may well be on this machine or in its network.
    const options = { connectMs, isAllowedAddress: () => true, ...dialled };
    return new HttpClient(options, this.#monotonicMs);
  }
}
