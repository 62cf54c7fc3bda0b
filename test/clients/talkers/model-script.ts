// What the models of the talking vendors say, whatever protocol tells it: a client of any family then has to end up
// with the same words, the same arguments and the same counts.

/** What every function is called with, and what an answer in JSON says. */
export const ARGUMENTS = { city: 'Москва', days: 2 };
export const THOUGHT = 'Let me see.';
/** Fewer tokens than this cut the answer. */
const WHOLE_TOKENS = 20;
/** A prompt with this word in it is refused, each vendor in its own way. */
export const REFUSED_WORD = 'forbidden';

export type Heard = {
  /** Functions that may be called now; none where the last turn has the result of one. */
  readonly callable: readonly string[];
  readonly wantsJson: boolean;
  readonly hasPicture: boolean;
  readonly outputTokensMax: number;
};

export type Said = {
  readonly text: string;
  readonly calls: readonly string[];
  readonly ending: 'whole' | 'cut' | 'calls';
};

export function say({ callable, wantsJson, hasPicture, outputTokensMax }: Heard): Said {
  if (callable.length > 0) return { text: '', calls: callable, ending: 'calls' };
  if (wantsJson) return { text: JSON.stringify(ARGUMENTS), calls: [], ending: 'whole' };
  if (outputTokensMax < WHOLE_TOKENS) return { text: 'Hello', calls: [], ending: 'cut' };
  return { text: hasPicture ? 'I see a picture.' : 'Hello there.', calls: [], ending: 'whole' };
}

/** The arguments as a model streams them: pieces that are no JSON by themselves. */
export function argumentPieces(): string[] {
  return JSON.stringify(ARGUMENTS).match(/.{1,9}/gu) ?? [];
}
