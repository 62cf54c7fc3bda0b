// Keeps pictures in a folder of the data directory.
import { mkdirSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { crashPoint } from '../crash-point.ts';
import type { FileShelf, KeptFile } from './file-shelf.ts';
import { fileName, readFileName } from './file-shelf.ts';

export class DiskShelf implements FileShelf {
  readonly #folder: string;
  readonly #baseUrl: string;
  readonly #keepMs: number;
  readonly #clock: Clock;

  /** @param baseUrl what file names are put behind, such as `https://example.org/files`. */
  constructor(folder: string, baseUrl: string, keepMs: number, clock: Clock) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#baseUrl = baseUrl;
    this.#keepMs = keepMs;
    this.#clock = clock;
  }

  async keep(picture: Picture): Promise<string> {
    const expiresAtS = Math.ceil((this.#clock.nowMs() + this.#keepMs) / 1000);
    const name = fileName(picture, expiresAtS, crypto.getRandomValues(new Uint8Array(20)));
    await Bun.write(join(this.#folder, name), picture.bytes);
    crashPoint('image.file-written');
    return `${this.#baseUrl}/${name}`;
  }

  async find(name: string): Promise<KeptFile | undefined> {
    // The name's pattern leaves no room for a path.
    const known = readFileName(name);
    if (known === undefined || known.expiresAtS * 1000 <= this.#clock.nowMs()) return undefined;
    const file = Bun.file(join(this.#folder, name));
    return (await file.exists()) ? { body: file, ...known } : undefined;
  }

  async sweep(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const known = readFileName(name);
      if (known !== undefined && known.expiresAtS * 1000 <= this.#clock.nowMs())
        await unlink(join(this.#folder, name)).catch(() => undefined);
    }
  }
}
