// Writes expected-ids.jsonl, the answers of PyPI's `tiktoken` that the fast test compares with. Needs Python with the
// package: `node bin/bun.mjs test/clients/tokenizer/write-expected-ids.ts`.
import { join } from 'node:path';
import { ENCODING_NAMES } from '../../../src/core/tokenizer/encoding-for-model.ts';
import { randomText, seededRandom } from './random-texts.ts';
import { encodeWithTiktoken } from './tiktoken.ts';

const CHOSEN = ['', 'Hello World!', 'Привет, мир!', '<|endoftext|>', '\ufeffa', '\ud800', 'a\udc00b', 'a'.repeat(1000)];
const RANDOM_TEXTS = 192;
/** Long texts are left to the slow test, so that the file stays small. */
const LONGEST = 120;

const random = seededRandom(1);
const texts = [...CHOSEN];
while (texts.length < CHOSEN.length + RANDOM_TEXTS) {
  const text = randomText(random);
  if (text.length <= LONGEST) texts.push(text);
}
const requests = texts.flatMap((text) => ENCODING_NAMES.map((encoding) => ({ encoding, text })));
const { ids } = await encodeWithTiktoken(requests);
const lines = texts.map((text, row) => {
  const byEncoding = ENCODING_NAMES.map((encoding, i) => [encoding, ids[row * ENCODING_NAMES.length + i]]);
  return asciiJson({ text, ...Object.fromEntries(byEncoding) });
});
await Bun.write(join(import.meta.dir, 'expected-ids.jsonl'), `${lines.join('\n')}\n`);

/** Escapes everything beyond ASCII, so that no editor or diff changes an invisible character. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
