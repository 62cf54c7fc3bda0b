// Where finished pictures are kept until they expire. Addresses cannot be guessed: 160 random bits each, and nothing lists
// them. Whoever has one can fetch the picture without a key, as the documents ask.
import type { Picture } from '../core/call.ts';

export type KeptFile = { readonly body: Blob; readonly contentType: string; readonly expiresAtS: number };

export interface FileShelf {
  /** Keeps a picture; resolves to its address once it can be fetched. */
  keep(picture: Picture): Promise<string>;
  /** The file of an address's last part, or `undefined` if there is none or it has expired. */
  find(name: string): Promise<KeptFile | undefined>;
  /** Removes what has expired. */
  sweep(): Promise<void>;
}

const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;
const NAME = /^(\d{10})-[a-f0-9]{40}\.(png|jpg|webp)$/;

/** A name that tells when it expires, in seconds since 1970, so that no table of files is needed. */
export function fileName(picture: Picture, expiresAtS: number, random: Uint8Array): string {
  return `${String(expiresAtS).padStart(10, '0')}-${Buffer.from(random).toString('hex')}.${EXTENSIONS[picture.contentType]}`;
}

/** When a name expires, and what it holds; `undefined` for anything that is no name of ours. */
export function readFileName(name: string): { readonly expiresAtS: number; readonly contentType: string } | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const contentType = Object.entries(EXTENSIONS).find(([, extension]) => extension === match[2])?.[0];
  return { expiresAtS: Number(match[1]), contentType: contentType ?? 'application/octet-stream' };
}
