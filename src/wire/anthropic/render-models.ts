// The list of models as Anthropic's clients expect it, in one page.
import type { JsonObject } from '../../core/fields.ts';

export type ListedModel = { readonly name: string; readonly createdAtS: number };

export function renderModel({ name, createdAtS }: ListedModel): JsonObject {
  return { type: 'model', id: name, display_name: name, created_at: new Date(createdAtS * 1000).toISOString() };
}

export function renderModelPage(models: readonly ListedModel[]): JsonObject {
  return {
    data: models.map(renderModel),
    has_more: false,
    first_id: models[0]?.name ?? null,
    last_id: models.at(-1)?.name ?? null,
  };
}
