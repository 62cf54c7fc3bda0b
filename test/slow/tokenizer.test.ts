// The tokenizer against PyPI's `tiktoken` itself, and a megabyte of the worst texts against the clock. The comparison
// is skipped by name where Python has not the package: `pip install tiktoken==0.14.0`, and PYTHON names another
// interpreter than `python3`.
import { expect, test } from 'bun:test';
import { ENCODING_NAMES, type EncodingName, encodingForModel } from '../../src/core/tokenizer/encoding-for-model.ts';
import { countTokens, tokenize } from '../../src/core/tokenizer/tokenize.ts';
import { randomText, seededRandom } from '../clients/tokenizer/random-texts.ts';
import { encodeWithTiktoken, hasTiktoken, TIKTOKEN_VERSION } from '../clients/tokenizer/tiktoken.ts';

const RANDOM_TEXTS = 10_000;
const MEGABYTE = 1_000_000;
const comparison = test.skipIf(!hasTiktoken());

comparison(`ids equal those of tiktoken ${TIKTOKEN_VERSION} on ${RANDOM_TEXTS} random texts`, async () => {
  const seed = Number(process.env['SEED'] ?? 20_261_121);
  const random = seededRandom(seed);
  await compare(
    Array.from({ length: RANDOM_TEXTS }, () => randomText(random)),
    `SEED=${seed}`,
  );
});

comparison(`every assigned code point is split as by tiktoken ${TIKTOKEN_VERSION}`, async () => {
  const texts: string[] = [];
  for (let code = 0; code < 0xe0200; code++) {
    // Between the ideographs of plane 3 and the tags of plane 14 nothing is assigned, and after those all is private.
    if (code === 0x34000) code = 0xe0000;
    const c = String.fromCodePoint(code);
    // A letter leaves `.the` and `'s` whole, while a sign takes their first character to itself.
    texts.push(`A${c}a${c}1${c} ${c}-${c}${c} \n${c}.the${c}'s ${c}`);
  }
  const blocks = Array.from({ length: Math.ceil(texts.length / 64) }, (_, i) =>
    texts.slice(i * 64, i * 64 + 64).join(''),
  );
  await compare(blocks, 'code points');
});

comparison(`the encodings of models are those of tiktoken ${TIKTOKEN_VERSION}`, async () => {
  const { encodingByModel } = await encodeWithTiktoken([]);
  // These differ from their base in special tokens only, which are ordinary text here.
  const bases: Record<string, string> = { gpt2: 'r50k_base', p50k_edit: 'p50k_base', o200k_harmony: 'o200k_base' };
  for (const [model, encoding] of Object.entries(encodingByModel)) {
    expect([model, encodingForModel(model)]).toEqual([model, (bases[encoding] ?? encoding) as EncodingName]);
  }
});

const random = seededRandom(7);
const megabyteOf = (part: () => string): string => {
  let text = '';
  while (Buffer.byteLength(text) < 1_000) text += part();
  const bytes = Buffer.byteLength(text);
  return text.repeat(Math.ceil(MEGABYTE / bytes));
};

const megabytes: readonly (readonly [string, string])[] = [
  ...['a', 'A', ' ', '\n', '\t', '\0', '-', '!', "'", '0', 'ж', 'Ж', '中', '😀', '\u0301', '\ufffd', '𐐀'].map(
    (c) => [`one character, ${JSON.stringify(c)}`, c.repeat(MEGABYTE / Buffer.byteLength(c))] as const,
  ),
  ['spaces before a letter', `${' '.repeat(MEGABYTE)}a`],
  ['spaces and line ends', ' \n'.repeat(MEGABYTE / 2)],
  ['letters without case before capitals', '中'.repeat(MEGABYTE / 6) + 'A'.repeat(MEGABYTE / 2)],
  ['lone surrogates', '\ud800'.repeat(MEGABYTE / 3)],
  ['random letters', Array.from({ length: MEGABYTE }, () => String.fromCharCode(97 + random(26))).join('')],
  ['random Cyrillic', Array.from({ length: MEGABYTE / 2 }, () => String.fromCharCode(0x430 + random(32))).join('')],
  ['mixed text', megabyteOf(() => randomText(random))],
];

test.each(megabytes)('a megabyte of %s takes less than a second', async (_, text) => {
  for (const encoding of ENCODING_NAMES) {
    await tokenize('', encoding);
    const startedAt = performance.now();
    await tokenize(text, encoding);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  }
});

async function compare(texts: readonly string[], origin: string): Promise<void> {
  const requests = texts.flatMap((text) => ENCODING_NAMES.map((encoding) => ({ encoding, text })));
  const { ids } = await encodeWithTiktoken(requests);
  expect(ids.length).toBe(requests.length);
  for (const [i, { encoding, text }] of requests.entries()) {
    const ours = await tokenize(text, encoding);
    if (!Bun.deepEquals(ours.ids, ids[i])) {
      expect({ origin, encoding, text, ids: ours.ids }).toEqual({ origin, encoding, text, ids: [...(ids[i] ?? [])] });
    }
    expect(await countTokens(text, encoding)).toBe(ours.ids.length);
  }
}
