// Anthropic's error object. Source: the error table of Anthropic's API reference.
import type { CallError } from '../../core/errors.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function errorBody(error: CallError): { readonly type: 'error'; readonly error: Record<string, string> } {
  const type = TYPES[error.status] ?? (error.status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message: error.text('en'), code: error.code } };
}
