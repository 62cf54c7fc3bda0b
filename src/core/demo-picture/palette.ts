// Colours that go together. They are chosen and mixed in OKLab, where equal steps look equal, so that no gradient
// turns grey or muddy on its way from one hue to another.
import { between, type Random, wholeBetween } from './seeded-random.ts';

/** Red, green and blue of 0 to 1, with the usual gamma. */
export type Rgb = readonly [number, number, number];

/** Colours from one to another, `RAMP_SIZE` times three numbers. */
export type Ramp = Float32Array;

export type Palette = {
  /** From the top of the sky to the horizon. */
  readonly sky: Ramp;
  /** From the farthest wave to the nearest. */
  readonly waves: Ramp;
  readonly sun: Rgb;
  readonly spark: Rgb;
};

/** Enough that neighbours differ by less than a step of 8 bits. */
export const RAMP_SIZE = 512;

/** Lightness (0 to 1) and chroma (0 to about 0.3); the hue comes from the harmony. */
type Tone = readonly [lightness: number, chroma: number];
type Mood = {
  readonly zenith: Tone;
  readonly middle: Tone;
  readonly horizon: Tone;
  readonly far: Tone;
  readonly near: Tone;
  readonly sun: Tone;
};

/** Day, dusk, night and pastel. */
const MOODS: readonly Mood[] = [
  {
    zenith: [0.62, 0.13],
    middle: [0.8, 0.1],
    horizon: [0.94, 0.06],
    far: [0.82, 0.09],
    near: [0.34, 0.11],
    sun: [0.98, 0.06],
  },
  {
    zenith: [0.3, 0.12],
    middle: [0.55, 0.17],
    horizon: [0.84, 0.13],
    far: [0.62, 0.15],
    near: [0.18, 0.07],
    sun: [0.93, 0.11],
  },
  {
    zenith: [0.16, 0.06],
    middle: [0.3, 0.11],
    horizon: [0.6, 0.15],
    far: [0.42, 0.12],
    near: [0.1, 0.04],
    sun: [0.95, 0.04],
  },
  {
    zenith: [0.9, 0.05],
    middle: [0.93, 0.06],
    horizon: [0.88, 0.09],
    far: [0.78, 0.12],
    near: [0.45, 0.14],
    sun: [0.7, 0.18],
  },
];
/** Degrees from the first hue to the second and to the third. */
const HARMONIES = [
  [40, 80],
  [-35, -75],
  [60, 180],
  [150, 190],
  [-60, 150],
  [100, 30],
] as const;

export function choosePalette(random: Random): Palette {
  const mood = pick(MOODS, random);
  const [second, third] = pick(HARMONIES, random);
  const hue = between(random, 0, 360);
  return {
    sky: ramp([lab(mood.zenith, hue), lab(mood.middle, hue + second * 0.6), lab(mood.horizon, hue + second)]),
    waves: ramp([lab(mood.far, hue + second * 0.8), lab(mood.near, hue + third)]),
    sun: toRgb(lab(mood.sun, hue + second * 1.2)),
    spark: toRgb(lab([0.96, 0.05], hue + third)),
  };
}

/** The colour at `at`, 0 to 1, of a ramp. */
export function colourAt(colours: Ramp, at: number): Rgb {
  const i = Math.round(Math.min(1, Math.max(0, at)) * (RAMP_SIZE - 1)) * 3;
  return [colours[i] ?? 0, colours[i + 1] ?? 0, colours[i + 2] ?? 0];
}

/** Lightness and the two axes of colour. */
type Lab = readonly [number, number, number];

function lab([lightness, chroma]: Tone, hueDegrees: number): Lab {
  const hue = (hueDegrees * Math.PI) / 180;
  return [lightness, chroma * Math.cos(hue), chroma * Math.sin(hue)];
}

function ramp(stops: readonly Lab[]): Ramp {
  const out = new Float32Array(RAMP_SIZE * 3);
  for (let i = 0; i < RAMP_SIZE; i++) {
    const at = (i / (RAMP_SIZE - 1)) * (stops.length - 1);
    const [from, to] = [stops[Math.floor(at)] ?? BLACK, stops[Math.ceil(at)] ?? BLACK];
    const share = at - Math.floor(at);
    out.set(toRgb([mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)]), i * 3);
  }
  return out;
}

const BLACK: Lab = [0, 0, 0];

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** OKLab to sRGB by its author's published matrices (Björn Ottosson, 2020); what no screen can show is clipped. */
function toRgb([lightness, a, b]: Lab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  return clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
}

function pick<T>(choices: readonly T[], random: Random): T {
  const chosen = choices[wholeBetween(random, 0, choices.length - 1)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}
