// Tells what went wrong from an error of Google's APIs, by status and by the error object inside. Source: the page on
// errors of the Gemini API. A wrong key and a place that is not served come as 400.
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { faultOfVendorStatus } from '../vendor-fault.ts';
import { objectOf, objectsOf } from '../vendor-json.ts';
import { publicMessage, readRetryAfter } from '../vendor-words.ts';

const OUR_ACCOUNT = /api key|API_KEY|user location|billing|permission|has not been used in project/i;

/** The customer's own faults, whose status is passed on. */
const REJECTED: readonly number[] = [400, 404, 409, 413, 422];

/** The failure that an HTTP answer with a status of 300 or more means. */
export function faultOfStatus(status: number, headers: Pick<Headers, 'get'>, text: string): CallError {
  return faultOf(status, readError(text), readRetryAfter(headers));
}

/** The failure that an error object inside a 200 answer or a stream means. */
export function faultOfErrorObject(value: unknown): CallError {
  const error = objectOf(value);
  const { code } = error;
  return faultOf(typeof code === 'number' && code >= 400 ? code : 500, error, undefined);
}

function faultOf(status: number, error: JsonObject, retryAfterS = retryDelayOf(error)): CallError {
  const message = typeof error['message'] === 'string' ? error['message'] : '';
  const word = typeof error['status'] === 'string' ? error['status'].slice(0, 40) : '';
  const detail = `provider answered ${status} ${word}`.trim();
  return faultOfVendorStatus(status, {
    detail,
    retryAfterS,
    isAboutOurAccount: status === 400 && OUR_ACCOUNT.test(`${message} ${JSON.stringify(error['details'] ?? '')}`),
    rejected: REJECTED,
    toRejection: () =>
      new CallError('upstream_rejected', {
        detail,
        status,
        ...(message === '' ? {} : { message: publicMessage(message) }),
      }),
  });
}

/** `{"@type": "…RetryInfo", "retryDelay": "17s"}` among the details. */
function retryDelayOf({ details }: JsonObject): number | undefined {
  const delay = objectsOf(details).find(({ retryDelay }) => typeof retryDelay === 'string')?.['retryDelay'];
  const seconds = Number.parseFloat(String(delay));
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(60, Math.ceil(seconds)) : undefined;
}

/** A stream's request that fails may be answered by a list with the error in it. */
function readError(text: string): JsonObject {
  try {
    const body: unknown = JSON.parse(text);
    return objectOf(objectOf(Array.isArray(body) ? body[0] : body)['error']);
  } catch {
    return {};
  }
}
