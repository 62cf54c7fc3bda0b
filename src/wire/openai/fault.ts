// Tells what went wrong from a vendor's OpenAI-like error, by status and by the error object inside. A vendor's words
// are shown to the customer only where they are about the customer's own request, and then with care.
import { CallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import { faultOfVendorStatus } from '../vendor-fault.ts';
import { loggedWord, publicMessage, readRetryAfter } from '../vendor-words.ts';

/** Codes by which vendors say that *our* account has no money or that *our* key is wrong. */
const OUR_ACCOUNT = [
  'insufficient_quota',
  'billing_hard_limit_reached',
  'invalid_api_key',
  'account_deactivated',
  'access_terminated',
];

/** The failure that an HTTP answer with a status of 300 or more means. */
export function faultOfStatus(status: number, headers: Pick<Headers, 'get'>, text: string): CallError {
  const error = parseError(text);
  const detail = `provider answered ${status} ${loggedWord(error.code, error.type) ?? ''}`.trim();
  return faultOfVendorStatus(status, {
    detail,
    retryAfterS: readRetryAfter(headers),
    isAboutOurAccount: isAboutOurAccount(error),
    toRejection: () => rejected(error, status, detail),
  });
}

/** The failure that an error object inside a 200 answer or a stream means. */
export function faultOfErrorObject(value: unknown): CallError {
  const error = readErrorObject(value);
  const detail = `provider sent an error object: ${loggedWord(error.code, error.type) ?? 'no code'}`;
  if (isAboutOurAccount(error)) return new CallError('provider_unavailable', { detail });
  const word = `${error.code ?? ''} ${error.type ?? ''}`.toLowerCase();
  if (/rate_limit|429/.test(word)) return new CallError('upstream_rate_limited', { detail, retryAfterS: 5 });
  if (/overload|503|529|unavailable/.test(word))
    return new CallError('upstream_overloaded', { detail, retryAfterS: 5 });
  if (/invalid_request|context_length|400|content_filter|content_policy/.test(word))
    return rejected(error, 400, detail);
  return new CallError('upstream_error', { detail });
}

type VendorError = { message?: string; type?: string; code?: string; param?: string };

function rejected(error: VendorError, status: number, detail: string): CallError {
  if (/content_filter|content_policy|moderation/.test(error.code ?? ''))
    return new CallError('content_refused', { detail });
  return new CallError('upstream_rejected', {
    detail,
    status: status === 415 ? 400 : status,
    ...(error.param === undefined ? {} : { param: publicMessage(error.param) }),
    ...(error.message === undefined ? {} : { message: publicMessage(error.message) }),
  });
}

function isAboutOurAccount(error: VendorError): boolean {
  return OUR_ACCOUNT.includes(error.code ?? '') || OUR_ACCOUNT.includes(error.type ?? '');
}

function parseError(text: string): VendorError {
  try {
    const body: unknown = JSON.parse(text);
    return readErrorObject(isObject(body) ? (body['error'] ?? body) : body);
  } catch {
    return {};
  }
}

function readErrorObject(value: unknown): VendorError {
  if (typeof value === 'string') return { message: value };
  if (!isObject(value)) return {};
  const out: VendorError = {};
  for (const name of ['message', 'type', 'code', 'param'] as const) {
    const field = value[name];
    if (typeof field === 'string' || typeof field === 'number') out[name] = String(field);
  }
  return out;
}
