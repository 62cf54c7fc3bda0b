// Where a client is, as limits by address count it. Behind proxies the connection's own address is the last proxy's.

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}$/;

/**
 * @param connection the address at the other end of the connection.
 * @param forwarded the `X-Forwarded-For` header. Each proxy adds whom it was called by at its end, so that only as many
 * entries from the end as there are trusted proxies can be believed; what stands before them is the client's own say.
 */
export function clientAddress(connection: string, forwarded: string | null, trustedProxies: number): string {
  if (trustedProxies === 0 || forwarded === null) return subjectOf(connection);
  const named = forwarded.split(',').at(-trustedProxies)?.trim() ?? '';
  const subject = subjectOf(named);
  return IPV4.test(subject) || subject.endsWith('/64') ? subject : subjectOf(connection);
}

/** One subscriber has a whole /64 of IPv6 addresses, so that these count as one. IPv4 inside IPv6 is IPv4. */
function subjectOf(address: string): string {
  const bare = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (!IPV6.test(bare)) return bare;
  const [left = '', right = ''] = bare.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  const middle = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  const network = [...head, ...middle, ...tail].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
