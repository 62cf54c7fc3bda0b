// The shape of a customer's API key: `sk-tolmach-` + 32 characters of 160 random bits + 6 of checksum.
//
// The prefix lets people and secret scanners recognise a key. The checksum lets a mistyped key be refused without a
// look-up. It is no secret and proves nothing: only the HMAC of the whole key, kept in the store, does.

const PREFIX = 'sk-tolmach-';
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const RANDOM_BYTES = 20;
const CHECKSUM_CHARS = 6;
const PATTERN = /^sk-tolmach-[a-z2-7]{38}$/;

/** Makes a key from 20 random bytes. */
export function formatKey(random: Uint8Array): string {
  if (random.length !== RANDOM_BYTES) throw new RangeError(`a key needs ${RANDOM_BYTES} random bytes`);
  let bits = 0n;
  for (const byte of random) bits = (bits << 8n) | BigInt(byte);
  let body = '';
  for (let i = 31; i >= 0; i--) body += ALPHABET[Number((bits >> BigInt(i * 5)) & 31n)];
  return `${PREFIX}${body}${checksum(body)}`;
}

/** Whether text can be a key that this program made: cheap, no look-up. */
export function isWellFormedKey(text: string): boolean {
  if (!PATTERN.test(text)) return false;
  const body = text.slice(PREFIX.length, -CHECKSUM_CHARS);
  return checksum(body) === text.slice(-CHECKSUM_CHARS);
}

/** What may be shown of a key after it was made: its beginning and its last four characters. */
export function displayKey(key: string): string {
  return `${key.slice(0, PREFIX.length + 4)}…${key.slice(-4)}`;
}

/** FNV-1a over the characters, 30 bits of it. */
function checksum(body: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < body.length; i++) hash = Math.imul(hash ^ body.charCodeAt(i), 0x01000193) >>> 0;
  let out = '';
  for (let i = 0; i < CHECKSUM_CHARS; i++) out += ALPHABET[(hash >>> (i * 5)) & 31];
  return out;
}
