// What calls were counted in, for people: tokens in and out, pictures, characters said aloud, seconds of recordings.

export type Used = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly images: number;
  readonly characters?: number;
  readonly audioSeconds?: number;
};

/** Only what there was, such as `12+30` tokens or `2 pictures`. */
export function used({ inputTokens, outputTokens, images, characters = 0, audioSeconds = 0 }: Used): string {
  const counts = [
    ['pictures', images],
    ['characters', characters],
    ['seconds', audioSeconds],
  ] as const;
  const others = counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`);
  const hasTokens = inputTokens + outputTokens > 0 || others.length === 0;
  return [...(hasTokens ? [`${inputTokens}+${outputTokens}`] : []), ...others].join(', ');
}
