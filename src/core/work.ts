// Work beside chat and pictures: calls that are answered whole, by one result of a kind of its own. All kinds take the
// same way through the pipeline; a kind is its call, its result, and how large the call is.

import { secondsOf } from './audio.ts';
import { estimateTokens, MESSAGE_TOKENS_MAX, utf8Length } from './tokens.ts';
import { codePointsIn } from './truncate.ts';

/** A text, or the ids of its tokens in the vocabulary of the asked model. */
export type EmbeddingInput = string | readonly number[];

export type EmbeddingCall = {
  readonly endpoint: 'embedding';
  readonly model: string;
  readonly inputs: readonly EmbeddingInput[];
  /** How the vectors are wanted; a provider may answer in either way. */
  readonly encoding: 'float' | 'base64';
  readonly dimensions?: number;
  readonly user?: string;
  /** What the vectors are for, one for each input; only some models know it, and the others do without. */
  readonly hints?: readonly EmbeddingHint[];
};

/** In Google's words, which its models alone know. */
export type EmbeddingHint = { readonly taskType?: string; readonly title?: string };

/** One for each input, in their order. */
export type Vectors = readonly Vector[];
export type Vector = Float32Array | readonly number[];

export type RerankCall = {
  readonly endpoint: 'rerank';
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  /** How many of the best are wanted; all where absent. */
  readonly topN?: number;
  /** Whether the answer repeats the documents. */
  readonly returnDocuments: boolean;
};

/** The best first. `index` is the document's place in the call. */
export type Ranking = readonly { readonly index: number; readonly score: number }[];

/** A file of a form, in the field `field`. */
export type UploadedFile = {
  readonly field: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
};

export const SPEECH_FORMATS = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const;
export type SpeechFormat = (typeof SPEECH_FORMATS)[number];

export type SpeechCall = {
  readonly endpoint: 'speech';
  readonly model: string;
  readonly text: string;
  readonly voice: string;
  readonly format: SpeechFormat;
  readonly speed?: number;
  /** How it is to be said; only some models know it. */
  readonly instructions?: string;
};

export type Sound = { readonly bytes: Uint8Array; readonly contentType: string };

export const TRANSCRIPT_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

export type TranscriptionCall = {
  readonly endpoint: 'transcription';
  readonly model: string;
  /** A translation is into English. */
  readonly task: 'transcribe' | 'translate';
  readonly file: UploadedFile;
  readonly format: TranscriptFormat;
  /** For which pieces the times are wanted. */
  readonly granularities: readonly string[];
  readonly language?: string;
  readonly prompt?: string;
  readonly temperature?: number;
};

/** In the asked format: an object for the kinds of JSON, text for the others. */
export type Transcript = { readonly body: string | Readonly<Record<string, unknown>> };

export type WorkCalls = {
  embedding: EmbeddingCall;
  rerank: RerankCall;
  speech: SpeechCall;
  transcription: TranscriptionCall;
};
export type WorkResults = { embedding: Vectors; rerank: Ranking; speech: Sound; transcription: Transcript };
export type WorkKind = keyof WorkCalls;
export type WorkCall = WorkCalls[WorkKind];

export const WORK_KINDS: readonly WorkKind[] = ['embedding', 'rerank', 'speech', 'transcription'];

/** A call's size: what is held comes from `inputTokensAtMost`, and the plan's bound on text is about `chars`. */
export type WorkSize = {
  readonly inputTokensAtMost: number;
  /** Asked for only where a provider does not tell. */
  estimateInputTokens(): number;
  readonly chars: number;
  readonly outputTokensAtMost?: number;
  /** What is charged by other measures than tokens: the most of it, and what is counted where no provider tells. */
  readonly measuresAtMost?: Measures;
  readonly measures?: Measures;
};

/** What a call has beside tokens: characters that are said, and seconds of a recording. */
export type Measures = { readonly characters?: number; readonly audioSeconds?: number };

/** More than any vendor makes of a second of sound, or writes down of it. */
const TOKENS_A_SECOND_MAX = 50;

/** Characters that a token id stands for, about. */
const TOKEN_CHARS = 4;

export function sizeOf(call: WorkCall): WorkSize {
  switch (call.endpoint) {
    case 'embedding':
      return sizeOfEmbedding(call);
    case 'rerank':
      return sizeOfRerank(call);
    case 'speech':
      return sizeOfSpeech(call);
    case 'transcription':
      return sizeOfTranscription(call);
  }
}

function sizeOfSpeech({ text, instructions = '' }: SpeechCall): WorkSize {
  const characters = codePointsIn(text);
  return {
    inputTokensAtMost: utf8Length(text) + utf8Length(instructions),
    estimateInputTokens: () => estimateTokens(text) + estimateTokens(instructions),
    chars: characters + codePointsIn(instructions),
    measuresAtMost: { characters },
    measures: { characters },
  };
}

function sizeOfTranscription({ file, prompt = '' }: TranscriptionCall): WorkSize {
  const { atMost, about } = secondsOf(file.bytes);
  return {
    inputTokensAtMost: atMost * TOKENS_A_SECOND_MAX + utf8Length(prompt),
    estimateInputTokens: () => estimateTokens(prompt),
    chars: codePointsIn(prompt),
    outputTokensAtMost: atMost * TOKENS_A_SECOND_MAX,
    measuresAtMost: { audioSeconds: atMost },
    measures: { audioSeconds: about },
  };
}

function sizeOfEmbedding({ inputs: given, hints = [] }: EmbeddingCall): WorkSize {
  const inputs = [...given, ...hints.flatMap(({ title }) => title ?? [])];
  const sum = (measure: (input: EmbeddingInput) => number) =>
    inputs.reduce<number>((all, one) => all + measure(one), 0);
  const orIds = (ofText: (text: string) => number, ofId: number) => (input: EmbeddingInput) =>
    typeof input === 'string' ? ofText(input) : input.length * ofId;
  return {
    inputTokensAtMost: sum(orIds(utf8Length, 1)) + MESSAGE_TOKENS_MAX * inputs.length,
    estimateInputTokens: () => sum(orIds(estimateTokens, 1)),
    chars: sum(orIds(codePointsIn, TOKEN_CHARS)),
  };
}

/** The query is read anew beside each document. */
function sizeOfRerank({ query, documents }: RerankCall): WorkSize {
  const sum = (measure: (text: string) => number) => documents.reduce((all, text) => all + measure(text), 0);
  return {
    inputTokensAtMost: sum(utf8Length) + (utf8Length(query) + MESSAGE_TOKENS_MAX) * documents.length,
    estimateInputTokens: () => sum(estimateTokens) + estimateTokens(query) * documents.length,
    chars: sum(codePointsIn) + codePointsIn(query),
  };
}
