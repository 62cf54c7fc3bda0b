// Tells what went wrong from an Anthropic error, by status and by the error object inside. Source: the error table of
// Anthropic's API reference. What is about *our* account never reaches the customer, whatever status it has.
import { CallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import { faultOfVendorStatus } from '../vendor-fault.ts';
import { loggedWord, publicMessage, readRetryAfter } from '../vendor-words.ts';

/** An empty balance, a spend limit and a disabled organisation come as 400 or 429; only the words or a code tell. */
const OUR_ACCOUNT =
  /credit balance is too low|usage limits|spend.?limit|organization has been disabled|plans & billing|api key/i;

const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

/** The failure that an HTTP answer with a status of 300 or more means. */
export function faultOfStatus(status: number, headers: Pick<Headers, 'get'>, text: string): CallError {
  return faultOf(status, readError(text), readRetryAfter(headers), `provider answered ${status}`);
}

/** The failure that an error object inside a 200 answer or a stream means. */
export function faultOfErrorObject(value: unknown): CallError {
  const error = readErrorObject(value);
  return faultOf(STATUS_OF_TYPE[error.type ?? ''] ?? 500, error, undefined, 'provider sent an error object');
}

type VendorError = { readonly type?: string; readonly message?: string; readonly code?: string };

function faultOf(status: number, error: VendorError, retryAfterS: number | undefined, told: string): CallError {
  const detail = `${told} ${loggedWord(error.code, error.type) ?? ''}`.trim();
  return faultOfVendorStatus(status, {
    detail,
    retryAfterS,
    isAboutOurAccount: status < 500 && OUR_ACCOUNT.test(`${error.code ?? ''} ${error.message ?? ''}`),
    toRejection: () =>
      new CallError('upstream_rejected', {
        detail,
        status: status === 415 ? 400 : status,
        ...(error.message === undefined ? {} : { message: publicMessage(error.message) }),
      }),
  });
}

function readError(text: string): VendorError {
  try {
    const body: unknown = JSON.parse(text);
    return readErrorObject(isObject(body) ? body['error'] : undefined);
  } catch {
    return {};
  }
}

function readErrorObject(value: unknown): VendorError {
  if (!isObject(value)) return {};
  const { type, message, details } = value;
  const code = isObject(details) ? details['error_code'] : undefined;
  return {
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  };
}
