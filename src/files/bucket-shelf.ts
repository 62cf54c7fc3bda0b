// Keeps pictures in a bucket that speaks the S3 protocol. They are still served by this program under its own address, so
// that the bucket stays private and an address works until it expires.
import { S3Client } from 'bun';
import type { Picture } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { FileShelf, KeptFile } from './file-shelf.ts';
import { fileName, readFileName } from './file-shelf.ts';

export type BucketOptions = {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region?: string | undefined;
};

const FOLDER = 'tolmach/';
const SWEPT_AT_ONCE = 1000;
const DELETIONS_AT_ONCE = 16;

export class BucketShelf implements FileShelf {
  readonly #client: S3Client;
  readonly #baseUrl: string;
  readonly #keepMs: number;
  readonly #clock: Clock;

  constructor(options: BucketOptions, baseUrl: string, keepMs: number, clock: Clock) {
    const { region, ...rest } = options;
    this.#client = new S3Client({ ...rest, ...(region === undefined ? {} : { region }) });
    this.#baseUrl = baseUrl;
    this.#keepMs = keepMs;
    this.#clock = clock;
  }

  async keep(picture: Picture): Promise<string> {
    const expiresAtS = Math.ceil((this.#clock.nowMs() + this.#keepMs) / 1000);
    const name = fileName(picture, expiresAtS, crypto.getRandomValues(new Uint8Array(20)));
    await this.#client.write(FOLDER + name, picture.bytes, { type: picture.contentType });
    return `${this.#baseUrl}/${name}`;
  }

  async find(name: string): Promise<KeptFile | undefined> {
    const known = readFileName(name);
    if (known === undefined || known.expiresAtS * 1000 <= this.#clock.nowMs()) return undefined;
    try {
      return { body: new Blob([await this.#client.file(FOLDER + name).arrayBuffer()]), ...known };
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** Names begin with the time of their end, and are listed in order, so that the oldest come first. */
  async sweep(): Promise<void> {
    const { contents = [] } = await this.#client.list({ prefix: FOLDER, maxKeys: SWEPT_AT_ONCE });
    const expired = contents.filter(({ key }) => {
      const known = readFileName(key.slice(FOLDER.length));
      return known !== undefined && known.expiresAtS * 1000 <= this.#clock.nowMs();
    });
    for (let i = 0; i < expired.length; i += DELETIONS_AT_ONCE)
      await Promise.all(expired.slice(i, i + DELETIONS_AT_ONCE).map(({ key }) => this.#client.delete(key)));
  }
}
