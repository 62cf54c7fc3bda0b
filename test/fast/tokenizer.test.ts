// The tokenizer's promises that need no Python: genuine vocabularies, the ids that `tiktoken` gave, and no text that
// takes more than n log n. The slow test asks `tiktoken` itself.
import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ENCODING_NAMES, type EncodingName, encodingForModel } from '../../src/core/tokenizer/encoding-for-model.ts';
import { loadVocabulary } from '../../src/core/tokenizer/load-vocabulary.ts';
import { countTokens, tokenize } from '../../src/core/tokenizer/tokenize.ts';
import { RANK_FILE_SHA256, rankFile } from '../clients/tokenizer/rank-files.ts';

type ExpectedRow = { readonly text: string } & Readonly<Record<EncodingName, readonly number[]>>;

const fixture = Bun.file(join(import.meta.dir, '../clients/tokenizer/expected-ids.jsonl'));
const rows: readonly ExpectedRow[] = (await fixture.text())
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

test('the example of the NSP document', async () => {
  expect(await tokenize('Hello World!', encodingForModel(undefined))).toEqual({
    ids: [15496, 2159, 0],
    pieces: ['Hello', ' World', '!'],
  });
});

for (const encoding of ENCODING_NAMES) {
  test(`${encoding} has the published vocabulary`, async () => {
    const file = await rankFile(encoding);
    expect(createHash('sha256').update(file).digest('hex')).toBe(RANK_FILE_SHA256[encoding]);

    const vocabulary = await loadVocabulary(encoding);
    for (const line of file.trimEnd().split('\n')) {
      const [base64, rank] = line.split(' ');
      const bytes = Buffer.from(base64 as string, 'base64');
      if (vocabulary.idOf(bytes, 0, bytes.length) !== Number(rank)) throw new Error(`${base64} is not ${rank}`);
    }
  });

  test(`${encoding} gives the ids of tiktoken for ${rows.length} recorded texts`, async () => {
    for (const row of rows) {
      const { ids } = await tokenize(row.text, encoding);
      expect([row.text, ids]).toEqual([row.text, [...row[encoding]]]);
      expect(await countTokens(row.text, encoding)).toBe(ids.length);
    }
  });
}

test('pieces join to the text where no character is cut', async () => {
  const { pieces } = await tokenize('\ufeffПривет, мир! <|endoftext|>\n\n  x = 1', 'o200k_base');
  expect(pieces.join('')).toBe('\ufeffПривет, мир! <|endoftext|>\n\n  x = 1');
  expect(pieces[0]).toBe('\ufeff');
});

test('a piece that is not whole UTF-8 is shown with U+FFFD', async () => {
  const { ids, pieces } = await tokenize('😀', 'r50k_base');
  expect(ids).toEqual([47249, 222]);
  expect(pieces).toEqual(['\ufffd', '\ufffd']);
});

test('a lone surrogate counts as U+FFFD', async () => {
  for (const encoding of ENCODING_NAMES) {
    expect(await tokenize('a\ud800b', encoding)).toEqual(await tokenize('a\ufffdb', encoding));
  }
});

// A quadratic merge would take minutes for each of these.
test.each(['a', ' ', 'ж', '-', '\n', '😀', "'"])(
  'a run of 200 000 bytes of %j is merged at once',
  async (character) => {
    const text = character.repeat(200_000 / Buffer.byteLength(character));
    const startedAt = performance.now();
    for (const encoding of ENCODING_NAMES) await countTokens(text, encoding);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  },
);

test.each([
  [undefined, 'r50k_base'],
  ['', 'r50k_base'],
  ['text-davinci-003', 'p50k_base'],
  ['text-davinci-002', 'p50k_base'],
  ['text-davinci-001', 'r50k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-turbo-2024-04-09', 'cl100k_base'],
  ['gpt-4o', 'o200k_base'],
  ['gpt-4.1-mini', 'o200k_base'],
  ['gpt-5', 'o200k_base'],
  ['o1', 'o200k_base'],
  ['o3-mini', 'o200k_base'],
  ['o4-mini', 'o200k_base'],
  ['openai/GPT-4o-mini', 'o200k_base'],
  ['ft:gpt-3.5-turbo:me', 'cl100k_base'],
  ['claude-sonnet-4-5', 'cl100k_base'],
  ['GigaChat-Max', 'cl100k_base'],
  ['ada-like-name', 'r50k_base'],
  ['adamant', 'cl100k_base'],
] as const)('the encoding of %p is %s', (model, encoding) => {
  expect(encodingForModel(model)).toBe(encoding);
});
