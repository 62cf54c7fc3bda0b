// The runtime makes a part of a text by pointing into the whole, which then lies in memory for as long as the part.

/** With fewer characters around the part a copy is dearer than what it sets free. */
const SET_FREE_CHARS_MIN = 1_024;

/** The end of a text, in no more memory than it needs. It must not begin within a character. */
export function endOf(text: string, from: number): string {
  const end = text.slice(from);
  return from < SET_FREE_CHARS_MIN ? end : ownCopy(end);
}

/** What holds on to no longer text. It must not begin or end within a character. */
export function ownCopy(part: string): string {
  return Buffer.from(part).toString();
}
