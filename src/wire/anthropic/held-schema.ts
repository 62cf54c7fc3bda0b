// Schemas that Anthropic can hold a model to. Source: the vendor's page on structured outputs, and what its official
// clients make of other schemas.
import type { JsonObject } from '../../core/fields.ts';
import { describesObject, mapParts } from '../json-schema.ts';

const FORMATS: readonly unknown[] = [
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
];

/** Keywords that the vendor refuses, but for some values. */
const REFUSED: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(
    [
      ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
      ...['minLength', 'maxLength', 'pattern', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
    ].map((name) => [name, () => true]),
  ),
  minItems: (value) => value !== 0 && value !== 1,
  format: (value) => !FORMATS.includes(value),
};

/**
 * What a model cannot be held to is told it in the description instead. An object that says nothing of further fields is
 * closed, since the vendor takes no other; one that says otherwise stays, and is refused.
 */
export function heldSchema(schema: JsonObject): JsonObject {
  const { $schema: _, oneOf, ...rest } = mapParts(schema, heldSchema);
  const out: JsonObject = { ...rest, ...(oneOf === undefined ? {} : { anyOf: oneOf }) };
  const told: string[] = [];
  for (const [name, value] of Object.entries(out)) {
    if (REFUSED[name]?.(value) !== true) continue;
    told.push(`${name}: ${JSON.stringify(value)}`);
    delete out[name];
  }
  if (told.length > 0)
    out['description'] = [schema['description'], `{${told.join(', ')}}`].filter(Boolean).join('\n\n');
  if (describesObject(schema) && out['additionalProperties'] === undefined) out['additionalProperties'] = false;
  return out;
}
