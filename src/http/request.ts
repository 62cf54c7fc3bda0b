// Reads what a request carries, with bounds: its path, its body, its key's place.
import { CallError } from '../core/errors.ts';
import type { WireBody } from '../wire/rendering.ts';

/** The path of an absolute address, without parsing the rest: this runs for every request. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start < 0) return '/';
  const query = url.indexOf('?', start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** Keys in addresses end up in logs and histories, so they are refused even where they would work. */
export function refuseKeyInQuery(url: string): void {
  const query = url.indexOf('?');
  if (query >= 0 && /[?&](?:key|api[-_]?key|access_token|token)=/i.test(url.slice(query)))
    throw new CallError('key_in_query');
}

/** The body as text, whatever its declared type. The server itself ends longer bodies that declare no length. */
export async function readBody(request: Request, maxBytes: number): Promise<WireBody> {
  const coding = request.headers.get('content-encoding');
  if (coding !== null && coding !== 'identity') throw new CallError('unsupported_encoding');
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new CallError('body_too_large');
  try {
    const text = await request.text();
    return {
      text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
      contentType: request.headers.get('content-type') ?? '',
    };
  } catch {
    throw new CallError('client_closed');
  }
}
