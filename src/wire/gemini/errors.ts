// Google's error object: the HTTP status again as a number, its name in Google's own list, and details by type. The
// stable code is the reason.
import type { CallError } from '../../core/errors.ts';
import type { Rendered } from '../rendering.ts';

const STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
const TYPES = 'type.googleapis.com/google.rpc';

export function errorBody(error: CallError): { readonly error: Readonly<Record<string, unknown>> } {
  const { status: code, details } = error;
  const message = error.text('en');
  const status = STATUSES[code] ?? (code < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
  return {
    error: {
      code,
      message,
      status,
      details: [
        { '@type': `${TYPES}.ErrorInfo`, reason: error.code, domain: 'tolmach' },
        ...(details.param === undefined
          ? []
          : [{ '@type': `${TYPES}.BadRequest`, fieldViolations: [{ field: details.param, description: message }] }]),
        ...(details.retryAfterS === undefined || !error.retryable
          ? []
          : [{ '@type': `${TYPES}.RetryInfo`, retryDelay: `${details.retryAfterS}s` }]),
      ],
    },
  };
}

export function renderError(error: CallError): Rendered {
  return { status: error.status, body: errorBody(error) };
}
