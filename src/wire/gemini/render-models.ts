// Models as Google's clients list them.
export type ListedModel = { readonly name: string; readonly kind: string };

const METHODS: Readonly<Record<string, readonly string[]>> = {
  text: ['generateContent', 'streamGenerateContent', 'countTokens'],
  embedding: ['embedContent', 'batchEmbedContents'],
};

export function renderModel({ name, kind }: ListedModel): unknown {
  return { name: `models/${name}`, displayName: name, supportedGenerationMethods: METHODS[kind] ?? [] };
}

export function renderModelList(models: readonly ListedModel[]): unknown {
  return { models: models.map(renderModel) };
}
