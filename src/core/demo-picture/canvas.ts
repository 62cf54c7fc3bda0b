// A canvas of floating-point colours and the three things that demo pictures are painted with: gradients, discs and
// waves. Edges are smooth over one pixel. Each painter touches only the pixels that its shape can reach.
import { RAMP_SIZE, type Ramp, type Rgb } from './palette.ts';

export type Canvas = {
  readonly width: number;
  readonly height: number;
  /** Three numbers of 0 to 1 for each pixel, row by row from the top left. */
  readonly colours: Float32Array;
};

export function newCanvas(width: number, height: number): Canvas {
  return { width, height, colours: new Float32Array(width * height * 3) };
}

/** Fills the canvas from the top to `bottom`, a share of the height; `tilt` leans the bands, in shares of the ramp. */
export function paintGradient({ width, height, colours }: Canvas, ramp: Ramp, bottom: number, tilt: number): void {
  let to = 0;
  for (let y = 0; y < height; y++) {
    const level = y / (height * bottom);
    for (let x = 0; x < width; x++) {
      const at = level + tilt * (x / width - 0.5);
      const from = Math.round(Math.min(1, Math.max(0, at)) * (RAMP_SIZE - 1)) * 3;
      colours[to++] = ramp[from] ?? 0;
      colours[to++] = ramp[from + 1] ?? 0;
      colours[to++] = ramp[from + 2] ?? 0;
    }
  }
}

export type Disc = {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Pixels over which the disc fades towards its edge: 1 is a crisp edge, `radius` a glow. */
  readonly fade: number;
  /** Radius of the hole, for rings; 0 is none. */
  readonly hole: number;
  readonly colour: Rgb;
  readonly alpha: number;
};

export function paintDisc(canvas: Canvas, disc: Disc): void {
  const { width, height } = canvas;
  const yEnd = Math.min(height - 1, Math.ceil(disc.y + disc.radius));
  for (let y = Math.max(0, Math.floor(disc.y - disc.radius)); y <= yEnd; y++) {
    const dy = y - disc.y;
    const reach = Math.sqrt(Math.max(0, disc.radius * disc.radius - dy * dy));
    const xEnd = Math.min(width - 1, Math.ceil(disc.x + reach));
    for (let x = Math.max(0, Math.floor(disc.x - reach)); x <= xEnd; x++) {
      const distance = Math.sqrt((x - disc.x) ** 2 + dy * dy);
      const outer = smooth((disc.radius - distance) / disc.fade);
      const inner = disc.hole === 0 ? 1 : smooth(distance - disc.hole);
      blend(canvas, (y * width + x) * 3, disc.colour, outer * inner * disc.alpha);
    }
  }
}

export type Wave = {
  /** The height of the crest above each column, in pixels from the top. */
  readonly crest: Float32Array;
  readonly atCrest: Rgb;
  readonly below: Rgb;
  /** Pixels from the crest over which its colour turns into the colour below. */
  readonly depth: number;
};

/** Fills everything under the crest. */
export function paintWave(canvas: Canvas, { crest, atCrest, below, depth }: Wave): void {
  const { width, height, colours } = canvas;
  for (let y = Math.max(0, Math.floor(lowest(crest))); y < height; y++) {
    for (let x = 0; x < width; x++) {
      const under = y + 0.5 - (crest[x] ?? 0);
      const cover = Math.min(1, Math.max(0, under + 0.5));
      if (cover === 0) continue;
      const share = Math.min(1, Math.max(0, under / depth));
      const at = (y * width + x) * 3;
      for (let i = 0; i < 3; i++) {
        const colour = (atCrest[i] ?? 0) + ((below[i] ?? 0) - (atCrest[i] ?? 0)) * share;
        const old = colours[at + i] ?? 0;
        colours[at + i] = old + (colour - old) * cover;
      }
    }
  }
}

/** The picture as bytes, three to a pixel. */
export function toBytes({ colours }: Canvas): Uint8Array {
  const out = new Uint8Array(colours.length);
  for (let i = 0; i < out.length; i++) out[i] = (colours[i] ?? 0) * 255 + 0.5;
  return out;
}

function blend({ colours }: Canvas, at: number, colour: Rgb, alpha: number): void {
  for (let i = 0; i < 3; i++) {
    const old = colours[at + i] ?? 0;
    colours[at + i] = old + ((colour[i] ?? 0) - old) * alpha;
  }
}

/** Rises from 0 to 1 with gentle ends. */
function smooth(x: number): number {
  const clipped = Math.min(1, Math.max(0, x));
  return clipped * clipped * (3 - 2 * clipped);
}

function lowest(numbers: Float32Array): number {
  return numbers.reduce((least, n) => Math.min(least, n), Number.POSITIVE_INFINITY);
}
