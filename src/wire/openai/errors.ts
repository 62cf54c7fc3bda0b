// OpenAI's error object: all four fields present, `code` a string. Official SDKs choose their exception by status.
import type { CallError } from '../../core/errors.ts';
import { ERRORS } from '../../core/errors.ts';
import type { Rendered } from '../rendering.ts';

export function errorBody(error: CallError): unknown {
  return {
    error: {
      message: error.text('en'),
      type: ERRORS[error.code].type,
      param: error.details.param ?? null,
      code: error.code,
    },
  };
}

export function renderError(error: CallError): Rendered {
  return { status: error.status, body: errorBody(error) };
}
