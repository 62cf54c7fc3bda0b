// Work from the first target that does it, whole.
import { CallError } from '../core/errors.ts';
import type { WorkCalls, WorkKind, WorkResults } from '../core/work.ts';
import type { LocalWork, RemoteWork } from '../providers/provider.ts';
import { attempt } from './attempt.ts';
import type { Gateway } from './gateway.ts';
import type { HeldCall } from './held-call.ts';
import { runSteps } from './run-steps.ts';

export function attemptWork<K extends WorkKind>(
  gateway: Gateway,
  held: HeldCall,
  kind: K,
  call: WorkCalls[K],
): Promise<WorkResults[K]> {
  const { meter } = held.admission;
  return attempt(gateway, held, async ({ provider, target }, watch, signal) => {
    if (provider.kind === 'local') {
      watch.end();
      const work = provider.works?.[kind] as LocalWork<K> | undefined;
      if (work === undefined) throw cannot(kind);
      return work(call);
    }
    const work = provider.works?.[kind] as RemoteWork<K> | undefined;
    if (work === undefined) throw cannot(kind);
    const result = await runSteps(gateway, { provider, target }, (to) => work(call, to, meter), watch, signal);
    watch.end();
    return result;
  });
}

function cannot(kind: WorkKind): CallError {
  return new CallError('provider_unavailable', { detail: `the provider cannot do the work "${kind}"` });
}
