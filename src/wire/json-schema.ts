// The parts of a JSON Schema, for what one vendor demands of it and another's clients need not give. The depth is bound
// by that of the whole body.
import type { JsonObject } from '../core/fields.ts';
import { isObject } from '../core/fields.ts';

/** Fields of a schema that hold schemas by name. */
const MAPS: readonly string[] = ['properties', '$defs', 'definitions'];
/** Fields of a schema that are schemas, or lists of them. */
const PARTS: readonly string[] = ['items', 'prefixItems', 'anyOf', 'allOf', 'oneOf'];

/** The schema with each schema right below it changed. */
export function mapParts(schema: JsonObject, change: (part: JsonObject) => JsonObject): JsonObject {
  const changed = (part: unknown) => (isObject(part) ? change(part) : part);
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (MAPS.includes(name) && isObject(value))
      out[name] = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, changed(part)]));
    else if (PARTS.includes(name)) out[name] = Array.isArray(value) ? value.map(changed) : changed(value);
    else out[name] = value;
  }
  return out;
}

export function describesObject({ type, properties }: JsonObject): boolean {
  return isObject(properties) || [type].flat().includes('object');
}

/** Whether OpenAI takes a schema as a strict one: its objects are closed, and all of their fields are required. */
export function fitsStrict(schema: JsonObject): boolean {
  return (!describesObject(schema) || isExact(schema)) && partsOf(schema).every(fitsStrict);
}

function isExact({ properties, required, additionalProperties }: JsonObject): boolean {
  const names = isObject(properties) ? Object.keys(properties) : [];
  return additionalProperties === false && names.every((name) => Array.isArray(required) && required.includes(name));
}

function partsOf(schema: JsonObject): JsonObject[] {
  const maps = MAPS.flatMap((name) => (isObject(schema[name]) ? Object.values(schema[name]) : []));
  return [...maps, ...PARTS.flatMap((name) => schema[name])].filter(isObject);
}
