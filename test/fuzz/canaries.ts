// Planted secrets: texts that stand nowhere else, and the search for them in whatever form they may have been written.

export type Canary = { readonly what: string; readonly text: string };
export type Sighting = { readonly what: string; readonly where: string; readonly around: string };

const AROUND_CHARS = 60;

/** A text that cannot come about by chance and that no pattern for secrets knows. */
export function canaryText(what: string): string {
  return `canary-${what}-${Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString('hex')}`;
}

/** Where bytes hold a canary: as it is, in UTF-16, in base64 at any of its three offsets, or in hexadecimal. */
export function findCanaries(canaries: readonly Canary[], bytes: Buffer, where: string): Sighting[] {
  return canaries.flatMap(({ what, text }) =>
    formsOf(text).flatMap((form) => {
      const at = bytes.indexOf(form);
      if (at < 0) return [];
      const around = bytes.subarray(Math.max(0, at - AROUND_CHARS), at + form.length + AROUND_CHARS);
      return [{ what, where, around: around.toString('latin1').replace(/[^\x20-\x7e]/g, '.') }];
    }),
  );
}

function formsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  return [
    bytes,
    Buffer.from(text, 'utf16le'),
    Buffer.from(bytes.toString('hex')),
    ...[0, 1, 2].map((offset) => base64Core(bytes, offset)),
  ];
}

/** The characters of base64 that depend on the text alone, when so many other bytes stand before it. */
function base64Core(bytes: Buffer, offset: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  return Buffer.from(encoded.slice(offset === 0 ? 0 : offset + 1, -2));
}
