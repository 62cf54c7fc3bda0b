// Reads the pictures of an OpenAI image generation.
import type { Picture } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import { pictureOfBase64 } from '../picture-file.ts';
import { parseVendorObject, unreadable } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';

/** Throws `content_refused` where the vendor drew nothing because of the content. */
export function readPictures(text: string): Picture[] {
  const body = parseVendorObject(text);
  if (body['error'] !== undefined && body['error'] !== null) throw faultOfErrorObject(body['error']);
  const data = Array.isArray(body['data']) ? body['data'].filter(isObject) : [];
  const drawn = data.filter((item) => typeof item['b64_json'] === 'string' && item['b64_json'] !== '');
  if (drawn.length > 0) return drawn.map((item) => pictureOfBase64(String(item['b64_json'])));
  if (data.some((item) => item['finish_reason'] === 'content_filter'))
    throw new CallError('content_refused', { detail: 'the provider drew nothing because of the content' });
  if (data.some((item) => typeof item['url'] === 'string'))
    throw unreadable('the answer has addresses instead of pictures, which are not fetched');
  throw unreadable('the answer has no pictures');
}
