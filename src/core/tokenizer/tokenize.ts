// Turns text into the tokens of an encoding, exactly as `encode_ordinary` of PyPI's `tiktoken` does.
//
// Special tokens such as `<|endoftext|>` are ordinary text here, so that nobody can smuggle one in. A lone surrogate
// counts as U+FFFD. Loading the vocabulary is the only effect; the rest is pure, and runs without a pause: the caller
// bounds the text's size. A megabyte takes a few tenths of a second, whatever is in it.
import type { EncodingName } from './encoding-for-model.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { ByteMerger } from './merge-bytes.ts';
import { splitText } from './split-text.ts';
import type { Vocabulary } from './vocabulary.ts';

export type Tokens = {
  readonly ids: number[];
  /** What each token reads as. Where a character was cut between tokens, its parts are shown as U+FFFD. */
  readonly pieces: string[];
};

export async function tokenize(text: string, encoding: EncodingName): Promise<Tokens> {
  const vocabulary = await loadVocabulary(encoding);
  const ids = encode(text, encoding, vocabulary);
  return { ids, pieces: ids.map((id) => vocabulary.pieceOf(id)) };
}

export async function countTokens(text: string, encoding: EncodingName): Promise<number> {
  return encode(text, encoding, await loadVocabulary(encoding)).length;
}

function encode(text: string, encoding: EncodingName, vocabulary: Vocabulary): number[] {
  const wellFormed = text.toWellFormed();
  const bytes = new TextEncoder().encode(wellFormed);
  const merger = new ByteMerger(vocabulary);
  const ids: number[] = [];
  let byteStart = 0;
  splitText(wellFormed, encoding, (start, end) => {
    const byteEnd = byteStart + utf8Length(wellFormed, start, end);
    merger.merge(bytes, byteStart, byteEnd, ids);
    byteStart = byteEnd;
  });
  return ids;
}

/** Bytes of UTF-8 in a part of well-formed text that cuts no surrogate pair: each half of a pair is two bytes. */
function utf8Length(text: string, start: number, end: number): number {
  let bytes = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    bytes += c < 0x80 ? 1 : c < 0x800 || (c >= 0xd800 && c <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
