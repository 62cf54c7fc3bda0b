// What a provider is: an upstream wire protocol, as pure translations, or a generator that runs in this process. A
// provider never opens a socket: it describes requests and reads answers, so it is tested with recorded text. Adding
// one is one file and one line in index.ts; an OpenAI-like vendor is one row in vendors.ts.
import type { AnswerStream, RelayContext } from '../core/answer-stream.ts';
import type { Answer, CallEvent, ChatCall, Endpoint, Family, ImageCall, Picture } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import type { Meter } from '../core/meter.ts';
import type { Judgement } from '../core/moderation/index.ts';

/** Where a call goes: a configured provider, the vendor's name of the model, and the credential. */
export type Target = {
  /** The provider's name in the configuration, shown as `x-tolmach-provider`. */
  readonly providerName: string;
  readonly upstreamModel: string;
  readonly baseUrl: string;
  /** Scheme, host and port of `baseUrl`: what connections are kept by. */
  readonly origin: string;
  readonly apiKey: string | undefined;
  /** The proxy through which it is reached, credentials in it. */
  readonly proxy?: string;
  /** The bound on the output of a call that names none, for vendors that take no call without one. */
  readonly maxOutputTokens: number;
  readonly quirks: VendorQuirks;
};

/** How an OpenAI-like vendor differs. Everything here is a fact about the vendor, found in its documentation. */
export type VendorQuirks = {
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Whether its streams satisfy strict clients as they are, so that their bytes may be passed on. */
  readonly streamsAreStrict: boolean;
  /** Parameters that the vendor ignores, so that the answer would be a lie. They are refused by name. */
  readonly unsupported: readonly string[];
};

export type UpstreamRequest = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The headers of an answer, by name in any case; those that came several times are joined by commas. */
export type AnswerHeaders = Pick<Headers, 'get'>;

/** A whole answer. `text` is set where the vendor's own JSON may be passed on as it is to a client of its family. */
export type WholeAnswer = { readonly answer: Answer; readonly text?: string };

/** Reads a vendor's stream into neutral events. `fault` is set where an answer stream's is; `push` does not throw. */
export type EventReader = {
  push(bytes: Uint8Array): CallEvent[];
  readonly isComplete: boolean;
  readonly fault: CallError | undefined;
};

export type RemoteProvider = {
  readonly kind: 'remote';
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly family: Family;
  /** The headers that every request carries, the key's among them. */
  keyHeaders(apiKey: string | undefined): Record<string, string>;
  /** Throws `unsupported_parameter` for a field that the target cannot honour and whose loss would be a lie. */
  buildRequest(call: ChatCall, target: Target): UpstreamRequest;
  /** Reads a 2xx answer. Throws what it means if it is none. */
  readAnswer(text: string, meter: Meter): WholeAnswer;
  openEvents(maxEventChars: number): EventReader;
  /** Passes a stream on to a client of the same family, byte for byte. */
  openRelay(context: RelayContext, maxEventChars: number): AnswerStream;
  faultOfStatus(status: number, headers: AnswerHeaders, text: string): CallError;
  /** Present where the protocol can draw. */
  readonly images?: {
    buildRequest(call: ImageCall, target: Target): UpstreamRequest;
    /** The pictures of a 2xx answer. Throws `content_refused` where the vendor drew none for its content. */
    readPictures(text: string): Picture[];
  };
  /** Present where the protocol can moderate by OpenAI's categories. */
  readonly moderations?: {
    buildRequest(texts: readonly string[], target: Target): UpstreamRequest;
    /** The judgements of a 2xx answer, one for each of the texts, and the model that the vendor names. */
    readModeration(
      text: string,
      texts: number,
    ): { readonly model: string | undefined; readonly judgements: readonly Judgement[] };
  };
};

/** Answers without an upstream. `sleep` is how it paces a stream; it rejects when the call is aborted. */
export type LocalProvider = {
  readonly kind: 'local';
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  generate(call: ChatCall, sleep: (ms: number) => Promise<void>): AsyncIterable<CallEvent>;
  draw?(call: ImageCall): Picture[];
};

export type Provider = RemoteProvider | LocalProvider;
