// What an operator is told of a failure, beyond what its client hears.
import { toCallError } from './errors.ts';

export function failureDetail(thrown: unknown): string {
  return toCallError(thrown).details.detail ?? String(thrown);
}
