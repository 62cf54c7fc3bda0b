// Work beside chat and pictures: calls that are answered whole, by one result of a kind of its own. All kinds take the
// same way through the pipeline; a kind is its call, its result, and how large the call is.

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
};

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

export type WorkCalls = { embedding: EmbeddingCall; rerank: RerankCall };
export type WorkResults = { embedding: Vectors; rerank: Ranking };
export type WorkKind = keyof WorkCalls;
export type WorkCall = WorkCalls[WorkKind];

export const WORK_KINDS: readonly WorkKind[] = ['embedding', 'rerank'];

/** A call's size: what is held comes from `inputTokensAtMost`, and the plan's bound on text is about `chars`. */
export type WorkSize = {
  readonly inputTokensAtMost: number;
  /** Asked for only where a provider does not tell. */
  estimateInputTokens(): number;
  readonly chars: number;
};

/** Characters that a token id stands for, about. */
const TOKEN_CHARS = 4;

export function sizeOf(call: WorkCall): WorkSize {
  return call.endpoint === 'embedding' ? sizeOfEmbedding(call) : sizeOfRerank(call);
}

function sizeOfEmbedding({ inputs }: EmbeddingCall): WorkSize {
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
