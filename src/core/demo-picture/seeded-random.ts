// Numbers that look random and follow from a text alone. For pictures only: anyone who knows the text knows them all.

/** Answers the next number of 0 to 1 (exclusive) with each call. */
export type Random = () => number;

/** Mulberry32, started with FNV-1a over the text's UTF-16 units. */
export function seededRandom(text: string): Random {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function between(random: Random, min: number, max: number): number {
  return min + (max - min) * random();
}

/** A whole number of `min` to `max`, both included. */
export function wholeBetween(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}
