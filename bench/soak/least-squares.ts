// A straight line through measured points, and how sure its slope is.

export type Line = {
  readonly slope: number;
  /** Half of the interval in which the slope lies in 95 of 100 cases, if the points scatter independently. */
  readonly slopeError: number;
  readonly mean: number;
};

export type Point = readonly [x: number, y: number];

export function fitLine(points: readonly Point[]): Line {
  const n = points.length;
  if (n < 3) throw new RangeError('a line with an error needs three points');
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0) / squares;
  const rest = points.reduce((sum, [x, y]) => sum + (y - mean - slope * (x - meanX)) ** 2, 0);
  return { slope, slopeError: 1.96 * Math.sqrt(rest / (n - 2) / squares), mean };
}
