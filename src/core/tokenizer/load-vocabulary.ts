// Loads the vocabularies, each upon first use and then for good: no process pays for an encoding that nobody asks for.
import type { EncodingName } from './encoding-for-model.ts';
import { parseVocabulary, type Vocabulary } from './vocabulary.ts';

const PACKED_RANKS: Readonly<Record<EncodingName, () => Promise<{ default: { bpe_ranks: string } }>>> = {
  r50k_base: () => import('js-tiktoken/ranks/r50k_base'),
  p50k_base: () => import('js-tiktoken/ranks/p50k_base'),
  cl100k_base: () => import('js-tiktoken/ranks/cl100k_base'),
  o200k_base: () => import('js-tiktoken/ranks/o200k_base'),
};

const loaded = new Map<EncodingName, Promise<Vocabulary>>();

/** The vocabulary of an encoding. Calls that come while it is being loaded share the one load. */
export function loadVocabulary(encoding: EncodingName): Promise<Vocabulary> {
  let vocabulary = loaded.get(encoding);
  if (vocabulary === undefined) {
    vocabulary = PACKED_RANKS[encoding]().then((module) => parseVocabulary(module.default.bpe_ranks));
    loaded.set(encoding, vocabulary);
  }
  return vocabulary;
}
