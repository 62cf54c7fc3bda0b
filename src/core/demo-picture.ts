// Pictures of the built-in demo provider: an abstract landscape of sky, discs and waves as a real PNG file.
//
// Everything follows from the prompt's hash and the size: the same prompt gives the same picture, another prompt other
// colours and shapes. Nothing of the prompt's meaning is drawn, and the file's text chunk says where it comes from.
import type { AspectRatio } from './call.ts';
import { type Canvas, newCanvas, paintDisc, paintGradient, paintWave, toBytes } from './demo-picture/canvas.ts';
import { choosePalette, colourAt, type Palette } from './demo-picture/palette.ts';
import { between, type Random, seededRandom, wholeBetween } from './demo-picture/seeded-random.ts';
import { encodePng } from './png.ts';

export type PictureSize = { readonly width: number; readonly height: number };

/** Pictures take time in proportion to their area, so that of an asked size is bounded by its sides. */
export const PICTURE_SIDE_MAX = 2048;
const LONG_SIDE_PX = 512;

/** The largest size of exactly this ratio whose long side is at most `longSidePx`; at the least, the ratio in pixels. */
export function sizeFor(ratio: AspectRatio, longSidePx = LONG_SIDE_PX): PictureSize {
  const [across = 1, down = 1] = ratio.split(':').map(Number);
  const unit = Math.max(1, Math.floor(longSidePx / Math.max(across, down)));
  return { width: across * unit, height: down * unit };
}

/** A PNG file. `RangeError` where a side is not a whole number of 1 to `PICTURE_SIDE_MAX`. */
export function drawDemoPicture(prompt: string, size: PictureSize = sizeFor('1:1')): Uint8Array {
  for (const side of [size.width, size.height]) {
    if (!Number.isInteger(side) || side < 1 || side > PICTURE_SIDE_MAX)
      throw new RangeError(`a picture side of ${side}`);
  }
  const random = seededRandom(prompt);
  const palette = choosePalette(random);
  const canvas = newCanvas(size.width, size.height);
  const horizon = between(random, 0.3, 0.62);
  paintGradient(canvas, palette.sky, horizon + 0.12, between(random, -0.35, 0.35));
  paintSun(canvas, palette, random, horizon);
  paintSparks(canvas, palette, random, horizon);
  paintWaves(canvas, palette, random, horizon);
  return encodePng(size.width, size.height, toBytes(canvas), { Software: 'Tolmach demo' });
}

/** A disc in a wide glow, with rings of light around it in some pictures. */
function paintSun(canvas: Canvas, { sun }: Palette, random: Random, horizon: number): void {
  const unit = Math.min(canvas.width, canvas.height);
  const x = canvas.width * between(random, 0.2, 0.8);
  const y = canvas.height * horizon * between(random, 0.35, 0.95);
  const radius = unit * between(random, 0.07, 0.17);
  const glow = radius * between(random, 3.5, 5);
  paintDisc(canvas, { x, y, radius: glow, fade: glow, hole: 0, colour: sun, alpha: 0.55 });
  const rings = wholeBetween(random, 0, 4);
  for (let i = rings; i > 0; i--) {
    const ring = radius * (1 + i * 0.55);
    paintDisc(canvas, { x, y, radius: ring, fade: 1.5, hole: 0, colour: sun, alpha: 0.11 });
  }
  paintDisc(canvas, { x, y, radius, fade: 1.5, hole: 0, colour: sun, alpha: 0.96 });
}

/** Faint discs and rings in the sky, and small lights. */
function paintSparks(canvas: Canvas, { spark }: Palette, random: Random, horizon: number): void {
  const unit = Math.min(canvas.width, canvas.height);
  const discs = wholeBetween(random, 4, 9);
  for (let i = 0; i < discs; i++) {
    const radius = unit * between(random, 0.03, 0.16);
    const hole = random() < 0.4 ? radius * 0.93 : 0;
    const [x, y] = [canvas.width * random(), canvas.height * horizon * between(random, 0, 1.1)];
    const alpha = hole > 0 ? 0.3 : between(random, 0.05, 0.16);
    paintDisc(canvas, { x, y, radius, fade: 1.5, hole, colour: spark, alpha });
  }
  const lights = wholeBetween(random, 10, 50);
  for (let i = 0; i < lights; i++) {
    const radius = unit * between(random, 0.002, 0.006) + 0.5;
    const [x, y] = [canvas.width * random(), canvas.height * horizon * random()];
    paintDisc(canvas, { x, y, radius, fade: radius, hole: 0, colour: spark, alpha: between(random, 0.4, 0.95) });
  }
}

/** Waves from the horizon to the bottom edge, each nearer, rougher and deeper in colour than the one behind it. */
function paintWaves(canvas: Canvas, { waves }: Palette, random: Random, horizon: number): void {
  const count = wholeBetween(random, 4, 7);
  for (let i = 0; i < count; i++) {
    const near = i / (count - 1);
    const top = canvas.height * (horizon + (0.95 - horizon) * near ** 1.15);
    paintWave(canvas, {
      crest: crestLine(canvas, top, 0.5 + near * 0.8, random),
      atCrest: colourAt(waves, near - 0.14),
      below: colourAt(waves, near + 0.16),
      depth: canvas.height * 0.22,
    });
  }
}

/** A sum of three sines: a long swell and two shorter ones on top of it. */
function crestLine({ width, height }: Canvas, top: number, roughness: number, random: Random): Float32Array {
  const crest = new Float32Array(width).fill(top);
  for (const [cycles, share] of [
    [0.7, 0.045],
    [1.9, 0.022],
    [4.3, 0.007],
  ] as const) {
    const pace = (cycles * between(random, 0.7, 1.4) * 2 * Math.PI) / width;
    const phase = random() * 2 * Math.PI;
    const swing = share * height * roughness * between(random, 0.6, 1.3);
    for (let x = 0; x < width; x++) crest[x] = (crest[x] ?? 0) + swing * Math.sin(x * pace + phase);
  }
  return crest;
}
