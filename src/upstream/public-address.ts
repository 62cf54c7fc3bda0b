// Which addresses a customer may have us connect to: only those of the public internet, decided by their bytes, so that
// no spelling of an inner address gets through.

/** IPv4 networks that are not the public internet: inner, shared, link-local, test, multicast and reserved ones. */
const NOT_PUBLIC_4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/**
 * Networks within 2000::/3 that are not, or that carry an IPv4 address in them: protocol assignments with Teredo,
 * documentation, 6to4. All outside of 2000::/3 is refused: loopback, mapped IPv4, NAT64, private, link-local, multicast.
 */
const NOT_PUBLIC_6: readonly (readonly [network: readonly number[], bits: number])[] = [
  [[0x20, 0x01, 0x00, 0x00], 23],
  [[0x20, 0x01, 0x0d, 0xb8], 32],
  [[0x20, 0x02], 16],
  [[0x3f, 0xff, 0x00], 20],
];

/** @param address as a resolver gives it. Anything that cannot be read is not public. */
export function isPublicAddress(address: string): boolean {
  const four = bytesOf4(address);
  if (four !== undefined) return !NOT_PUBLIC_4.some(([network, bits]) => isWithin(four, bytesOf4(network) ?? [], bits));
  const six = bytesOf6(address);
  if (six === undefined || ((six[0] as number) & 0xe0) !== 0x20) return false;
  return !NOT_PUBLIC_6.some(([network, bits]) => isWithin(six, network, bits));
}

function isWithin(address: readonly number[], network: readonly number[], bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if (((address[bit >> 3] as number) & mask) !== ((network[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

/** Four decimal parts and nothing else. Zeros in front are refused: some readers take such a part for octal. */
function bytesOf4(text: string): number[] | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  const bytes = match?.slice(1).map(Number);
  return bytes?.every((byte) => byte <= 255) === true ? bytes : undefined;
}

/** A zone (`%eth0`) makes an address one of this machine's own networks, so it is not read. */
function bytesOf6(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.toLowerCase().split('::');
  if (more.length > 0) return undefined;
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...front, ...Array<number>(missing).fill(0), ...back];
}

/** Groups of hexadecimal digits, the last of which may be an IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const four = i === groups.length - 1 ? bytesOf4(group) : undefined;
    if (four !== undefined) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
