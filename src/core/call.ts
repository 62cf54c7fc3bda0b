// The neutral words between dialects and providers: a Call going out, CallEvents coming back, and the Usage that is
// charged. Dialects build calls and render events; providers do the reverse. Neither knows the other.
import type { BodySpans } from './json-guard.ts';
import type { UploadedFile, WorkCall, WorkKind } from './work.ts';

/** What kind of work a call asks for. Limits, prices and routes are given per endpoint. */
export const ENDPOINTS = [
  'chat',
  'completion',
  'embedding',
  'moderation',
  'image',
  'speech',
  'transcription',
  'rerank',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** What a public model makes. A provider may speak both protocols, so that the model has to say which is its own. */
export type ModelKind = 'text' | 'image' | WorkKind;

/** Up to here, and for how long, a vendor that asks to be told should keep the prompt in its cache. */
export type CacheMark = { readonly ttl?: '5m' | '1h' };
export type TextPart = { readonly kind: 'text'; text: string; readonly cacheMark?: CacheMark };
/** `url` is an https address or a `data:` URL. */
export type ImagePart = {
  readonly kind: 'image';
  readonly url: string;
  readonly detail?: string;
  readonly cacheMark?: CacheMark;
};
/** A part that this program only carries, such as audio or a file, in the caller's own spelling. */
export type OpaquePart = {
  readonly kind: 'opaque';
  readonly type: string;
  readonly value: Record<string, unknown>;
  /** Whether a provider of another family may leave it out, as it may with what a model thought before. */
  readonly isOptional?: true;
};
export type Part = TextPart | ImagePart | OpaquePart;

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** `argumentsJson` is the model's text as it came; it is not always valid JSON. */
export type ToolCall = {
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
  readonly cacheMark?: CacheMark;
};

export type Message = {
  readonly role: Role;
  readonly parts: Part[];
  readonly name?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** Which call a `tool` message answers. */
  readonly toolCallId?: string;
  /** That of a `tool` message as a whole; all others have theirs at their parts. */
  readonly cacheMark?: CacheMark;
  /** Fields this program does not know, such as earlier reasoning; a provider of the same family gets them. */
  readonly extra?: Readonly<Record<string, unknown>>;
};

export type Tool = {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Record<string, unknown>;
  readonly strict?: boolean;
  readonly cacheMark?: CacheMark;
  /** A tool whose shape the vendor has defined itself, in the caller's own spelling; only its family can offer it. */
  readonly opaque?: Record<string, unknown>;
};
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };
export type ResponseFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema';
      readonly name: string;
      readonly schema: Record<string, unknown>;
      readonly strict?: boolean;
    };

/** Sampling and shape, all optional: an absent field is the vendor's default, never ours. */
export type ChatOptions = {
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly n?: number;
  readonly stop?: readonly string[];
  /** What ends an answer by the customer's protocol alone. A vendor without stop sequences does without. */
  readonly impliedStop?: readonly string[];
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly logprobs?: boolean;
  readonly topLogprobs?: number;
  readonly logitBias?: Readonly<Record<string, number>>;
  readonly seed?: number;
  readonly user?: string;
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly responseFormat?: ResponseFormat;
  readonly reasoningEffort?: string;
};

/** All that ends an answer, for vendors that know stop sequences; `undefined` where nothing does. */
export function stopsOf({ stop, impliedStop }: ChatOptions): readonly string[] | undefined {
  return impliedStop === undefined ? stop : [...new Set([...(stop ?? []), ...impliedStop])];
}

/** The body as it came, so that a provider of the same family can forward its bytes. */
export type SourceBody = { readonly family: Family; readonly text: string; readonly spans: BodySpans };

/** Wire protocols that a dialect and a provider can share. */
export type Family = 'openai-chat' | 'anthropic-messages';

export type ChatCall = {
  readonly endpoint: 'chat';
  /** The public name that the customer asked for. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly options: ChatOptions;
  readonly stream: boolean;
  /** Whether the customer's stream ends with a usage event. */
  readonly includeUsage: boolean;
  /** The wire protocol that the call came in, if providers speak it: what is only carried is in its spelling. */
  readonly family?: Family;
  /** Fields this program does not know; a provider of the same family gets them. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Headers that are only carried: a provider of the same family gets them. */
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** Whether the answer begins with the prompt's own text, as old text completions may ask. */
  readonly echo?: boolean;
  /** What the dialect needs for writing the answer, such as fields that it repeats. No provider sees it. */
  readonly notes?: Readonly<Record<string, unknown>>;
  /** Absent once the call differs from what came, for instance after its text was cut. */
  readonly source?: SourceBody;
};

/** Shapes that picture models are asked for. */
export const ASPECT_RATIOS = ['16:9', '3:2', '1:1', '2:3', '9:16'] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

export function isAspectRatio(value: unknown): value is AspectRatio {
  return ASPECT_RATIOS.some((ratio) => ratio === value);
}

export type ImageCall = {
  readonly endpoint: 'image';
  readonly model: string;
  readonly prompt: string;
  /** What should not be in the picture; only some models know it. */
  readonly negativePrompt?: string;
  /** A style in the caller's words, such as `in anime style`. */
  readonly style?: string;
  readonly aspectRatio: AspectRatio;
  readonly n: number;
  /** Pictures to begin with, and which part of the first is to be drawn anew. */
  readonly sources?: readonly UploadedFile[];
  /** Whether the answer has the pictures themselves, so that they need no address. */
  readonly isInline?: true;
};

export type Call = ChatCall | ImageCall | WorkCall;

/** The kind of model that a call asks for. */
export function kindOf(call: Call): ModelKind {
  return call.endpoint === 'chat' ? 'text' : call.endpoint;
}

/** How many answers a call asks for: a request price is for each of them. */
export function generationsOf(call: ChatCall | ImageCall): number {
  return call.endpoint === 'image' ? call.n : (call.options.n ?? 1);
}

/** A finished picture. */
export type Picture = { readonly bytes: Uint8Array; readonly contentType: 'image/png' | 'image/jpeg' | 'image/webp' };

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** Counted units. `exact` means that the vendor said so, `estimated` that we counted. */
export type Usage = {
  readonly source: 'exact' | 'estimated';
  /** All input tokens, cached ones among them. */
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  /** Input tokens that the vendor wrote to its cache, where it says so: some charge us more for them. */
  readonly cacheWriteTokens?: number;
  /** Those of them that are kept for long, which is dearer still. */
  readonly longCacheWriteTokens?: number;
  /** All output tokens, reasoning among them. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly images: number;
  /** Characters that were said aloud, and seconds of a recording; absent for everything else. */
  readonly characters?: number;
  readonly audioSeconds?: number;
};

export const NO_USAGE: Usage = {
  source: 'estimated',
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  images: 0,
};

/** What a provider's answer is made of, in order. `choice` counts from 0 for `n > 1`. */
export type CallEvent =
  | { readonly kind: 'text'; readonly choice: number; readonly text: string; readonly logprobs?: unknown }
  | { readonly kind: 'refusal'; readonly choice: number; readonly text: string }
  | { readonly kind: 'reasoning'; readonly choice: number; readonly text: string }
  | {
      readonly kind: 'toolCall';
      readonly choice: number;
      /** Position of the tool call in its choice. */
      readonly index: number;
      /** Present on the first event of a tool call only. */
      readonly id?: string;
      readonly name?: string;
      /** The next piece of the arguments' JSON text. */
      readonly argumentsJson: string;
    }
  | { readonly kind: 'finish'; readonly choice: number; readonly reason: FinishReason }
  | { readonly kind: 'usage'; readonly usage: Usage };

export type Choice = {
  readonly index: number;
  readonly text: string | null;
  readonly refusal: string | null;
  readonly reasoning: string | null;
  readonly toolCalls: readonly ToolCall[];
  readonly logprobs: unknown;
  readonly finishReason: FinishReason;
};

/** A whole answer, for calls that do not stream. */
export type Answer = { readonly choices: readonly Choice[]; readonly usage: Usage };

/** All text that a customer sent, for counting. Images and opaque parts have none. */
export function textsOf(call: ChatCall | ImageCall): string[] {
  if (call.endpoint === 'image') return [call.prompt, call.negativePrompt ?? '', call.style ?? ''];
  return call.messages.flatMap((message) => message.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])));
}
