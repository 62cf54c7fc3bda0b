// How long a recording is, told from its bytes: exactly for plain WAV, and within bounds for everything compressed.

/** Speech below 16 kbit/s is hardly understood, so that no recording is longer than this makes it. */
const BYTES_A_SECOND_MIN = 2_000;
/** What compressed recordings usually have: 128 kbit/s. */
const BYTES_A_SECOND_USUAL = 16_000;
const WAV_HEAD_BYTES = 44;
const PCM = 1;
const FLOAT = 3;

/** The most seconds that a recording can have, and how many it has about; both whole, and at least one. */
export function secondsOf(bytes: Uint8Array): { readonly atMost: number; readonly about: number } {
  const exact = secondsOfWav(bytes);
  if (exact !== undefined) return { atMost: exact, about: exact };
  return { atMost: whole(bytes.length / BYTES_A_SECOND_MIN), about: whole(bytes.length / BYTES_A_SECOND_USUAL) };
}

/** From what a decoder would go by: rate, channels and width, and not from the sums that the head also names. */
function secondsOfWav(bytes: Uint8Array): number | undefined {
  if (bytes.length < WAV_HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWav =
    view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645 && view.getUint32(12) === 0x666d7420;
  const format = view.getUint16(20, true);
  if (!isWav || (format !== PCM && format !== FLOAT)) return undefined;
  const bytesASecond = (view.getUint32(24, true) * view.getUint16(22, true) * view.getUint16(34, true)) / 8;
  return bytesASecond < BYTES_A_SECOND_MIN ? undefined : whole((bytes.length - WAV_HEAD_BYTES) / bytesASecond);
}

function whole(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}
