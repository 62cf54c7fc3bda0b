// Serves finished pictures. The address is the permission to fetch one, so no key is asked for.
import { CallError } from '../core/errors.ts';
import type { KeptFile } from '../files/file-shelf.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { errorResponse } from './error-response.ts';

const CACHED_S_MAX = 3_600;

/** @param name the last part of the address. */
export async function serveFile(gateway: Gateway, request: Request, name: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return errorResponse(new CallError('method_not_allowed'), { allow: 'GET, HEAD' });
  let file: KeptFile | undefined;
  try {
    file = await gateway.files.find(name);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    gateway.report.alarm('file_not_read', { detail: String(code) });
    return errorResponse(new CallError('temporarily_unavailable'), { 'retry-after': '5' });
  }
  if (file === undefined)
    return errorResponse(new CallError('not_found', { message: 'The file does not exist or has expired.' }));
  const leftS = Math.floor(file.expiresAtS - gateway.clock.nowMs() / 1000);
  return new Response(file.body, {
    headers: {
      'content-type': file.contentType,
      'content-length': String(file.body.size),
      'cache-control': `private, max-age=${Math.max(0, Math.min(CACHED_S_MAX, leftS))}`,
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    },
  });
}
