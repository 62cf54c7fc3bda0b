// Looks at a vendor's stream as text, for relays that pass its frames on as they came.

/** The index after the first blank line from `from` on, in any of the three spellings of a line's end, or -1. */
export function frameEnd(text: string, from: number): number {
  const blankLine = /\r\n\r\n|\n\n|\r\r|\n\r\n/g;
  blankLine.lastIndex = from;
  return blankLine.test(text) ? blankLine.lastIndex : -1;
}

/** The text of a JSON string without its quotes; what is no such text is answered as it is. */
export function unescapeJson(escaped: string): string {
  try {
    const text: unknown = JSON.parse(`"${escaped}"`);
    return typeof text === 'string' ? text : '';
  } catch {
    return escaped;
  }
}
