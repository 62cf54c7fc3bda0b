// Token counts without a vendor's word: an upper bound for holds, and an estimate for answers that were cut short.

/** Tokens that a chat template adds to each message, and once to the whole call, at the most. */
export const MESSAGE_TOKENS_MAX = 16;

/** What vendors count for an ordinary picture in high detail, about. */
export const IMAGE_TOKENS = 1_500;

/**
 * The dearest picture that vendors count, where a model does not say: 1 445 tokens by tiles, 3 779 by patches of the
 * smallest models (OpenAI, "Images and vision"), and 4 784 by the largest models of Anthropic, rounded up.
 */
export const IMAGE_TOKENS_MAX = 5_000;

/**
 * About how many tokens a modern encoding makes of the text: four Latin characters or two and a half Cyrillic ones
 * to a token, and one for each sign of scripts beyond that. Used only where the vendor gave no usage.
 */
export function estimateTokens(text: string): number {
  let quarterTokens = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    quarterTokens += c < 0x80 ? 1 : c < 0x530 ? 1.6 : c < 0xd800 || c > 0xdfff ? 4 : 3;
  }
  return Math.ceil(quarterTokens / 4);
}

/**
 * Bytes of UTF-8, without encoding the text: also more tokens than any encoding that vendors use can make of it, since
 * all of them fall back to single bytes. A lone surrogate counts as the three bytes of U+FFFD.
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x80) continue;
    if (c < 0x800) bytes += 1;
    else if (c >= 0xd800 && c <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i += 1;
    } else bytes += 2;
  }
  return bytes;
}

function isLowSurrogate(c: number): boolean {
  return c >= 0xdc00 && c <= 0xdfff;
}
