// Demo pictures: real PNG files, checked by an own reader of the format, that follow from the prompt alone.
import { describe, expect, test } from 'bun:test';
import { crc32, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { ASPECT_RATIOS, isAspectRatio } from '../../src/core/call.ts';
import { drawDemoPicture, sizeFor } from '../../src/core/demo-picture.ts';
import { encodePng } from '../../src/core/png.ts';

type Decoded = { width: number; height: number; rgb: Uint8Array; texts: string[]; types: string[] };

/** Reads an 8-bit RGB PNG whose rows use the filters "none" or "up", and checks every checksum on the way. */
function decodePng(bytes: Uint8Array): Decoded {
  const file = Buffer.from(bytes);
  expect(file.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const decoded: Decoded = { width: 0, height: 0, rgb: new Uint8Array(0), texts: [], types: [] };
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(file.subarray(at + 4, at + 8 + length)));
    decoded.types.push(type);
    if (type === 'IHDR') {
      decoded.width = data.readUInt32BE(0);
      decoded.height = data.readUInt32BE(4);
      expect([...data.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
    }
    if (type === 'tEXt') decoded.texts.push(data.toString('latin1'));
    if (type === 'IDAT') decoded.rgb = unfilter(inflateSync(data), decoded.width * 3);
    at += 12 + length;
  }
  return decoded;
}

function unfilter(rows: Uint8Array, rowBytes: number): Uint8Array {
  const rgb = new Uint8Array((rows.length / (rowBytes + 1)) * rowBytes);
  for (let y = 0; y * rowBytes < rgb.length; y++) {
    const filter = rows[y * (rowBytes + 1)];
    expect(filter === 0 || filter === 2).toBe(true);
    for (let i = 0; i < rowBytes; i++) {
      const above = filter === 2 && y > 0 ? (rgb[(y - 1) * rowBytes + i] ?? 0) : 0;
      rgb[y * rowBytes + i] = (rows[y * (rowBytes + 1) + 1 + i] ?? 0) + above;
    }
  }
  return rgb;
}

describe('encodePng', () => {
  test('a reader of the format gets back exactly the pixels, whatever they are', () => {
    const picture = fc
      .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
      .chain(({ width, height }) => {
        const length = width * height * 3;
        return fc.tuple(
          fc.constant(width),
          fc.constant(height),
          fc.uint8Array({ minLength: length, maxLength: length }),
        );
      });
    fc.assert(
      fc.property(picture, ([width, height, rgb]) => {
        const decoded = decodePng(encodePng(width, height, rgb));
        expect(decoded).toEqual({ width, height, rgb, texts: [], types: ['IHDR', 'IDAT', 'IEND'] });
      }),
    );
  });

  test('texts come before the pixels, as keyword, NUL and value', () => {
    const decoded = decodePng(encodePng(1, 1, Uint8Array.of(1, 2, 3), { Software: 'Tolmach', Comment: 'café' }));
    expect(decoded.types).toEqual(['IHDR', 'tEXt', 'tEXt', 'IDAT', 'IEND']);
    expect(decoded.texts).toEqual(['Software\0Tolmach', 'Comment\0café']);
  });

  test('what would make a broken file is refused', () => {
    const pixel = Uint8Array.of(1, 2, 3);
    for (const [width, height] of [
      [0, 1],
      [1, 0],
      [1.5, 1],
      [5000, 1],
      [2, 1],
    ] as const) {
      expect(() => encodePng(width, height, pixel)).toThrow(RangeError);
    }
    expect(() => encodePng(1, 1, pixel, { '': 'x' })).toThrow(RangeError);
    expect(() => encodePng(1, 1, pixel, { Comment: 'чай' })).toThrow(RangeError);
    expect(() => encodePng(1, 1, pixel, { Comment: 'a\0b' })).toThrow(RangeError);
  });
});

describe('drawDemoPicture', () => {
  test('answers a PNG of each aspect ratio, exact, 512 pixels or a little less on the long side', () => {
    for (const ratio of ASPECT_RATIOS) {
      const size = sizeFor(ratio);
      const { width, height } = decodePng(drawDemoPicture('Кот ночью', size));
      expect({ width, height }).toEqual(size);
      const [across = 0, down = 0] = ratio.split(':').map(Number);
      expect(width * down).toBe(height * across);
      expect(Math.max(width, height)).toBeWithin(509, 513);
    }
  });

  test('is square by default and names its maker', () => {
    const decoded = decodePng(drawDemoPicture('Кот ночью'));
    expect([decoded.width, decoded.height]).toEqual([512, 512]);
    expect(decoded.texts).toEqual(['Software\0Tolmach demo']);
  });

  test('the same prompt gives the same bytes, another prompt other ones', () => {
    const size = { width: 48, height: 32 };
    const prompts = ['', 'кот', 'кот ', 'Кот', 'cat', '🐈', 'очень длинное описание '.repeat(1000)];
    const files = prompts.map((prompt) => Buffer.from(drawDemoPicture(prompt, size)).toString('base64'));
    expect(prompts.map((prompt) => Buffer.from(drawDemoPicture(prompt, size)).toString('base64'))).toEqual(files);
    expect(new Set(files).size).toBe(prompts.length);
  });

  test('is a picture and no flat area, for every prompt', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (prompt) => {
        const { rgb } = decodePng(drawDemoPicture(prompt, { width: 64, height: 64 }));
        const colours = new Set<number>();
        for (let i = 0; i < rgb.length; i += 3)
          colours.add((rgb[i] ?? 0) * 65536 + (rgb[i + 1] ?? 0) * 256 + (rgb[i + 2] ?? 0));
        expect(colours.size).toBeGreaterThan(200);
      }),
      { numRuns: 30 },
    );
  });

  test('draws any size down to a single pixel and refuses others', () => {
    for (const size of [
      { width: 1, height: 1 },
      { width: 1, height: 300 },
      { width: 300, height: 1 },
    ]) {
      const { width, height } = decodePng(drawDemoPicture('кот', size));
      expect({ width, height }).toEqual(size);
    }
    for (const width of [0, -5, 2.5, 2049, Number.NaN]) {
      expect(() => drawDemoPicture('кот', { width, height: 10 })).toThrow(RangeError);
    }
  });

  test('takes a small share of a second: the best of five is under 60 ms of the processor', () => {
    const times = Array.from({ length: 5 }, (_, i) => {
      const before = process.threadCpuUsage();
      drawDemoPicture(`кот ${i}`);
      return process.threadCpuUsage(before).user / 1_000;
    });
    expect(Math.min(...times)).toBeLessThan(60);
  });
});

describe('sizes', () => {
  test('only the five documented ratios are ratios', () => {
    expect(ASPECT_RATIOS.every(isAspectRatio)).toBe(true);
    for (const text of ['', '1:2', '16:9 ', '16/9', 'constructor']) expect(isAspectRatio(text)).toBe(false);
  });

  test('a long side is kept to, and never makes an empty picture', () => {
    expect(sizeFor('16:9', 1024)).toEqual({ width: 1024, height: 576 });
    expect(sizeFor('9:16', 5)).toEqual({ width: 9, height: 16 });
  });
});
