// Token counts without a vendor's word: an upper bound for holds, and an estimate for answers that were cut short.

/** Tokens that a chat template adds to each message, and once to the whole call, at the most. */
export const MESSAGE_TOKENS_MAX = 16;

/** The dearest image that vendors count: a high-detail picture of 1 445 tokens, rounded up. */
export const IMAGE_TOKENS_MAX = 1_500;

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
