// Providers of a simulation: every request waits until the simulation decides how it is answered. Its log is the judge of
// who was asked what, how often, and whether anything was held for it.
import { CallError } from '../../core/errors.ts';
import type { UpstreamRequest } from '../../providers/provider.ts';
import { Body } from '../../upstream/http-client/body.ts';
import type { UpstreamAnswer } from '../../upstream/upstream.ts';
import { Upstream } from '../../upstream/upstream.ts';

const ANSWER_BYTES_MAX = 1_000_000;

/** A request that a provider has got. It leaves the list of open ones when its answer has ended, or nobody wants it. */
export type Asked = {
  readonly mark: string;
  readonly host: string;
  readonly isStream: boolean;
  /** The headers go out; the body comes through what this answers. */
  begin(status: number, headers: Readonly<Record<string, string>>): void;
  /** There is no answer at all. */
  fail(error: CallError): void;
  /** Frames that are still to be sent; `undefined` until the headers are out. */
  frames: string[] | undefined;
  send(text: string): void;
  end(): void;
  reset(): void;
};

export class SimulatedUpstream extends Upstream {
  readonly open = new Set<Asked>();
  readonly #onAsked: (asked: Asked) => void;

  /** @param onAsked sees each request as it arrives. */
  constructor(monotonicMs: () => number, onAsked: (asked: Asked) => void) {
    super({ answerBytes: ANSWER_BYTES_MAX, connectMs: 1_000 }, monotonicMs);
    this.#onAsked = onAsked;
  }

  override send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
    const asked = this.#ask(request, resolve, reject, signal);
    if (signal.aborted) return Promise.reject(signal.reason);
    this.open.add(asked);
    this.#onAsked(asked);
    return promise;
  }

  #ask(
    request: UpstreamRequest,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal,
  ): Asked {
    const close = () => this.open.delete(asked);
    const body = new Body({
      pause: () => undefined,
      resume: () => undefined,
      cancel: close,
      linger: close,
    });
    signal.addEventListener('abort', () => {
      close();
      reject(signal.reason);
      body.fail(signal.reason, true);
    });
    const asked: Asked = {
      mark: /mark-(\d+)/.exec(request.body)?.[0] ?? '',
      host: new URL(request.url).host,
      isStream: /"stream":\s*true/.test(request.body),
      frames: undefined,
      begin: (status, headers) => resolve({ status, headers: new Headers(headers), body }),
      fail: (error) => {
        close();
        reject(error);
      },
      send: (text) => {
        body.add(Buffer.from(text));
        body.handOver();
      },
      end: () => {
        close();
        body.end();
        body.handOver();
      },
      reset: () => {
        close();
        body.fail(new CallError('upstream_reset'));
      },
    };
    return asked;
  }
}
