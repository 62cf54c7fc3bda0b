// Which byte-pair encoding a model's name calls for. The rows agree with the model table of PyPI's `tiktoken`, and go
// on to newer names of the same families.

export const ENCODING_NAMES = ['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base'] as const;
export type EncodingName = (typeof ENCODING_NAMES)[number];

/** What the tokenizer route answers with when no model is named; the NSP document's example shows this encoding. */
const DEFAULT_ENCODING: EncodingName = 'r50k_base';

/**
 * Used for every model that is not in the table. Vendors such as Anthropic, Google, Sber and Yandex publish no
 * vocabulary, so for their models the count is an estimate by a modern encoding of middling size, never an exact one.
 */
const ENCODING_FOR_UNKNOWN_MODELS: EncodingName = 'cl100k_base';

/** The first row that matches decides, so a narrower pattern stands before a wider one. */
const ROWS: readonly (readonly [RegExp, EncodingName])[] = [
  [/^(chatgpt-|gpt-(4o|4\.1|4\.5|oss|[5-9])|o\d(-|$))/, 'o200k_base'],
  [/^(gpt-4|gpt-3\.5|gpt-35|text-embedding-3-|text-embedding-ada-002|davinci-002|babbage-002)/, 'cl100k_base'],
  [/^(text-davinci-00[23]|text-davinci-edit-|code-davinci-|code-cushman-|davinci-codex|cushman-codex)/, 'p50k_base'],
  [/^(gpt-?2|gpt-?3|(text-|code-)?(search-|similarity-)?(davinci|curie|babbage|ada)(-|:|$))/, 'r50k_base'],
];

/**
 * The encoding of a model. Case, a vendor's prefix (`openai/gpt-4o`) and a fine-tune's prefix (`ft:gpt-4o:me`) are
 * passed over. The answer for any other name is documented above; no name is an error.
 */
export function encodingForModel(model: string | undefined): EncodingName {
  if (model === undefined || model === '') return DEFAULT_ENCODING;
  const bare = model
    .toLowerCase()
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/, '');
  return ROWS.find(([pattern]) => pattern.test(bare))?.[1] ?? ENCODING_FOR_UNKNOWN_MODELS;
}
