// Models as Ollama lists and shows them. They are nobody's files here, so that sizes are 0, and a digest tells one name from
// another and nothing else.

import { CallError } from '../../core/errors.ts';
import { optionalString } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import type { WireBody } from '../rendering.ts';

/** A version of Ollama that has the routes and fields which are spoken here. */
export const OLLAMA_VERSION = '0.13.0';

export type ShownModel = {
  readonly name: string;
  readonly kind: string;
  readonly ownedBy: string;
  readonly createdAtS: number;
};

const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  text: ['completion', 'tools'],
  embedding: ['embedding'],
};

export function renderModelList(models: readonly ShownModel[]): unknown {
  return {
    models: models
      .filter(({ kind }) => kind in CAPABILITIES)
      .map((model) => ({
        name: model.name,
        model: model.name,
        modified_at: dateOf(model),
        size: 0,
        digest: digestOf(model.name),
        details: detailsOf(model),
      })),
  };
}

export function readShownName(body: WireBody): string {
  const { value } = parseObject(body.text);
  const name = optionalString(value, 'model') ?? optionalString(value, 'name') ?? '';
  if (name === '') throw new CallError('missing_field', { param: 'model', message: 'model is required' });
  return name;
}

export function renderModel(model: ShownModel): unknown {
  return {
    modelfile: '',
    parameters: '',
    template: '',
    license: '',
    details: detailsOf(model),
    model_info: {},
    capabilities: CAPABILITIES[model.kind] ?? [],
    modified_at: dateOf(model),
  };
}

function dateOf({ createdAtS }: ShownModel): string {
  return new Date(createdAtS * 1000).toISOString();
}

function detailsOf({ ownedBy }: ShownModel) {
  return {
    parent_model: '',
    format: '',
    family: ownedBy,
    families: [ownedBy],
    parameter_size: '',
    quantization_level: '',
  };
}

/** 64 digits as its clients expect, made of the name: FNV-1a with another start for each eight of them. */
function digestOf(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return Array.from({ length: 8 }, (_, i) => {
    let hash = (0x811c9dc5 ^ i) >>> 0;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, '0');
  }).join('');
}
