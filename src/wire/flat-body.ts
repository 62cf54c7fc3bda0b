// Reads the flat bodies of the older Russian services: JSON whatever the declared type is, or a form. Old Python scripts
// post JSON with no type at all, and `curl -d` calls JSON a form.
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { givenTwice, parseObject, tooManyParts } from '../core/json-guard.ts';
import type { WireBody } from './rendering.ts';

/** Read before the caller is known, since the key is one of the fields: no more than a few milliseconds' work. */
const FORM_CHARS_MAX = 4 * 1024 * 1024;
const FORM_FIELDS_MAX = 1_000;

const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i;

/** The key is read before the caller is known and the other fields after that; the body is parsed once. */
const parsed = new WeakMap<WireBody, JsonObject>();

/** The fields of the body. A multipart form has been turned into a plain one by the shell. */
export function readFlatBody(body: WireBody): JsonObject {
  let fields = parsed.get(body);
  if (fields === undefined) {
    fields = parseFlatBody(body);
    parsed.set(body, fields);
  }
  return fields;
}

function parseFlatBody(body: WireBody): JsonObject {
  const text = body.text.trim();
  if (text.startsWith('{') || text.startsWith('[')) return parseObject(text).value;
  if (FORM_TYPE.test(body.contentType)) return readForm(text);
  throw new CallError(text === '' ? 'invalid_body' : 'invalid_json');
}

/** Fields that are given twice are refused, as in JSON: two readers could disagree about which one counts. */
function readForm(text: string): JsonObject {
  if (text.length > FORM_CHARS_MAX) throw new CallError('body_too_large');
  for (let at = text.indexOf('&'), count = 1; at >= 0; at = text.indexOf('&', at + 1), count++)
    if (count > FORM_FIELDS_MAX) throw tooManyParts();
  const fields = [...new URLSearchParams(text)];
  const names = new Set<string>();
  for (const [name] of fields) {
    if (names.has(name)) throw givenTwice(name);
    names.add(name);
  }
  return Object.fromEntries(fields);
}

/** The body's `key`, or `undefined` where it has none. One that is no text is a wrong key rather than a missing one. */
export function readBodyKey(body: WireBody): string | undefined {
  const { key } = readFlatBody(body);
  if (key === undefined || key === null) return undefined;
  const given = (typeof key === 'string' ? key : JSON.stringify(key)).trim();
  return given === '' ? undefined : given;
}

/** A positive 53-bit integer, given as a number or as decimal text; `undefined` for anything else. */
export function readLong(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
