// Anthropic's error object. Source: the error table of Anthropic's API reference. Official clients choose their
// exception by status; the stable code is where they look for the vendor's own.
import type { CallError } from '../../core/errors.ts';
import type { Rendered } from '../rendering.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export type ErrorBody = {
  readonly type: 'error';
  readonly error: {
    readonly type: string;
    readonly message: string;
    readonly code: string;
    readonly details: { readonly error_code: string };
  };
  readonly request_id?: string;
};

export function errorBody(error: CallError, requestId?: string): ErrorBody {
  const status = statusOf(error);
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  const { code } = error;
  return {
    type: 'error',
    error: { type, message: error.text('en'), code, details: { error_code: code } },
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

export function renderError(error: CallError, { requestId }: { readonly requestId: string }): Rendered {
  return { status: statusOf(error), body: errorBody(error, requestId) };
}

/** An empty balance has a status of its own here, and the official clients do not try it again. */
function statusOf(error: CallError): number {
  return error.code === 'insufficient_quota' ? 402 : error.status;
}
