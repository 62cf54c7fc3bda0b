// What every shelf guarantees, wherever it keeps its files. The suite is run over each of them.
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import type { Picture } from '../../../src/core/call.ts';
import type { Clock } from '../../../src/core/clock.ts';
import type { FileShelf } from '../../../src/files/file-shelf.ts';
import { PIXEL } from '../../../src/testing/fault-scripts.ts';

export const KEEP_MS = 60_000;
export const BASE_URL = 'https://example.org/files';

export type OpenedShelf = {
  readonly shelf: FileShelf;
  /** The names of all files that are kept, expired or not. */
  list(): Promise<string[]>;
  close(): Promise<void>;
};

const PNG: Picture = { bytes: PIXEL, contentType: 'image/png' };
const nameOf = (address: string): string => address.slice(BASE_URL.length + 1);

/** Names that are none: paths, other kinds of files, other lengths. `name` is one that is there. */
function wrongNames(name: string): string[] {
  return [
    '',
    '.',
    '..',
    '../secret',
    '..%2Fsecret',
    `../files/${name}`,
    `./${name}`,
    `/${name}`,
    `x/../${name}`,
    `${name}/`,
    `${name}\0`,
    `${name}\n`,
    ` ${name}`,
    `${name}.png`,
    name.replace('.png', '.jpg'),
    name.replace('.png', '.html'),
    name.replace('.png', '.PNG'),
    name.replace('.png', ''),
    name.slice(1),
    name.toUpperCase(),
    // Somebody else's time to live.
    name.replace(/^\d{10}/, '9999999999'),
    name.replace(/-../, '-00'),
  ];
}

export function shelfContract(open: (clock: Clock) => Promise<OpenedShelf>): void {
  let nowMs: number;
  let opened: OpenedShelf;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  beforeAll(async () => {
    opened = await open(clock);
  });
  beforeEach(() => {
    nowMs = 1_800_000_000_000;
  });
  afterAll(() => opened.close());

  test.each([
    ['image/png', 'png'],
    ['image/jpeg', 'jpg'],
    ['image/webp', 'webp'],
  ] as const)('a picture of type %s is found by its address, byte for byte', async (contentType, extension) => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const address = await opened.shelf.keep({ bytes, contentType });
    expect(address).toMatch(new RegExp(`^${BASE_URL}/\\d{10}-[0-9a-f]{40}\\.${extension}$`));
    const file = await opened.shelf.find(nameOf(address));
    expect(file).toMatchObject({ contentType, expiresAtS: (nowMs + KEEP_MS) / 1000 });
    expect(Buffer.from((await file?.body.arrayBuffer()) ?? new ArrayBuffer(0)).equals(bytes)).toBe(true);
  });

  test('addresses cannot be guessed from one another, even those of the same picture', async () => {
    const addresses = await Promise.all(Array.from({ length: 20 }, () => opened.shelf.keep(PNG)));
    const randoms = addresses.map((address) => nameOf(address).split('-')[1] ?? '');
    expect(new Set(randoms).size).toBe(20);
    // 160 bits each: no two begin alike.
    expect(new Set(randoms.map((random) => random.slice(0, 12))).size).toBe(20);
  });

  test('a picture is found until it expires, swept or not', async () => {
    const name = nameOf(await opened.shelf.keep(PNG));
    nowMs += KEEP_MS - 1;
    expect(await opened.shelf.find(name)).toBeDefined();
    nowMs += 1;
    expect(await opened.shelf.find(name)).toBeUndefined();
  });

  test('a sweep removes what has expired and nothing else', async () => {
    const old = nameOf(await opened.shelf.keep(PNG));
    nowMs += KEEP_MS / 2;
    const young = nameOf(await opened.shelf.keep(PNG));
    await opened.shelf.sweep();
    expect(await opened.list()).toEqual(expect.arrayContaining([old, young]));
    nowMs += KEEP_MS / 2;
    await opened.shelf.sweep();
    const left = await opened.list();
    expect(left).toContain(young);
    expect(left).not.toContain(old);
    expect(await opened.shelf.find(young)).toBeDefined();
  });

  test('no other name leads anywhere', async () => {
    const name = nameOf(await opened.shelf.keep(PNG));
    for (const wrong of wrongNames(name)) expect([wrong, await opened.shelf.find(wrong)]).toEqual([wrong, undefined]);
    expect(await opened.shelf.find(name)).toBeDefined();
  });
}
