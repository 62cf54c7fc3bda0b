// Parses whole answers of OpenAI-like vendors that are no chat completions.
import type { JsonObject } from '../../core/fields.ts';
import { parseVendorObject } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';

/** The body of a 200 answer. Throws `upstream_bad_response`, or what an error object inside means. */
export function parseOpenaiObject(text: string): JsonObject {
  const body = parseVendorObject(text);
  if (body['error'] !== undefined && body['error'] !== null) throw faultOfErrorObject(body['error']);
  return body;
}
