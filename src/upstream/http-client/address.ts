// Addresses as bytes: text has too many spellings to be judged.

/** The 4 or 16 bytes of an IP address as a resolver writes it, or `undefined` where it is none. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return v4Bytes(text);
  const [left = '', right, ...more] = (text.split('%')[0] as string).split('::');
  if (more.length > 0) return undefined;
  const head = v6Groups(left);
  const tail = right === undefined ? [] : v6Groups(right);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function v4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return Uint8Array.from(parts.map(Number));
}

/** Groups between colons; the last may be an IPv4 address. */
function v6Groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const v4 = i === groups.length - 1 ? v4Bytes(group) : undefined;
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}
