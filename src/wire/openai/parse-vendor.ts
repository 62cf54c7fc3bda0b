// Parses whole answers of OpenAI-like vendors that are no chat completions.
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import { faultOfErrorObject } from './fault.ts';

/** The text of an answer. Throws `upstream_bad_response` where letters of it cannot be read. */
export function vendorText({ bytes }: { readonly bytes: Uint8Array }): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable('the answer is no UTF-8');
  }
}

/** The body of a 200 answer. Throws `upstream_bad_response`, or what an error object inside means. */
export function parseVendorObject(text: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw unreadable('the answer is not JSON');
  }
  if (!isObject(body)) throw unreadable('the answer is not an object');
  if (body['error'] !== undefined && body['error'] !== null) throw faultOfErrorObject(body['error']);
  return body;
}

export function unreadable(detail: string): CallError {
  return new CallError('upstream_bad_response', { detail });
}
