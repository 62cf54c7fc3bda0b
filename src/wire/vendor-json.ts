// Reads a vendor's JSON that is not trusted: what is no object is a failure of the catalogue, never an exception.
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { isObject } from '../core/fields.ts';

/** A body as text. Throws `upstream_bad_response` where it is no UTF-8: it was damaged on the way. */
export function textOfBody(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw unreadable('the answer is no UTF-8');
  }
}

/** Throws `upstream_bad_response` where the text is no JSON, or none of an object. */
export function parseVendorObject(text: string, what = 'the answer'): JsonObject {
  const value = parseVendorJson(text, what);
  if (!isObject(value)) throw unreadable(`${what} is not an object`);
  return value;
}

export function parseVendorJson(text: string, what = 'the answer'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(`${what} is not JSON`);
  }
}

export function unreadable(detail: string): CallError {
  return new CallError('upstream_bad_response', { detail });
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
