// Errors of addresses that belong to no dialect: OpenAI's error object, readable from any page.
import type { CallError } from '../core/errors.ts';
import { renderError } from '../wire/openai/errors.ts';

export function errorResponse(error: CallError, headers: Readonly<Record<string, string>> = {}): Response {
  const { status, body } = renderError(error);
  return Response.json(body, { status, headers: { 'access-control-allow-origin': '*', ...headers } });
}
