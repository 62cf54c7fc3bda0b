// What the fakes of vendors make of a call, told once for all of them: an answer that shows what has arrived. A picture is
// described by its bytes, the result of a tool is repeated, and a prompt may ask for trouble.

export type Heard = {
  readonly isStream: boolean;
  /** Names of the tools that may be called. */
  readonly tools: readonly string[];
  /** What tools have answered after the last word of the user. */
  readonly results: readonly string[];
  /** The pictures, as `describePicture` tells them, or their addresses. */
  readonly pictures: readonly string[];
  /** The schema that the answer has to fit. */
  readonly schema: unknown;
};

export type Said = { readonly text: string } | { readonly call: typeof WEATHER };

/** The call of a tool that every fake makes. */
export const WEATHER = { name: 'weather', args: { city: 'Москва', days: 2 } } as const;

/** What is said where a schema was asked for. */
export const SCHEMA_ANSWER = JSON.stringify({ city: WEATHER.args.city });

export function answerTo({ results, pictures, schema, tools }: Heard, greeting: string): Said {
  const result = results.at(-1);
  if (result !== undefined) return { text: `The tool says: ${result}` };
  if (pictures.length > 0) return { text: `The pictures are: ${pictures.join(', ')}` };
  if (schema !== undefined) return { text: SCHEMA_ANSWER };
  return tools.length > 0 ? { call: WEATHER } : { text: greeting };
}

export function describePicture(contentType: string, bytes: Uint8Array): string {
  return `${contentType} of ${bytes.length} bytes`;
}

export function describeBase64(contentType: string, base64: string): string {
  return describePicture(contentType, Buffer.from(base64, 'base64'));
}

/** The words of an answer, each with the space that follows it. */
export function wordsOf(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

/** A status to answer with, or an answer that breaks off. */
export type Trouble = number | 'cut';

/** What a prompt asks a fake to do instead of answering: `fail with 429`, `fail with a cut`. */
export function troubleOf(text: string): Trouble | undefined {
  const asked = /\bfail with (\d{3}|a cut)\b/.exec(text)?.[1];
  if (asked === undefined) return undefined;
  return asked === 'a cut' ? 'cut' : Number(asked);
}

/** A vendor's words for what went wrong. About our key or account they must never reach a customer. */
export function wordsOfTrouble(status: number): string {
  if (status === 400) return 'The request has a field that is wrong.';
  return status === 404 ? 'There is no such model.' : 'The account of our-secret-operator is in trouble.';
}
