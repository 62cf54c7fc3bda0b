// The vocabularies as the files that OpenAI publishes, made anew from the npm package: a line for each token, its bytes
// in base64 and its rank. Their hashes prove that the package's vocabularies are the genuine ones.
import type { EncodingName } from '../../../src/core/tokenizer/encoding-for-model.ts';

/** From `tiktoken_ext/openai_public.py` of tiktoken 0.14.0. */
export const RANK_FILE_SHA256: Readonly<Record<EncodingName, string>> = {
  r50k_base: '306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930',
  p50k_base: '94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069',
  cl100k_base: '223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7',
  o200k_base: '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d',
};

/** The address that `tiktoken` would fetch the file from, which is also the name it has in its cache. */
export function rankFileUrl(encoding: EncodingName): string {
  return `https://openaipublic.blob.core.windows.net/encodings/${encoding}.tiktoken`;
}

export async function rankFile(encoding: EncodingName): Promise<string> {
  const { default: data } = (await import(`js-tiktoken/ranks/${encoding}`)) as { default: { bpe_ranks: string } };
  let file = '';
  for (const line of data.bpe_ranks.split('\n')) {
    const [, first, ...tokens] = line.split(' ');
    tokens.forEach((token, i) => {
      file += `${token} ${Number(first) + i}\n`;
    });
  }
  return file;
}
