// Ollama's errors: one text. Its clients show it, and know the status; the stable code stands beside it.
import type { CallError } from '../../core/errors.ts';
import type { Rendered } from '../rendering.ts';

export function errorBody(error: CallError): { readonly error: string; readonly code: string } {
  return { error: error.text('en'), code: error.code };
}

export function renderError(error: CallError): Rendered {
  return { status: error.status, body: errorBody(error) };
}
