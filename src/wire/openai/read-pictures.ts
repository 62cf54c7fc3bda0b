// Reads the pictures of an OpenAI image generation. Only bytes are taken: a vendor's own address would expire, would
// show where the picture was made, and could point into our own network.
import type { Picture } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import { parseVendorObject, unreadable } from './parse-vendor.ts';

/** The first twelve bytes of each kind of file, in hex. */
const SIGNATURES: readonly (readonly [start: RegExp, contentType: Picture['contentType']])[] = [
  [/^89504e470d0a1a0a/, 'image/png'],
  [/^ffd8ff/, 'image/jpeg'],
  [/^52494646.{8}57454250/, 'image/webp'],
];

/** Throws `content_refused` where the vendor drew nothing because of the content. */
export function readPictures(text: string): Picture[] {
  const body = parseVendorObject(text);
  const data = Array.isArray(body['data']) ? body['data'].filter(isObject) : [];
  const drawn = data.filter((item) => typeof item['b64_json'] === 'string' && item['b64_json'] !== '');
  if (drawn.length > 0) return drawn.map((item) => toPicture(String(item['b64_json'])));
  if (data.some((item) => item['finish_reason'] === 'content_filter'))
    throw new CallError('content_refused', { detail: 'the provider drew nothing because of the content' });
  if (data.some((item) => typeof item['url'] === 'string'))
    throw unreadable('the answer has addresses instead of pictures, which are not fetched');
  throw unreadable('the answer has no pictures');
}

/** What kind of picture the bytes are, if they are one. */
export function contentTypeOf(bytes: Uint8Array): Picture['contentType'] | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  return SIGNATURES.find(([signature]) => signature.test(start))?.[1];
}

function toPicture(base64: string): Picture {
  const bytes = new Uint8Array(Buffer.from(base64.replace(/^data:[^,]{0,100},/, ''), 'base64'));
  const contentType = contentTypeOf(bytes);
  if (contentType === undefined) throw unreadable('a picture is neither PNG, JPEG nor WebP');
  return { bytes, contentType };
}
