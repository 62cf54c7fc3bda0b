// What the demonstration makes of texts: vectors and rankings with no model behind them. They come from the words alone,
// always the same for the same text, so that texts that share words are near to each other, as real ones would be.
import type { EmbeddingInput, Ranking, RerankCall, Vectors } from './work.ts';

/** As long as those of the small model that most programs ask for. */
const DIMENSIONS = 1_536;
/** Places of a vector that each word changes. */
const PLACES_A_WORD = 8;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export function demoVectors(inputs: readonly EmbeddingInput[], dimensions = DIMENSIONS): Vectors {
  return inputs.map((input) => vectorOf(typeof input === 'string' ? wordsOf(input) : input.map(String), dimensions));
}

/** Scored from 0 to 1 by the words that a document shares with the query. */
export function demoRanking({ query, documents, topN }: RerankCall): Ranking {
  const asked = vectorOf(wordsOf(query), DIMENSIONS);
  const scored = documents.map((text, index) => ({
    index,
    score: likeness(asked, vectorOf(wordsOf(text), DIMENSIONS)),
  }));
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, topN ?? documents.length);
}

/** A vector of length 1, as those of OpenAI's models are. */
function vectorOf(words: readonly string[], dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of words) {
    let hash = hashOf(word);
    for (let i = 0; i < PLACES_A_WORD; i++) {
      hash = mix(hash);
      const at = hash % dimensions;
      vector[at] = (vector[at] ?? 0) + ((hash & 0x80000000) === 0 ? 1 : -1);
    }
  }
  const length = Math.sqrt(dotOf(vector, vector));
  if (length === 0) vector[0] = 1;
  else for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] ?? 0) / length;
  return vector;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
}

function likeness(a: Float32Array, b: Float32Array): number {
  return Math.min(1, Math.max(0, dotOf(a, b)));
}

function dotOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Fowler, Noll and Vo's hash of the code units. */
function hashOf(word: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FNV_PRIME) >>> 0;
  return hash;
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output's. */
function mix(hash: number): number {
  let h = (hash + 0x9e3779b9) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
