// Reads what a request carries, with bounds: its path, its body, its key's place.
import { CallError } from '../core/errors.ts';
import type { MultipartForm } from '../wire/multipart.ts';
import { readMultipart } from '../wire/multipart.ts';
import type { WireBody } from '../wire/rendering.ts';
import type { BodyPlace } from './body-room.ts';
import { FREE_BYTES } from './body-room.ts';

/** The path of an absolute address, without parsing the rest: this runs for every request. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start < 0) return '/';
  const query = url.indexOf('?', start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** The query of an address. The rest is not parsed, for its host is whatever the client says, and may be no host. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}

/** Keys in addresses end up in logs and histories, so they are refused even where they would work. */
export function refuseKeyInQuery(url: string): void {
  const query = url.indexOf('?');
  if (query >= 0 && /[?&](?:key|api[-_]?key|access_token|token)=/i.test(url.slice(query)))
    throw new CallError('key_in_query');
}

/** Forms of many parts carry short texts; one of 28 MB took the parser 0.7 s, in which nothing else runs. */
const MULTIPART_BYTES_MAX = 4 * 1024 * 1024;

export type BodyBounds = {
  readonly maxBytes: number;
  /** Where the body lies while it is read and after that. */
  readonly place?: BodyPlace;
};

/** The body as text, whatever its declared type; and its files, on routes that take some. */
export async function readBody(request: Request, bounds: BodyBounds, takesFiles = false): Promise<WireBody> {
  const coding = request.headers.get('content-encoding');
  if (coding !== null && coding !== 'identity') throw new CallError('unsupported_encoding');
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > bounds.maxBytes) throw new CallError('body_too_large');
  const contentType = (request.headers.get('content-type') ?? '').trim();
  try {
    if (/^multipart\/form-data\b/i.test(contentType)) {
      if (takesFiles) return asForm(readMultipart(await gatherBytes(request, bounds), contentType));
      const maxBytes = Math.min(bounds.maxBytes, MULTIPART_BYTES_MAX);
      return await readTextForm(request, { ...bounds, maxBytes });
    }
    // What is small is read at once, which costs the least.
    const isSmall = length !== null && Number(length) <= FREE_BYTES;
    const text = isSmall ? await request.text() : (await gatherBytes(request, bounds)).toString('utf8');
    return {
      text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
      contentType,
    };
  } catch (thrown) {
    throw thrown instanceof CallError ? thrown : new CallError('client_closed');
  }
}

/** A multipart form as the plain form of its text fields, which the flat dialects read. Files are left out. */
async function readTextForm(request: Request, bounds: BodyBounds): Promise<WireBody> {
  const bytes = new Blob([await gatherBytes(request, bounds)]);
  const form = await new Response(bytes, { headers: { 'content-type': request.headers.get('content-type') ?? '' } })
    .formData()
    .catch(() => {
      throw new CallError('invalid_body', {
        message: 'The multipart form cannot be read.',
        messageRu: 'Форму multipart не удалось прочитать.',
      });
    });
  const fields = [...form.entries()].filter(([, value]) => typeof value === 'string');
  return asForm({ fields: fields as [string, string][] });
}

/** A form's fields may repeat, which no object could say; the pairs go on as a form that readers look through. */
function asForm({ fields, files }: Partial<MultipartForm>): WireBody {
  return {
    text: new URLSearchParams(fields).toString(),
    contentType: 'application/x-www-form-urlencoded',
    ...(files === undefined ? {} : { files }),
  };
}

/** What came, piece by piece, so that room is taken for what is there and not for what is announced. */
async function gatherBytes(request: Request, { maxBytes, place }: BodyBounds): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new CallError('body_too_large');
    place?.growTo(bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
