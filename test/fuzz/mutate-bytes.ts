// Changes bytes, whatever they mean: what is left of a format when its text is damaged.
import type { SeededRandom } from '../../src/testing/seeded-random.ts';
import { STRANGE_BYTES } from './strange-values.ts';

export function mutateBytes(random: SeededRandom, bytes: Buffer, changes = random.pick([1, 1, 2, 3, 8])): Buffer {
  let out = bytes;
  for (let left = changes; left > 0; left--) out = changeOnce(random, out);
  return out;
}

function changeOnce(random: SeededRandom, bytes: Buffer): Buffer {
  const at = random.whole(0, bytes.length);
  const length = random.pick([1, 1, 2, 5, 40]);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (random.whole(0, 8)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random.whole(0, 7));
      return copy;
    }
    case 1:
      return Buffer.concat([before, random.pick(STRANGE_BYTES), after]);
    case 2:
      return Buffer.concat([before, random.pick(STRANGE_BYTES), after.subarray(1)]);
    case 3:
      return Buffer.concat([before, after.subarray(length)]);
    case 4:
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 5:
      return before;
    case 6:
      return after;
    case 7:
      return Buffer.concat([before, Buffer.alloc(length, random.whole(0, 255)), after]);
    default:
      return Buffer.concat([before, Buffer.from('{"a":[1,",\\'.charAt(random.whole(0, 10))), after]);
  }
}

/** In pieces at random places, some of which are empty or of one byte. */
export function splitAtRandom(random: SeededRandom, bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = random.pick([0, 1, 1, 2, 3, 10, 100, 1_000]);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
