// Fields of Google's JSON, which may be spelled in camel or in snake case: all of Google's own servers take both.
import type { JsonObject } from '../../core/fields.ts';
import { invalid, isObject, optionalString } from '../../core/fields.ts';

/** A body, or a part of one, with the names of its fields in camel case. What lies deeper is as it came. */
export function camelFields(value: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name in value) out[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = value[name];
  return out;
}

/** An object by the name of its field; `undefined` where it is absent. */
export function objectField(body: JsonObject, name: string, at = name): JsonObject | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(at, `"${at}" must be an object.`);
  return camelFields(value);
}

/** A word of one of Google's lists of them, in capitals. Clients made from Google's definitions may tell its number there. */
export function enumField(body: JsonObject, name: string, words: readonly string[]): string | undefined {
  const value = body[name];
  if (typeof value === 'number') return words[value] ?? String(value);
  return optionalString(body, name)?.toUpperCase();
}

/** A list of objects; empty where it is absent. */
export function objectList(body: JsonObject, name: string, at = name): JsonObject[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(at, `"${at}" must be an array.`);
  return value.map((item: unknown, i) => {
    if (!isObject(item)) throw invalid(`${at}[${i}]`, `"${at}[${i}]" must be an object.`);
    return camelFields(item);
  });
}
