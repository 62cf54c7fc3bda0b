// Runs PyPI's `tiktoken` on texts, with vocabularies from the npm package in place of those it would fetch.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENCODING_NAMES, type EncodingName } from '../../../src/core/tokenizer/encoding-for-model.ts';
import { rankFile, rankFileUrl } from './rank-files.ts';

const PYTHON = process.env['PYTHON'] ?? 'python3';

/** The version whose vocabularies, patterns and Unicode classes the tokenizer agrees with. */
export const TIKTOKEN_VERSION = '0.14.0';

export function hasTiktoken(): boolean {
  const code = `import tiktoken; assert tiktoken.__version__ == "${TIKTOKEN_VERSION}"`;
  try {
    return Bun.spawnSync([PYTHON, '-c', code], { stdout: 'ignore', stderr: 'ignore' }).success;
  } catch {
    return false;
  }
}

export type TiktokenAnswer = {
  /** The encoding of each model name, and of each beginning of one, that the package knows. */
  readonly encodingByModel: Readonly<Record<string, string>>;
  readonly ids: readonly (readonly number[])[];
};

export async function encodeWithTiktoken(
  requests: readonly { readonly encoding: EncodingName; readonly text: string }[],
): Promise<TiktokenAnswer> {
  const cache = await mkdtemp(join(tmpdir(), 'tiktoken-'));
  try {
    for (const encoding of ENCODING_NAMES) {
      const name = createHash('sha1').update(rankFileUrl(encoding)).digest('hex');
      await Bun.write(join(cache, name), await rankFile(encoding));
    }
    const script = join(import.meta.dir, 'encode-with-tiktoken.py');
    const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
    const python = Bun.spawn([PYTHON, script], {
      stdin: new Blob([input]),
      stderr: 'inherit',
      env: { ...process.env, TIKTOKEN_CACHE_DIR: cache },
    });
    const lines = (await new Response(python.stdout).text()).trimEnd().split('\n');
    if ((await python.exited) !== 0) throw new Error('tiktoken failed');
    const [models, ...ids] = lines.map((line: string) => JSON.parse(line));
    return { encodingByModel: models, ids };
  } finally {
    await rm(cache, { recursive: true });
  }
}
