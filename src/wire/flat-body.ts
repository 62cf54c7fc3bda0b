// Reads the flat bodies of the older Russian services: JSON whatever the declared type is, or a form. Old Python scripts
// post JSON with no type at all, and `curl -d` calls JSON a form.
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { parseObject } from '../core/json-guard.ts';
import type { WireBody } from './rendering.ts';

/** The fields of the body. A multipart form has been turned into JSON by the shell. */
export function readFlatBody(body: WireBody): JsonObject {
  const text = body.text.trim();
  if (text.startsWith('{') || text.startsWith('[')) return parseObject(text).value;
  if (body.contentType.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  throw new CallError(text === '' ? 'invalid_body' : 'invalid_json');
}

/** The body's `key`, or `undefined` where it has none that is text. */
export function readBodyKey(body: WireBody): string | undefined {
  const { key } = readFlatBody(body);
  return typeof key === 'string' && key.trim() !== '' ? key.trim() : undefined;
}

/** A positive 53-bit integer, given as a number or as decimal text; `undefined` for anything else. */
export function readLong(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
