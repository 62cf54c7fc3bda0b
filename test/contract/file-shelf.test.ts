// The shelf in the data folder keeps the contract of shelves. The one in a bucket is held to it in
// test/slow/bucket-shelf.test.ts.
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskShelf } from '../../src/files/disk-shelf.ts';
import { BASE_URL, KEEP_MS, shelfContract } from './file-shelf/shelf-contract.ts';

describe('the shelf on disk', () => {
  shelfContract((clock) => {
    const folder = mkdtempSync(join(tmpdir(), 'tolmach-files-'));
    return Promise.resolve({
      shelf: new DiskShelf(folder, BASE_URL, KEEP_MS, clock),
      list: () => Promise.resolve(readdirSync(folder)),
      close: () => Promise.resolve(rmSync(folder, { recursive: true })),
    });
  });

  test("makes a folder that is its owner's alone, and leaves files that are not its own", async () => {
    const parent = mkdtempSync(join(tmpdir(), 'tolmach-files-'));
    const folder = join(parent, 'files');
    const shelf = new DiskShelf(folder, BASE_URL, KEEP_MS, { nowMs: () => 9e12, monotonicMs: () => 0 });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    writeFileSync(join(parent, 'secret'), 'secret');
    await shelf.sweep();
    expect(readdirSync(folder)).toEqual(['notes.txt']);
    expect(await shelf.find('notes.txt')).toBeUndefined();
    expect(await shelf.find('../secret')).toBeUndefined();
    rmSync(parent, { recursive: true });
  });
});
