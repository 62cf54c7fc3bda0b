// What an operator is told of a failure, beyond what its client hears.
import type { CallError } from './errors.ts';
import { toCallError } from './errors.ts';

export function failureDetail(thrown: unknown): string {
  return toCallError(thrown).details.detail ?? String(thrown);
}

/** What failed, in the detail of a failure that comes of it. */
export function failureWords({ code, details }: CallError): string {
  return `${code} ${details.detail ?? ''}`.trim();
}
