// Reads fields of untrusted JSON objects, one rule per kind of field. Each problem is an `invalid_field` that names
// the field in the caller's spelling. Absent and null are the same.
import { CallError } from './errors.ts';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(param: string, message: string): CallError {
  return new CallError('invalid_field', { param, message });
}

/** A field that is understood but cannot be honoured. It is refused by name, never left out in silence. */
export function unsupported(param: string, message: string): CallError {
  return new CallError('unsupported_parameter', { param, message });
}

export function optionalString(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(name, `"${name}" must be a string.`);
  return value;
}

export function optionalBoolean(body: JsonObject, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(name, `"${name}" must be true or false.`);
  return value;
}

export function optionalNumber(body: JsonObject, name: string, min: number, max: number): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw invalid(name, `"${name}" must be a number from ${min} to ${max}.`);
  return value;
}

export function optionalInteger(body: JsonObject, name: string, min: number, max: number): number | undefined {
  const value = optionalNumber(body, name, min, max);
  if (value !== undefined && !Number.isInteger(value))
    throw invalid(name, `"${name}" must be a whole number from ${min} to ${max}.`);
  return value;
}

export function optionalObject(body: JsonObject, name: string): JsonObject | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(name, `"${name}" must be an object.`);
  return value;
}

export function optionalArray(body: JsonObject, name: string, maxItems: number): unknown[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid(name, `"${name}" must be an array.`);
  if (value.length > maxItems) throw invalid(name, `"${name}" has more than ${maxItems} items.`);
  return value;
}

/** Drops fields that are undefined, so that optional properties are absent rather than undefined. */
export function present<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) out[name] = fields[name];
  return out as { [K in keyof T]?: Exclude<T[K], undefined> };
}
