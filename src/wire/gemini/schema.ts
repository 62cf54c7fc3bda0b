// Turns Google's schemas into JSON Schema: types in small letters, `nullable` as a type of its own, and numbers that
// Google writes as text. What is JSON Schema already stays as it is.
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';

/** Counts that are 64-bit in Google's schemas, which its JSON tells as text. */
const COUNTS = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'];
/** Fields whose values are schemas by name. */
const MAPS = ['properties', '$defs', 'definitions'];
const NAMES: Readonly<Record<string, string>> = { any_of: 'anyOf', min_items: 'minItems', max_items: 'maxItems' };

/** In the order of Google's definitions, since some clients tell the number there. */
const TYPES: readonly unknown[] = [undefined, 'string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

export function jsonSchemaOf(value: unknown): JsonObject {
  const schema = convert(value);
  return isObject(schema) ? schema : {};
}

/** The depth is bound by that of the whole body. */
function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, field] of Object.entries(value)) {
    const known = NAMES[name] ?? name;
    if (known === 'propertyOrdering' || known === 'property_ordering' || known === 'nullable') continue;
    out[known] = convertField(known, field);
  }
  if (value['nullable'] === true && typeof out['type'] === 'string') out['type'] = [out['type'], 'null'];
  return out;
}

function convertField(name: string, field: unknown): unknown {
  if (name === 'type' && typeof field === 'string') return field.toLowerCase();
  if (name === 'type' && typeof field === 'number') return TYPES[field] ?? field;
  if (COUNTS.includes(name) && typeof field === 'string' && /^\d+$/.test(field)) return Number(field);
  if (name === 'enum' || name === 'required' || name === 'default' || name === 'example' || name === 'const')
    return field;
  if (MAPS.includes(name) && isObject(field))
    return Object.fromEntries(Object.entries(field).map(([key, schema]) => [key, convert(schema)]));
  return convert(field);
}
