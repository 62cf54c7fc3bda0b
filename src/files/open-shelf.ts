// Chooses where pictures are kept: a bucket where one is configured, else the data folder.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Clock } from '../core/clock.ts';
import { BucketShelf } from './bucket-shelf.ts';
import { DiskShelf } from './disk-shelf.ts';
import type { FileShelf } from './file-shelf.ts';

/** The path under which kept files are served. */
export const FILES_PATH = '/files/';

export function openShelf(config: Config, clock: Clock): FileShelf {
  const { bucket, keepMs } = config.files;
  const baseUrl = `${config.publicUrl}${FILES_PATH.slice(0, -1)}`;
  if (bucket !== undefined) return new BucketShelf(bucket, baseUrl, keepMs, clock);
  return new DiskShelf(join(config.dataDir, 'files'), baseUrl, keepMs, clock);
}
