// Plain tables for a terminal.

/** Columns are as wide as their widest cell; all but the first are numbers and stand to the right. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return ['', title, '', line(head), rule, ...rows.map(line), ''].join('\n');
}

export function fixed(value: number | undefined, digits = 1): string {
  return value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function times(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(2)}x`;
}

export function percent(value: number): string {
  return `${Math.round(value * 100)}%`;
}
