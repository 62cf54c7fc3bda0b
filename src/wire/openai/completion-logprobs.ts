// Turns the log probabilities of a chat completion into those of a text completion: four lists of equal length.
import type { JsonObject } from '../../core/fields.ts';
import { isObject, unsupported } from '../../core/fields.ts';
import { codePointsIn } from '../../core/truncate.ts';

export type CompletionLogprobs = {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  /** For each token the likeliest ones in its place, and the token itself. */
  readonly top_logprobs: Record<string, number>[];
  /** Where each token begins, counted in characters from the beginning of the prompt. */
  readonly text_offset: number[];
};

/**
 * @param value the `logprobs` of a choice or of one piece of its stream.
 * @param offset characters before the first token.
 * Throws `unsupported_parameter` where the provider left out what was asked for.
 */
export function convertLogprobs(value: unknown, offset: number): CompletionLogprobs {
  const content = isObject(value) ? value['content'] : undefined;
  if (!Array.isArray(content)) throw unsupported('logprobs', '"logprobs" is not supported by this model.');
  const out: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  let at = offset;
  for (const entry of content.filter(isObject)) {
    const { token, logprob } = entry;
    if (typeof token !== 'string' || typeof logprob !== 'number') continue;
    out.tokens.push(token);
    out.token_logprobs.push(logprob);
    out.top_logprobs.push({ ...topOf(entry), [token]: logprob });
    out.text_offset.push(at);
    at += charactersOf(entry, token);
  }
  return out;
}

/** How many characters these tokens are together. */
export function charactersOfLogprobs(value: unknown): number {
  const content = isObject(value) && Array.isArray(value['content']) ? value['content'].filter(isObject) : [];
  return content.reduce((sum, entry) => sum + charactersOf(entry, String(entry['token'] ?? '')), 0);
}

function topOf(entry: JsonObject): Record<string, number> {
  const top = Array.isArray(entry['top_logprobs']) ? entry['top_logprobs'].filter(isObject) : [];
  return Object.fromEntries(
    top.flatMap(({ token, logprob }) =>
      typeof token === 'string' && typeof logprob === 'number' ? [[token, logprob]] : [],
    ),
  );
}

/** A token may hold a part of a character; the bytes tell in which token the character begins. */
function charactersOf(entry: JsonObject, token: string): number {
  const { bytes } = entry;
  if (!Array.isArray(bytes)) return codePointsIn(token);
  return bytes.filter((byte) => typeof byte === 'number' && (byte & 0xc0) !== 0x80).length;
}
