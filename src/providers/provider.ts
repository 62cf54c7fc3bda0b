// What a provider is: an upstream wire protocol, as pure translations, or a generator that runs in this process. A
// provider never opens a socket: it describes requests and reads answers, so it is tested with recorded text. Adding
// one is one file and one line in index.ts; an OpenAI-like vendor is one row in vendors.ts. What takes several requests
// is described as steps, and a key that must be fetched first as an exchange of keys: the shell does both.
import type { AnswerStream, RelayContext } from '../core/answer-stream.ts';
import type { Answer, CallEvent, ChatCall, Endpoint, Family, ImageCall, Picture } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import type { Meter } from '../core/meter.ts';
import type { Judgement } from '../core/moderation/index.ts';
import type { UploadedFile, WorkCalls, WorkKind, WorkResults } from '../core/work.ts';

/** Where a call goes: a configured provider, the vendor's name of the model, and the credential. */
export type Target = {
  /** The provider's name in the configuration, shown as `x-tolmach-provider`. */
  readonly providerName: string;
  readonly upstreamModel: string;
  readonly baseUrl: string;
  /** Scheme, host and port of `baseUrl`: what connections are kept by. */
  readonly origin: string;
  /** The key that requests carry. Where the provider exchanges keys it is the one that was fetched. */
  readonly apiKey: string | undefined;
  /** The proxy through which it is reached, credentials in it. */
  readonly proxy?: string;
  /** What this kind of provider asks for beside a key, each by its name; absent ones have their fallback. */
  readonly options: Readonly<Record<string, string>>;
  /** Certificates to trust instead of the runtime's own list, in PEM. */
  readonly ca?: string;
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
  /** Whether it takes a client's marks of where a cache of prompts should end. */
  readonly takesCacheMarks?: true;
};

export type UpstreamRequest<B extends string | Uint8Array = string> = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: B;
  /** Whether the answer is passed on as it comes, at the pace of a client who may be slow. */
  readonly isStream?: boolean;
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

/** A whole 2xx answer. */
export type VendorAnswer = { readonly bytes: Uint8Array; readonly contentType: string };

/**
 * The first step to the result of one kind of work. Throws `unsupported_parameter` as a call's request does. What the
 * vendor says that it used goes to the meter.
 */
export type RemoteWork<K extends WorkKind> = (call: WorkCalls[K], target: Target, meter: Meter) => Step<WorkResults[K]>;

export type LocalWork<K extends WorkKind> = (call: WorkCalls[K]) => WorkResults[K];

/** One request on the way to a result, and what its 2xx answer leads to. */
export type Step<T> = {
  readonly request: UpstreamRequest<string | Uint8Array>;
  /** How long to wait before it is sent, such as between two looks at a job. */
  readonly afterMs?: number;
  /** Whether it starts no work and may be sent again: a job that runs must not be lost to one failed look at it. */
  readonly isRepeatable?: true;
  /** Whether the answer comes only when the work is done, so that its first byte may take as long as the whole call. */
  readonly isSlow?: true;
  /** What ends the work at the vendor, in this order, if we give up before this step is read. */
  readonly interrupts?: readonly UpstreamRequest[];
  /**
   * Throws what the answer means if it leads nowhere: of a step that is repeatable `upstream_bad_response` only where the
   * answer says nothing of the work, for then it is looked at again.
   */
  read(body: Buffer, contentType: string): StepOutcome<T>;
};
export type StepOutcome<T> = { readonly result: T } | { readonly next: Step<T> };

/** The one step of work that takes one request. */
export function oneStep<T>(request: Step<T>['request'], read: (answer: VendorAnswer) => T): Step<T> {
  return { request, read: (bytes, contentType) => ({ result: read({ bytes, contentType }) }) };
}

/**
 * Work that a vendor does by parts, one request after another: what is read of each, in their order. Those after the
 * first may be sent again when they fail, so that the parts before are not lost.
 */
export function stepByStep<T>(
  requests: readonly Step<T>['request'][],
  read: (answer: VendorAnswer, part: number) => T,
  done: readonly T[] = [],
): Step<readonly T[]> {
  const request = requests[done.length];
  if (request === undefined) throw new RangeError('there is no part left');
  return {
    request,
    ...(done.length === 0 ? {} : { isRepeatable: true }),
    read(bytes, contentType) {
      const all = [...done, read({ bytes, contentType }, done.length)];
      return all.length === requests.length ? { result: all } : { next: stepByStep(requests, read, all) };
    },
  };
}

/** The same way, to what is made of its result. */
export function thenMake<T, R>(step: Step<T>, make: (result: T) => R): Step<R> {
  return {
    ...step,
    read(bytes, contentType) {
      const outcome = step.read(bytes, contentType);
      return 'result' in outcome ? { result: make(outcome.result) } : { next: thenMake(outcome.next, make) };
    },
  };
}

/** A setting of a kind of provider beside its address and key, such as a scope or a folder. */
export type ProviderOption = {
  readonly name: string;
  /** The variable that sets it for a vendor that the environment switches on. */
  readonly env?: string;
  /** The form of its value. Without one it may be anything that a header can hold. */
  readonly accepts?: RegExp;
  /** What holds where it is absent; without one the option is needed. */
  readonly fallback?: string;
  readonly about: string;
};

/** A short-lived key and when it ends. */
export type FetchedKey = { readonly apiKey: string; readonly expiresAtMs: number };

/** How the lasting key of the configuration is exchanged for the short-lived one that requests carry. */
export type KeyExchange = {
  /** `nonce` is a random UUID. */
  buildRequest(target: Target, nonce: string): UpstreamRequest;
  /** Reads a 2xx answer. Throws `upstream_bad_response` if it has no key. */
  readKey(text: string): FetchedKey;
};

export type ChatProtocol = {
  /** The wire family, where clients speak it as well: then bodies and streams may be passed on as they came. */
  readonly family?: Family;
  /**
   * Throws `unsupported_parameter` for a field that the target cannot honour and whose loss would be a lie.
   * @param fileIds of the call's `files`, in their order.
   */
  buildRequest(call: ChatCall, target: Target, fileIds?: readonly string[]): UpstreamRequest;
  /** Present where the vendor takes pictures only as files that it was given before. */
  readonly files?: ChatFiles;
  /** Reads a 2xx answer. Throws what it means if it is none. `call` is for what the vendor could not be asked for. */
  readAnswer(text: string, meter: Meter, call?: ChatCall): WholeAnswer;
  openEvents(maxEventChars: number, call?: ChatCall): EventReader;
  /** Passes a stream on to a client of the same family, byte for byte. Present where there is a family. */
  openRelay?(context: RelayContext, maxEventChars: number): AnswerStream;
};

/** Files of a chat that its vendor keeps while the chat lasts, and no longer. */
export type ChatFiles = {
  /**
   * Those of the call, in their order. Throws what the vendor would not take, and what `buildRequest` would refuse:
   * nothing is given to the vendor for a call that it is not asked.
   */
  of(call: ChatCall, target: Target): readonly UploadedFile[];
  /** The first step to the id of one. */
  keep(file: UploadedFile, target: Target): Step<string>;
  drop(id: string, target: Target): UpstreamRequest;
};

export type RemoteProvider = {
  readonly kind: 'remote';
  readonly name: string;
  /** What it needs to know beside an address and a key. */
  readonly options?: readonly ProviderOption[];
  /** Calls at once that the vendor takes from one account, where the configuration names no other bound. */
  concurrency?(options: Readonly<Record<string, string>>): number | undefined;
  /** Present where requests carry a key that has to be fetched with the lasting one. */
  readonly keyExchange?: KeyExchange;
  /** The headers that every request carries, the key's among them. */
  keyHeaders(apiKey: string | undefined): Record<string, string>;
  faultOfStatus(status: number, headers: AnswerHeaders, text: string): CallError;
  /** Present where the protocol can talk. */
  readonly chat?: ChatProtocol;
  /** Present where the protocol can draw. */
  readonly images?: {
    /**
     * The first step to the pictures. Throws `unsupported_parameter` as `chat.buildRequest` does; the last step throws
     * `content_refused` where the vendor drew nothing for its content. `seed` is 32 random bits, another for each
     * attempt, for vendors that draw the same again unless they are told to begin elsewhere.
     */
    draw(call: ImageCall, target: Target, seed: number): Step<Picture[]>;
    /** Whether it can begin with pictures of the caller's. */
    readonly canChange?: true;
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
  /** The work that the protocol can do, each kind of it named in `endpoints` too. */
  readonly works?: { readonly [K in WorkKind]?: RemoteWork<K> };
};

/** Answers without an upstream. `sleep` is how it paces a stream; it rejects when the call is aborted. */
export type LocalProvider = {
  readonly kind: 'local';
  readonly name: string;
  generate(call: ChatCall, sleep: (ms: number) => Promise<void>): AsyncIterable<CallEvent>;
  draw?(call: ImageCall): Picture[];
  readonly works?: { readonly [K in WorkKind]?: LocalWork<K> };
};

export type Provider = RemoteProvider | LocalProvider;

/** Whether the provider can answer calls of this kind at all. */
export function serves(provider: Provider, endpoint: Endpoint): boolean {
  if (endpoint === 'image') return (provider.kind === 'local' ? provider.draw : provider.images) !== undefined;
  if (endpoint === 'moderation') return provider.kind === 'remote' && provider.moderations !== undefined;
  if (endpoint !== 'chat' && endpoint !== 'completion') return provider.works?.[endpoint] !== undefined;
  return endpoint === 'chat' && (provider.kind === 'local' || provider.chat !== undefined);
}
