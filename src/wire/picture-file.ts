// Finished pictures as vendors send them. Only bytes are taken: a vendor's own address would expire, would show where
// the picture was made, and could point into our own network.
import type { Picture } from '../core/call.ts';
import { CallError } from '../core/errors.ts';

/** The first twelve bytes of each kind of file, in hex. */
const SIGNATURES: readonly (readonly [start: RegExp, contentType: Picture['contentType']])[] = [
  [/^89504e470d0a1a0a/, 'image/png'],
  [/^ffd8ff/, 'image/jpeg'],
  [/^52494646.{8}57454250/, 'image/webp'],
];
/** What a whole file has somewhere after its beginning: the chunk IEND, the marker EOI. Programs may write more behind it. */
const ENDINGS = { 'image/png': Buffer.from('IEND'), 'image/jpeg': Buffer.from([0xff, 0xd9]) } as const;

/** A picture in base64, with or without the beginning of a `data:` address. Throws `upstream_bad_response`. */
export function pictureOfBase64(base64: string): Picture {
  return pictureOfBytes(Buffer.from(base64.replace(/^data:[^,]{0,100},/, ''), 'base64'));
}

/** What kind of picture the bytes are, if they are one. */
export function contentTypeOf(bytes: Uint8Array): Picture['contentType'] | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  return SIGNATURES.find(([signature]) => signature.test(start))?.[1];
}

/** Throws `upstream_bad_response` where the bytes are no picture of a known kind, or only the beginning of one. */
export function pictureOfBytes(bytes: Uint8Array): Picture {
  const contentType = contentTypeOf(bytes);
  if (contentType === undefined)
    throw new CallError('upstream_bad_response', { detail: 'a picture is neither PNG, JPEG nor WebP' });
  if (!hasEnd(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), contentType))
    throw new CallError('upstream_bad_response', { detail: 'a picture breaks off' });
  return { bytes: new Uint8Array(bytes), contentType };
}

/** Nobody is to pay for the half of a picture. The file is not decoded: what is wrong inside of it is not seen here. */
function hasEnd(file: Buffer, contentType: Picture['contentType']): boolean {
  // RIFF says at its beginning how much follows these eight bytes; the last one may be padding, which some leave out.
  if (contentType === 'image/webp') return file.length >= file.readUInt32LE(4) + 7;
  return file.lastIndexOf(ENDINGS[contentType]) >= 0;
}
