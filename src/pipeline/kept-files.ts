// Files that a vendor keeps for one chat. They are brought before it, one after another, and are asked to be deleted when
// the attempt is over, whatever ends it: a customer's picture must not lie in the operator's account there. The deleting
// is waited for by no call; one that fails is told to the operator, and so may be done by hand.
import type { ChatCall } from '../core/call.ts';
import type { CancelSignal } from '../core/cancellation.ts';
import { Cancellation } from '../core/cancellation.ts';
import { toCallError } from '../core/errors.ts';
import type { ChatFiles } from '../providers/provider.ts';
import type { Watch } from '../upstream/watch.ts';
import type { Gateway } from './gateway.ts';
import { runSteps } from './run-steps.ts';
import type { Remote } from './send.ts';

/** Ids of the call's files at the vendor, in their order. */
export async function keepFiles(
  gateway: Gateway,
  remote: Remote,
  files: ChatFiles,
  call: ChatCall,
  watch: Watch,
  signal: CancelSignal,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const file of files.of(call, remote.target)) {
    const id = await runSteps(gateway, remote, (to) => files.keep(file, to), watch, signal);
    watch.atEnd(() => gateway.asides.add(dropFile(gateway, remote, files, id)));
    ids.push(id);
  }
  return ids;
}

/** It is no part of the attempt, and has time limits of its own. */
async function dropFile(gateway: Gateway, remote: Remote, files: ChatFiles, id: string): Promise<void> {
  const signal = new Cancellation();
  const watch = gateway.watchdog.watch((error) => signal.abort(error));
  const read = () => ({ result: undefined });
  try {
    await runSteps(gateway, remote, (to) => ({ request: files.drop(id, to), read }), watch, signal);
  } catch (thrown) {
    const { code, details } = toCallError(signal.aborted ? signal.reason : thrown);
    const { providerName: provider } = remote.target;
    gateway.report.alarm('file_not_deleted', { provider, file: id, code, detail: details.detail });
  } finally {
    watch.end();
  }
}
